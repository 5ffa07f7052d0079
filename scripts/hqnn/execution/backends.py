"""Backends by name: every calibration that ships, or a file of the user's own."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hqnn import noise
from hqnn.errors import UserError, nearest
from hqnn.noise.calibration import from_calibration
from hqnn.noise.plain_files import read_plain
from hqnn.noise.snapshot import Snapshot, from_plain
from hqnn.noise.vendors import from_ibm_properties, is_ibm_properties, refuse_other_files

if TYPE_CHECKING:
    from hqnn.execution.snapshot_backend import SnapshotBackend

CALIBRATIONS = (Path(noise.__file__).parent / "calibrations").resolve()  # a link to resources, a folder where installed
WITHOUT_ERRORS = ", without errors"  # the end of the source of a calibration that is meant so
SUFFIXES = (".json", ".yaml", ".yml")

log = logging.getLogger(__name__)


def known_backends() -> tuple[str, ...]:
    """Names of the calibrations that ship, sorted."""
    return tuple(sorted(path.stem for path in CALIBRATIONS.iterdir() if path.suffix in SUFFIXES))


def calibration_file(name: str) -> Path:
    """The calibration of a backend.

    Args:
        name: of a calibration that ships, or the path of a JSON or YAML file: a snapshot, a calibration written by
            hand, or what ``backend.properties().to_dict()`` of IBM's packages gives.

    Raises:
        UserError: the name is not known, or there is no such file.
    """
    path = Path(name)
    if path.suffix.lower() in SUFFIXES:
        if not os.path.isfile(path):  # noqa: PTH113 - which takes names that are too long
            raise UserError(f"calibration file {name} does not exist; give its path or one of {_listed()}")
        return path
    if name not in known_backends():
        if os.path.exists(path):  # noqa: PTH110 - likewise
            raise UserError(f"{name} is no calibration file; give one that ends in {', '.join(SUFFIXES)}, or a name")
        raise UserError(f"backend {name!r} has no calibration{nearest(name, known_backends())}")
    return next(path for path in CALIBRATIONS.glob(f"{name}.*") if path.suffix in SUFFIXES)


def calibration_files(names: Iterable[str]) -> dict[str, Path]:
    """The calibrations of several backends, by what these are called in the paths of results: as their files.

    Files of the user's own are read, so that what is wrong with them is said before anything runs.

    Args:
        names: as `calibration_file`.

    Raises:
        UserError: as `snapshot`; or a file cannot be called so in paths, or as another one.
    """
    files: dict[str, Path] = {}
    for name in names:
        path = calibration_file(name)
        if not re.fullmatch(r"\w+", path.stem):
            raise UserError(f"backend {name} would be called {path.stem!r}; rename its file: letters, digits, _ alone")
        if path.stem in files:
            raise UserError(f"two backends are called {path.stem!r}; leave one out, or rename its file")
        if not _ships(path):
            snapshot(name)
        files[path.stem] = path
    return files


def snapshot(name: str) -> Snapshot:
    """A backend's calibration, called as its file, without importing any vendor's package.

    Args:
        name: as `calibration_file`.

    Raises:
        UserError: as `calibration_file`; the file is damaged, is something else, or holds impossible numbers.
    """
    path = calibration_file(name)
    return replace(_read(path), name=path.stem)


def backend(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> SnapshotBackend:
    """A Qiskit backend that transpiles and simulates like the machine.

    What is odd in a file of the user's own, and what layouts leave out, is warned of; of calibrations that ship it is
    known, and logged.

    Args:
        name: as `calibration_file`.
        options: of its noise, see `hqnn.noise.thermal.from_snapshot`.

    Raises:
        UserError: as `snapshot`, or a gate is not one of Qiskit's.
    """
    from hqnn.execution.snapshot_backend import SnapshotBackend
    from hqnn.noise.thermal import from_snapshot

    calibration = snapshot(name)
    is_known = _ships(calibration_file(name)) or calibration.source.endswith(WITHOUT_ERRORS)
    for remark in calibration.remarks:
        log.log(logging.INFO if is_known else logging.WARNING, "%s", remark)
    return SnapshotBackend(calibration, from_snapshot(calibration, **options))


def _read(path: Path) -> Snapshot:
    """A calibration in whichever way it is written."""
    plain, where = read_plain(path), str(path)
    if is_ibm_properties(plain):
        return from_ibm_properties(plain, where)
    refuse_other_files(plain, where)
    return from_plain(plain, where) if isinstance(plain.get("qubits"), dict) else from_calibration(plain, where)


def _ships(path: Path) -> bool:
    return path.resolve().parent == CALIBRATIONS.resolve()


def _listed() -> str:
    return ", ".join(known_backends())
