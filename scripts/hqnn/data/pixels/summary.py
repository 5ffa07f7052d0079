"""What scenes gave to a table of samples, and what is wrong with that."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import PARTS, TEST, TRAIN, VALIDATION
from hqnn.data.pixels.scene import PLACEHOLDERS
from hqnn.errors import UserError

log = logging.getLogger(__name__)

MANY_ZEROS = 0.01  # of the samples; more may be nodata that no tag names


@dataclass(frozen=True)
class SceneSummary:
    """What a scene gave.

    Attributes:
        name: of the scene.
        part: train, validation or test; empty where its samples were dealt.
        counts: samples in the table, of each part and class, shape (parts, classes).
        masked: pixels of the whole scene that are invalid in some band of some date.
        skipped: pixels on the stride that gave no sample, being masked or, where a layout needs it, beside such.
        unlabelled: valid pixels on the stride without a label.
        zeros: samples that are 0 in all bands of some date.
        suspect: samples that hold 65535, -9999 or -32768 in some band.
    """

    name: str
    part: str
    counts: tuple[tuple[int, ...], ...]
    masked: int = 0
    skipped: int = 0
    unlabelled: int = 0
    zeros: int = 0
    suspect: int = 0

    @property
    def classes(self) -> tuple[int, ...]:
        """Samples of each class."""
        return tuple(map(sum, zip(*self.counts, strict=True)))

    @property
    def samples(self) -> int:
        """All of them."""
        return sum(self.classes)

    def report(self, classes: Sequence[str]) -> None:
        """Log what it gave and warn of what is missing."""
        named = ", ".join(f"{count} {name}" for name, count in zip(classes, self.classes, strict=True))
        log.info("%s: %d samples (%s)", self.name, self.samples, named)
        if self.masked:
            log.warning("%s: %d pixels are masked (nodata, a mask, NaN or outside one date)", self.name, self.masked)
        if self.unlabelled:
            log.warning("%s: %d valid pixels on the stride have no label and are left out", self.name, self.unlabelled)
        if self.zeros > MANY_ZEROS * self.samples:
            log.warning(
                "%s: %.1f %% of the samples are 0 in all bands of a date and taken as valid; if 0 means nodata, tag "
                "the rasters with it",
                self.name,
                100 * self.zeros / self.samples,
            )
        if self.suspect:
            log.warning(
                "%s: %d samples hold %s in some band and are taken as valid; if that means nodata or saturated, tag "
                "the rasters with it",
                self.name,
                self.suspect,
                ", ".join(map(str, PLACEHOLDERS[1:])),
            )


def write_summaries(group: h5py.Group, summaries: Sequence[SceneSummary]) -> None:
    """Write a dataset an attribute of a summary, first axis the scenes; attributes of a file hold 64 kB at most."""
    for name in SceneSummary.__dataclass_fields__:
        group[name] = [getattr(one, name) for one in summaries]


def check_classes(summaries: Sequence[SceneSummary], classes: Sequence[str]) -> None:
    """Warn of classes with hardly a sample.

    Raises:
        UserError: a class is to be validated or tested on but not to be trained on.
    """
    counts: NDArray[np.int64] = np.array([one.counts for one in summaries])
    total = counts.sum(axis=0)
    seen = total[TRAIN] > 0
    for label, name in enumerate(classes):
        for code in (TEST, VALIDATION):
            where = [one.name for one, own in zip(summaries, counts, strict=True) if own[code, label]]
            if where and not seen[label]:
                raise UserError(
                    f"class {name!r} has {PARTS[code]} samples (in {', '.join(where)}) but no train sample; give a "
                    "scene that has it to train, make train larger, or take the class out of the labels"
                )
        if total[:, label].sum() < 2:
            log.warning("class %s has %d samples in all scenes", name, total[:, label].sum())
        elif total[TEST].any() and not total[TEST, label]:
            log.warning("class %s has no test sample", name)
