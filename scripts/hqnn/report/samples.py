"""What the page says of the table of samples that everything was trained and tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.report.chapter import Block
from hqnn.report.tables import Cell, Table

ORDER = ("train", "validation", "test", "unused")


@dataclass(frozen=True)
class SampleNotes:
    """What a table of samples says of itself.

    Attributes:
        noun: what one sample is.
        intervals_over: what the bootstrap draws, in the plural.
        warnings: what a reader must know before any number, a sentence each.
        blocks: of the page.
    """

    noun: str
    intervals_over: str
    warnings: tuple[str, ...] = ()
    blocks: tuple[Block | None, ...] = ()


def file_named(name: str, artefacts: Iterable[Path]) -> Path | None:
    """The first file of a name."""
    return next((path for path in sorted(artefacts) if path.name == name), None)


def part_counts(classes: Sequence[str], counts: Mapping[str, Sequence[int]], noun: str, note: str = "") -> Table:
    """How many samples of each class every part has; parts without any are left out.

    Args:
        classes: names.
        counts: part to numbers, shape (classes,).
        noun: what one sample is.
        note: what else the caption says.
    """
    parts = [part for part in ORDER if sum(counts.get(part, ()))]
    columns = [[*counts[part], sum(counts[part])] for part in parts]
    rows = tuple(
        (Cell(name), *(Cell(f"{number:,}") for number in (*numbers, sum(numbers))))
        for name, *numbers in zip((*classes, "all"), *columns, strict=True)
    )
    return Table(f"Numbers of {noun}s.{note}", ("class", *parts, "together"), rows, labels=1)


def untested(classes: Sequence[str], counts: Mapping[str, Sequence[int]], noun: str) -> list[str]:
    """A sentence that names the classes without test samples; arguments as `part_counts`."""
    absent = [name for name, number in zip(classes, counts["test"], strict=True) if not number]
    return [f"No test {noun} is of class {', '.join(absent)}: no score says anything of it."] if absent else []
