"""Settings that a search chose, as a file that training reads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hqnn.errors import UserError, plain

PARTS = ("training", "options", "circuit", "parameters")
CURE = "delete it, so that the search goes on from its trials"


@dataclass(frozen=True)
class Chosen:
    """What takes the place of a study's own settings; nothing where nothing was searched.

    Attributes:
        training: keys of `hqnn.settings.fitting.Training`.
        options: of the architecture.
        circuit: its ``name``.
        parameters: of a baseline.
        about: what a model trained so says of it: ``tuned``, with the number of trials and the file's digest.
    """

    training: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    circuit: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def read_chosen(files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None) -> Chosen:
    """Read chosen settings.

    Args:
        files: one, or none.

    Raises:
        UserError: the file is missing or damaged.
    """
    paths = [files] if isinstance(files, str | os.PathLike) else list(files or ())
    if not paths:
        return Chosen()
    said = read_settings_file(paths[0])
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return Chosen(
        **{part: said["chosen"][part] for part in PARTS}, about={"tuned": {"trials": said["trials"], "digest": digest}}
    )


def read_settings_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """All that a file of chosen settings says.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        said: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        missing = {"chosen", "trials"} - said.keys() or set(PARTS) - said["chosen"].keys()
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"{path} holds no settings that a search chose ({plain(error)}); {CURE}") from error
    if missing:
        raise UserError(f"{path} does not say its {min(missing)!r}; {CURE}")
    return said
