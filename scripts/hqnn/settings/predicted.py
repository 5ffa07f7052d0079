"""What a target of new data asks for: which data, and by which execution path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from hqnn.errors import UserError, nearest

EXACT = "exact"
NAMED = 5  # files beside one that is not there
SIMULATED, NATIVE = (EXACT, "shots"), ("noisy", "hardware")


@dataclass(frozen=True)
class NewData:
    """New data that are to be predicted.

    Attributes:
        name: what the config calls them.
        place: the file or folder where they lie.
        path: by which the model runs: exact, shots, noisy or hardware.
        backend: whose native circuit runs; empty where none does.
    """

    name: str
    place: str
    path: str
    backend: str


def read_target(asked: str, new: Mapping[str, str], *, has_circuit: bool) -> NewData:
    """Read the last part of a target ``.../predicted/<name>[-exact|-shots|-noisy-BACKEND|-hardware-BACKEND]``.

    Args:
        asked: that part.
        new: names of new data, and where they lie.
        has_circuit: whether the model has one; others run exactly alone.

    Raises:
        UserError: no data are called so, they do not exist, or the model does not run by such a path.
    """
    name, _, said = asked.partition("-")
    path, _, backend = said.partition("-")
    path = path or EXACT
    if not new:
        raise UserError(
            f"predicted/{asked} asks for new data but the config names none; say where they lie, such as "
            f"--config 'new={{{name}: FOLDER}}'"
        )
    if name not in new:
        raise UserError(f"config key 'new' has no {name!r}, which predicted/{asked} asks for{nearest(name, new)}")
    if path not in (*SIMULATED, *NATIVE):
        raise UserError(f"predicted/{asked} asks for the execution path {path!r}{nearest(path, (*SIMULATED, *NATIVE))}")
    if path in NATIVE and not backend:
        raise UserError(f"predicted/{asked} names no backend; write predicted/{name}-{path}-BACKEND")
    if path in SIMULATED and backend:
        raise UserError(f"predicted/{asked} names a backend, which the path {path!r} has not; write {name}-{path}")
    if path != EXACT and not has_circuit:
        raise UserError(
            f"predicted/{asked} asks for the path {path!r} of a model without a circuit; write predicted/{name}"
        )
    return NewData(name, _existing(name, new[name]), path, backend)


def _existing(name: str, place: str) -> str:
    path = Path(place)
    if path.exists():
        return place
    beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    alike = get_close_matches(path.name, beside, n=NAMED, cutoff=0.0)
    hint = nearest(path.name, alike) if alike else "; name your data"
    raise UserError(f"config key 'new.{name}' is {place!r}, which is no file and no folder{hint}")
