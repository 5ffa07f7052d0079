"""Images that do not get into a table, and why; and what was assumed of those that do."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from hqnn.data.opening import UnreadableImageError
from hqnn.errors import UserError, nearest
from hqnn.wording import plural, some

log = logging.getLogger(__name__)

Unreadable = Literal["skip", "stop"]
CHOICES = ("skip", "stop")
LOUD = 1 / 20  # of a class's images; where more are left out, the class is named
DARK = 1 / 4  # of the greatest number there can be; where all images stay below, something is wrong with their scale
NOUNS = {"unreadable": "unreadable image", "exact": "exact duplicate", "near": "near duplicate"}
STORED = " (attribute `dropped` names all)"


class Losses:
    """Decides which images are left out, and keeps their names.

    Attributes:
        dropped: `source` of each image that was left out, and `reason`.
        conflicts: `source` of each image that is like one of another class, and `like`, that one.
        remarks: what was assumed, such as ``with transparent pixels: ...``, to the number of images.

    Args:
        classes: names of the classes, label = index.
        unreadable: whether an image that cannot be read is left out or stops the run.

    Raises:
        UserError: `unreadable` is neither.
    """

    def __init__(self, classes: Sequence[str], unreadable: Unreadable) -> None:
        self.classes = classes
        self.stop = stops(unreadable)
        self.dropped: list[dict[str, str]] = []
        self.conflicts: list[dict[str, str]] = []
        self.remarks: Counter[str] = Counter()
        self._lost: dict[str, Counter[str]] = {kind: Counter() for kind in NOUNS}

    def unreadable(self, name: str, label: int | None, error: UnreadableImageError) -> None:
        """Leave out an image that cannot be read; its label is None where it would have been cut into several.

        Raises:
            UnreadableImageError: the same, where the run is to stop.
        """
        if self.stop:
            raise error
        self._drop(name, label, "unreadable", error.reason)

    def duplicate(self, name: str, label: int, like: str, *, exact: bool) -> None:
        """Leave out an image that is like an earlier one of its class."""
        kind = "exact" if exact else "near"
        self._drop(name, label, kind, like)

    def conflict(self, name: str, like: str) -> None:
        """Remember an image that is like an earlier one of another class; both stay."""
        self.conflicts.append({"source": name, "like": like})

    def lost(self, kind: str) -> int:
        """How many images were left out as `unreadable`, or as `exact` or `near` duplicates."""
        return self._lost[kind].total()

    @property
    def attributes(self) -> dict[str, Any]:
        """What a table says of them: `dropped`, `conflicts` and `remarks`."""
        return {"dropped": self.dropped, "conflicts": self.conflicts, "remarks": dict(self.remarks)}

    def check(self, root: Path, counts: Mapping[str, int]) -> None:
        """See that no class is left without images.

        Raises:
            UserError: one is.
        """
        for name, count in counts.items():
            if not count:
                gone = ", ".join(plural(own[name], NOUNS[kind]) for kind, own in self._lost.items() if own[name])
                why = f" but {gone}" if gone else ""
                raise UserError(f"{root} gives no image of class {name!r}{why}; add some, or leave that class out")

    def say(self, root: Path, counts: Mapping[str, int]) -> None:
        """Warn of what was left out, of what was assumed, and of images that stand in two classes.

        Args:
            root: the folder.
            counts: class to number of its images that stay.
        """
        before = {name: count + sum(own[name] for own in self._lost.values()) for name, count in counts.items()}
        for kind, noun in NOUNS.items():
            lost = [loss for loss in self.dropped if loss["reason"].startswith(kind)]
            names = [f"{loss['source']}{_why(loss['reason'])}" for loss in lost]
            if names:
                shares = _shares(self._lost[kind], before)
                log.warning("%s: left out %s, %s: %s", root, plural(len(names), noun), shares, some(names, STORED))
        for remark, number in self.remarks.items():
            log.warning("%s: %s %s", root, plural(number, "image"), remark)
        if self.conflicts:
            pairs = [f"{conflict['source']} and {conflict['like']}" for conflict in self.conflicts]
            log.warning(
                "%s: %s in two classes at once; one label must be wrong, mend it: %s",
                root, plural(len(pairs), "image"), some(pairs, " (attribute `conflicts` names all)"),
            )  # fmt: skip

    def _drop(self, name: str, label: int | None, kind: str, what: str) -> None:
        reason = f"{kind}: {what}" if kind == "unreadable" else f"{kind} duplicate of {what}"
        self.dropped.append({"source": name, "reason": reason})
        self._lost[kind]["" if label is None else self.classes[label]] += 1


def stops(unreadable: str) -> bool:
    """Whether an image that cannot be read stops the run.

    Raises:
        UserError: the word is neither `stop` nor `skip`.
    """
    if unreadable not in CHOICES:
        raise UserError(f"unreadable {unreadable!r} is unknown{nearest(unreadable, CHOICES)}")
    return unreadable == "stop"


def named_where_many(lost: Mapping[str, int], before: Mapping[str, int]) -> list[str]:
    """``4 of 34 of b`` for each class that lost more than `LOUD`."""
    return [
        f"{lost[name]:,} of {total:,} of {name}" for name, total in before.items() if lost.get(name, 0) > LOUD * total
    ]


def warn_of_darkness(root: Path, brightest: int) -> None:
    """Say loudly where the brightest number of all 8-bit images is low: they may hold fewer bits, or no brightness."""
    if 0 < brightest < DARK * 255:
        log.warning(
            "%s: no image is brighter than %d of 255: all are nearly black to a net; scale them to 0 to 255, and "
            "check that they hold brightness, not numbers of classes",
            root, brightest,
        )  # fmt: skip


def warn_of_untested(root: Path, classes: Sequence[str], tested: Iterable[int]) -> None:
    """Say loudly which classes have no test image.

    Args:
        root: the folder.
        classes: names.
        tested: labels of the test images.
    """
    present = set(tested)
    absent = [name for label, name in enumerate(classes) if label not in present]
    if absent:
        log.warning(
            "%s: %s without any test image, of which no score says anything: %s; add images of it",
            root, plural(len(absent), "class"), some(absent),
        )  # fmt: skip


def _why(reason: str) -> str:
    """Why an image cannot be read, in brackets; nothing of a duplicate."""
    _, colon, why = reason.partition("unreadable: ")
    return f" ({why})" if colon else ""


def _shares(lost: Mapping[str, int], before: Mapping[str, int]) -> str:
    total, all_of_them = sum(lost.values()), max(sum(before.values()), 1)
    return "; ".join([f"{100 * total / all_of_them:.1f} % of all", *some_classes(named_where_many(lost, before))])


def some_classes(said: Sequence[str]) -> list[str]:
    """What is said of classes as one clause, or none."""
    return [some(said)] if said else []
