"""Images that do not get into a table, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

from hqnn.data.image_files import UnreadableImageError
from hqnn.data.photographs.duplicates import Match, Print
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

Unreadable = Literal["skip", "stop"]
CHOICES = ("skip", "stop")
KINDS = {"unreadable": "unreadable images", "exact": "exact duplicates", "near": "near duplicates"}
NAMED = 5  # in a line of the log


class Losses:
    """Decides which images are left out, and keeps their names.

    Attributes:
        dropped: `source` of each image that was left out, and `reason`.
        conflicts: `source` of each image that is like one of another class, and `like`, that one.

    Args:
        classes: names of the classes, label = index.
        unreadable: whether an image that cannot be read is left out or stops the run.
    """

    def __init__(self, classes: Sequence[str], unreadable: Unreadable) -> None:
        if unreadable not in CHOICES:
            raise UserError(f"unreadable {unreadable!r} is unknown{nearest(unreadable, CHOICES)}")
        self.classes = classes
        self.stop = unreadable == "stop"
        self.dropped: list[dict[str, str]] = []
        self.conflicts: list[dict[str, str]] = []

    def unreadable(self, name: str, error: UnreadableImageError) -> None:
        """Leave out an image that cannot be read.

        Raises:
            UnreadableImageError: the same, where the run is to stop.
        """
        if self.stop:
            raise error
        self.dropped.append({"source": name, "reason": f"unreadable: {error.reason}"})

    def keep(self, image: Print, matches: Sequence[Match]) -> bool:
        """Whether an image stays: it does where none of its likes has the same label."""
        for match in matches:
            if match.label == image.label:
                kind = "exact" if match.exact else "near"
                self.dropped.append({"source": image.name, "reason": f"{kind} duplicate of {match.name}"})
                return False
        for match in matches:
            self.conflicts.append({"source": image.name, "like": match.name})
        return True

    def say(self) -> None:
        """Warn of what was left out, and of images that stand in two classes."""
        for kind, what in KINDS.items():
            names = [loss["source"] for loss in self.dropped if loss["reason"].startswith(kind)]
            if names:
                log.warning("left out %d %s: %s", len(names), what, _some(names))
        if self.conflicts:
            pairs = [f"{conflict['source']} and {conflict['like']}" for conflict in self.conflicts]
            log.warning("%d images are in two classes; one label must be wrong, mend it: %s", len(pairs), _some(pairs))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more (attribute `dropped` or `conflicts` names all)"
    return ", ".join(names[:NAMED]) + (more if len(names) > NAMED else "")
