"""Points of a curve, computed one after the other: a job that was killed goes on at the next one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from hqnn.partials import remove_partials
from hqnn.store import file_digest
from hqnn.training.checkpoints import Checkpoint, resume

Files: TypeAlias = Sequence[str | os.PathLike[str]]


def compute_points(
    points: Sequence[Callable[[], pd.DataFrame]], checkpoint: Checkpoint, *, files: Files, said: Any
) -> list[pd.DataFrame]:
    """Compute points one after the other; those that an earlier job like this one left in the checkpoint are taken.

    Args:
        points: each gives its rows of the tidy table, the same whether or not those before it were computed here.
        checkpoint: written after every point, as often as it says.
        files: whose contents the points depend on.
        said: all else that they depend on, as JSON can say it.

    Returns:
        The rows of each point.
    """
    curve = _Curve(points, files, said)
    write = resume(curve, checkpoint)
    for point in points[len(curve.found) :]:
        curve.add(point())
        write(len(curve.found) == len(points))
    remove_partials(checkpoint.path)
    return curve.found


class _Curve:
    """How far a curve is; arguments are those of `compute_points`."""

    def __init__(self, points: Sequence[Callable[[], pd.DataFrame]], files: Files, said: Any) -> None:
        self.found: list[pd.DataFrame] = []
        self._texts: list[str] = []  # of the points so far, which are written again and again
        self._points, self._files, self._said = len(points), files, said

    @property
    def done(self) -> str:
        """The points so far, in words."""
        return f"{len(self.found)} of {self._points} points"

    def digest(self, code: str) -> str:
        """All that the points depend on."""
        contents = {file: file_digest(file) for file in set(self._files)}
        known = [[contents[file] for file in self._files], self._said, code]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def add(self, table: pd.DataFrame) -> None:
        """One more point is done."""
        self.found.append(table)
        self._texts.append(json.dumps(table.to_dict("list")))

    def state(self) -> dict[str, Any]:
        """The rows of the points so far."""
        return {"points": self._texts}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the points of a curve like this one."""
        self._texts = list(state["points"])
        self.found = [pd.DataFrame(json.loads(text)) for text in self._texts]
