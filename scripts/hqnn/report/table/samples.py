"""What a table of rows says of its columns, of how rows are parted, and of what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import TEST, TRAIN
from hqnn.report.chapter import Words, shown
from hqnn.report.samples import SampleNotes, part_counts, untested
from hqnn.store import open_table, read_attributes, read_table
from hqnn.wording import plural

NOUN = "row"
GROUP = "group_"
NAMES = 6  # columns that are listed


@dataclass(frozen=True)
class Parted:
    """How the rows are parted for one seed.

    Attributes:
        parts: code of each row's, shape (rows,).
        about: what the table of the split says.
    """

    parts: NDArray[np.uint8]
    about: Mapping[str, Any]


def row_notes(path: Path | None, splits: Sequence[Path]) -> SampleNotes:
    """Read what a table of rows says.

    Args:
        path: what `hqnn.data.table.prepare.prepare_table` wrote; nothing is told where None.
        splits: what `write_table_split` wrote for one data set, a file a seed; likewise.

    Raises:
        UserError: a file is missing or damaged.
    """
    if path is None or not splits:
        return SampleNotes(NOUN, f"{NOUN}s")
    with open_table(path) as file:
        about = read_attributes(file)
        groups = {name.removeprefix(GROUP): file[name][()] for name in file if name.startswith(GROUP)}
    parted = [_read(split) for split in sorted(splits)]
    first, classes = parted[0].about, about["classes"]
    counts = {part: _padded(numbers, len(classes)) for part, numbers in first["counts"].items()}
    varied = len({str(one.about["counts"]) for one in parted}) > 1
    note = " Of the first seed; others differ a little." if varied else ""
    return SampleNotes(
        NOUN,
        "groups of rows" if first.get("group") else f"{NOUN}s",
        (*_on_both_sides(groups, parted[0].parts), *untested(classes, counts, NOUN)),
        (
            Words((_origin(about), _parting(first, len(parted)), *_left_out(about))),
            shown(part_counts(classes, counts, NOUN, note)),
        ),
    )


def _read(path: Path) -> Parted:
    columns, about = read_table(path, "split")
    return Parted(columns["split"], about)


def _padded(numbers: Sequence[int], classes: int) -> list[int]:
    """Counts of all classes; the last ones are left out where a part has none of them."""
    return [*numbers, *[0] * (classes - len(numbers))]


def _origin(about: Mapping[str, Any]) -> str:
    names, asked = about["feature_names"], about["columns"]
    listed = ", ".join(map(str, names if len(names) <= NAMES else [*names[: NAMES - 1], "…", names[-1]]))
    label = f" of column {asked['label']}" if asked["label"] else ""
    return (
        f"{plural(sum(about['counts'].values()), NOUN)} of {plural(len(names), 'column')} ({listed}) in "
        f"{len(about['classes'])} classes{label}. Scaler and principal components are fitted on train rows alone."
    )


def _parting(split: Mapping[str, Any], seeds: int) -> str:
    if split.get("own"):
        return "The table says itself which rows are for training and which for testing."
    anew = ", anew for each seed" if seeds > 1 else ""
    if split.get("group"):
        return f"Groups of {split['group']} are dealt as a whole{anew}, with the classes kept as alike as possible."
    return f"Rows are dealt at random{anew}, with the classes' shares of the whole in every part."


def _left_out(about: Mapping[str, Any]) -> Iterator[str]:
    lost = [f"{plural(count, NOUN)} ({reason})" for reason, count in about["left_out"].items() if count]
    if lost:
        yield f"Left out: {', '.join(lost)}."
    equal, other = about["repeated"]
    if equal:
        yield (
            f"{plural(equal, NOUN)} equal to an earlier one, {other} of them with another label; where such rows are "
            "trained and tested on, scores are too good."
        )


def _on_both_sides(groups: Mapping[str, NDArray[np.int64]], parts: NDArray[np.uint8]) -> Iterator[str]:
    """A sentence for each grouping that the split parts."""
    for name, codes in groups.items():
        both = np.intersect1d(codes[parts == TRAIN], codes[parts == TEST])
        if len(both):
            yield (
                f"Rows of {plural(len(both), 'group')} of {name} are trained on and tested on, so the scores are too "
                f"good for new ones; a split by {name} (splits: group) would be honest."
            )
