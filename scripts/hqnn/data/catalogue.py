"""Public data sets: where their files lie, what they must hash to, and what their owners allow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

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


class Masked(_Entry):
    """Where large images and their masks lie in what is unpacked.

    Attributes:
        images: pattern of their files, such as `*/photos/*.jpg`.
        masks: pattern of theirs; each is called as its image is.
        value: grey of the pixels that show what is looked for; all others do not.
    """

    images: str
    masks: str
    value: Annotated[int, Field(ge=0, le=255)]


class Dataset(_Entry):
    """One data set.

    Attributes:
        title: what it is.
        page: of its owner.
        licence: in the owner's words.
        citation: how to cite it.
        by_hand: why no program can fetch it; empty where one can.
        files: to download.
        classes: class to the pattern of its folder in what is unpacked; empty where the set stays as it comes.
        masked: of a set of large images with masks.
    """

    title: str
    page: str
    licence: str
    citation: str
    by_hand: str = ""
    files: tuple[RemoteFile, ...] = ()
    classes: dict[str, str] = {}
    masked: Masked | None = None


def read_dataset(path: str | os.PathLike[str], name: str) -> Dataset:
    """Look up a data set that can be fetched in a catalogue.

    Args:
        path: of the YAML file.
        name: of the data set.

    Raises:
        UserError: the catalogue cannot be read or has no such data set, or that has to be fetched by hand.
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
    entry = entries[name]
    if entry.by_hand:
        raise UserError(
            f"{path}: {name!r} has to be fetched by hand ({entry.by_hand}); get it from {entry.page} and name its "
            "folder with data: {source: path, path: FOLDER}, or choose another set"
        )
    return entry
