"""Backends by name: every calibration that ships, or a file of the user's own."""

from __future__ import annotations

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


def snapshot(name: str) -> Snapshot:
    """A backend's calibration, without importing any vendor's package.

    Args:
        name: as `calibration_file`.

    Raises:
        UserError: as `calibration_file`, or the file holds impossible numbers.
    """
    path = calibration_file(name)
    return READERS[path.suffix](path)


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
