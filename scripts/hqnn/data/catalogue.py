"""Public data sets: where their files lie, what they must hash to, and what their owners allow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hqnn.errors import UserError, nearest

Checksum = Annotated[
    str, Field(pattern=r"^(unknown|md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}|sha256_start:[0-9a-f]{8,63})$")
]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RemoteFile(_Entry):
    """One file to download.

    Attributes:
        name: that it gets here.
        urls: addresses of the same bytes, tried in this order.
        checksum: `sha256:` or `md5:` and digits, `sha256_start:` and the first of them, or `unknown`.
        unpack: whether it is an archive whose content is wanted.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    checksum: Checksum
    unpack: bool = False


class Dataset(_Entry):
    """One data set.

    Attributes:
        title: what it is.
        page: of its owner.
        licence: in the owner's words.
        citation: how to cite it.
        access: `by_hand` where there is no address that a program may fetch.
        files: to download.
    """

    title: str
    page: str
    licence: str
    citation: str
    access: Literal["direct", "by_hand"]
    files: tuple[RemoteFile, ...] = ()


def read_dataset(path: str | os.PathLike[str], name: str) -> Dataset:
    """Look up a data set in a catalogue.

    Args:
        path: of the YAML file.
        name: of the data set.

    Raises:
        UserError: the catalogue cannot be read or has no such data set.
    """
    try:
        entries = TypeAdapter(dict[str, Dataset]).validate_python(
            yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        )
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as a catalogue of data sets ({reason}); restore it") from error
    if name not in entries:
        raise UserError(f"{path} has no data set {name!r}{nearest(name, entries)}")
    return entries[name]
