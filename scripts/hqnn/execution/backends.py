"""Backends by name: every calibration that ships, or a file of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hqnn.errors import UserError, nearest
from hqnn.noise.calibration import read_calibration
from hqnn.noise.snapshot import Snapshot, read_snapshot

if TYPE_CHECKING:
    from hqnn.execution.snapshot_backend import SnapshotBackend

CALIBRATIONS = Path(__file__).parents[3] / "resources" / "calibrations"
READERS = {".json": read_snapshot, ".yaml": read_calibration, ".yml": read_calibration}


def known_backends() -> tuple[str, ...]:
    """Names of the calibrations that ship, sorted."""
    return tuple(sorted(path.stem for path in CALIBRATIONS.iterdir() if path.suffix in READERS))


def calibration_file(name: str) -> Path:
    """The calibration of a backend.

    Args:
        name: of a calibration that ships, or the path of a file: ``.json`` a snapshot, ``.yaml`` one written by hand.

    Raises:
        UserError: the name is not known, or there is no such file.
    """
    if Path(name).suffix in READERS:
        path = Path(name)
        if not path.is_file():
            raise UserError(f"calibration file {name} does not exist; give its path or one of {_listed()}")
        return path
    if name not in known_backends():
        raise UserError(f"backend {name!r} has no calibration{nearest(name, known_backends())}")
    return next(path for path in CALIBRATIONS.glob(f"{name}.*") if path.suffix in READERS)


def calibration_files(names: Iterable[str]) -> dict[str, Path]:
    """The calibrations of several backends, by what these are called in the paths of results: as their files.

    Args:
        names: as `calibration_file`.

    Raises:
        UserError: as `calibration_file`; or a file cannot be called so in paths, or as another one.
    """
    files: dict[str, Path] = {}
    for name in names:
        path = calibration_file(name)
        if not re.fullmatch(r"\w+", path.stem):
            raise UserError(f"backend {name} would be called {path.stem!r}; rename its file: letters, digits, _ alone")
        if path.stem in files:
            raise UserError(f"two backends are called {path.stem!r}; leave one out, or rename its file")
        files[path.stem] = path
    return files


def snapshot(name: str) -> Snapshot:
    """A backend's calibration, called as its file, without importing any vendor's package.

    Args:
        name: as `calibration_file`.

    Raises:
        UserError: as `calibration_file`, or the file holds impossible numbers.
    """
    path = calibration_file(name)
    return replace(READERS[path.suffix](path), name=path.stem)


def backend(name: str) -> SnapshotBackend:
    """A Qiskit backend that transpiles and simulates like the machine.

    Args:
        name: as `calibration_file`.

    Raises:
        UserError: as `snapshot`, or a gate is not one of Qiskit's.
    """
    from hqnn.execution.snapshot_backend import SnapshotBackend

    return SnapshotBackend(snapshot(name))


def _listed() -> str:
    return ", ".join(known_backends())
