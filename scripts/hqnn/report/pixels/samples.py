"""What a table of pixels says of its scenes, and of what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import PARTS
from hqnn.data.pixels.layouts import layout_named
from hqnn.data.pixels.neighbourhood import candidate_names
from hqnn.data.pixels.summary import MANY_ZEROS, SceneSummary
from hqnn.report.chapter import Words, folded, shown
from hqnn.report.samples import ORDER, SampleNotes, part_counts, untested
from hqnn.report.tables import Cell, Table
from hqnn.store import open_table, read_attributes
from hqnn.wording import plural

NOUN = "pixel"
OVER = "blocks of pixels within scenes"
LEAKS = (
    "Train and test pixels were drawn at random from the same scenes, so what is tested lies beside what was trained "
    "on and looks like it: the scores say how well a scene is filled in, not how well a new place is classified. "
    "Spatial blocks (within.by: blocks) would be honest."
)
LOST = {
    "masked": "{} invalid in some band of some date",
    "skipped": "{} at which a sample was due are masked, or lie next to masked ones",
    "unlabelled": "{} where a sample was due had no label",
}


def pixel_notes(path: Path | None) -> SampleNotes:
    """Read what a table of pixels says.

    Args:
        path: what `hqnn.data.pixels.prepare.prepare_pixels` wrote; nothing is told where None.

    Raises:
        UserError: the file is missing or damaged.
    """
    if path is None:
        return SampleNotes(NOUN, OVER)
    with open_table(path) as file:
        about, scenes = read_attributes(file), _summaries(file["summary"])
    classes = about["classes"]
    total = np.sum([one.counts for one in scenes], axis=0)
    counts = {part: total[code].tolist() for code, part in enumerate(PARTS)}
    return SampleNotes(
        NOUN,
        OVER,
        (*([LEAKS] if about["leaks"] else []), *untested(classes, counts, NOUN), *_zeros(scenes)),
        (
            Words((_origin(about, scenes), _features(about), _parting(about, scenes), *_left_out(scenes))),
            shown(part_counts(classes, counts, NOUN)),
            folded(f"{plural(len(scenes), 'scene')}, one by one", _by_scene(scenes)) if len(scenes) > 1 else None,
        ),
    )


def _summaries(group: h5py.Group) -> list[SceneSummary]:
    columns = {
        name: group[name].asstr()[()] if h5py.check_string_dtype(group[name].dtype) else group[name][()]
        for name in SceneSummary.__dataclass_fields__
    }
    return [
        SceneSummary(**{name: _plain(values[place]) for name, values in columns.items()})
        for place in range(len(columns["name"]))
    ]


def _plain(value: NDArray[Any] | str) -> Any:
    return value if isinstance(value, str) else value.tolist()


def _origin(about: Mapping[str, Any], scenes: Sequence[SceneSummary]) -> str:
    stride = about["stride"]
    where = "every pixel" if stride == 1 else f"one every {stride} rows and columns"
    return (
        f"{plural(sum(one.samples for one in scenes), NOUN)} of {plural(len(scenes), 'scene')} of "
        f"{plural(about['dates'], 'date')} in {len(about['classes'])} classes, {where}."
    )


def _features(about: Mapping[str, Any]) -> str:
    layout, bands = layout_named(about["layout"], about["windows"]), about["bands"]
    kind = "principal components" if layout.reduction == "pca" else "features"
    whitened = ", whitened" if about["whiten"] else ""
    fit = {
        "train": "fitted once, on train pixels",
        "image": "fitted anew on every scene, those that are tested included",
    }[about["fit"]]
    return (
        f"Bands: {', '.join(map(str, bands))} ({len(bands)} of {len(about['band_names'])}). Layout "
        f"“{about['layout']}”: {about['components']} {kind}{whitened}, {fit}.{_chosen(about)}"
    )


def _chosen(about: Mapping[str, Any]) -> str:
    """Which features were chosen among many, the best first."""
    if not about["chosen"]:
        return ""
    candidates = len(candidate_names(about["bands"], about["dates"], about["windows"]))
    return f" Chosen among {candidates:,} by the classes of train pixels alone: {'; '.join(about['chosen'])}."


def _parting(about: Mapping[str, Any], scenes: Sequence[SceneSummary]) -> str:
    within = about["within"]
    kept = within["train_per_class"]
    few = (
        ""
        if kept is None
        else f" Of the train pixels of each class {f'{100 * kept:g} %' if kept < 1 else int(kept)} are kept."
    )
    if all(one.part for one in scenes):
        return f"Whole scenes are trained on or tested on.{few}"
    what = "Single pixels" if within["by"] == "random" else f"Blocks of {within['block']} × {within['block']} pixels"
    validation = f", {100 * within['validation']:g} % to validate on" if within["validation"] else ""
    return (
        f"{what} of a scene are dealt: {100 * within['train']:g} % to train on{validation}, the rest to test on.{few}"
    )


def _left_out(scenes: Sequence[SceneSummary]) -> list[str]:
    lost = {name: sum(getattr(one, name) for one in scenes) for name in LOST}
    said = [words.format(plural(lost[name], NOUN)) for name, words in LOST.items() if lost[name]]
    return [f"Left out: {'; '.join(said)}."] if said else []


def _zeros(scenes: Sequence[SceneSummary]) -> list[str]:
    found = [one for one in scenes if one.zeros > MANY_ZEROS * one.samples]
    if not found:
        return []
    most, names = max(one.zeros / one.samples for one in found), ", ".join(one.name for one in found)
    return [
        f"Up to {100 * most:.1f} % of the pixels of {names} are 0 in all bands of a date "
        "and were taken as valid; if 0 means nodata, tag the rasters with it."
    ]


def _by_scene(scenes: Sequence[SceneSummary]) -> Table:
    dealt = [{part: sum(one.counts[PARTS.index(part)]) for part in ORDER} for one in scenes]
    parts = [part for part in ORDER if any(counts[part] for counts in dealt)]
    losses = [name for name in (*LOST, "zeros") if any(getattr(one, name) for one in scenes)]
    rows = tuple(
        (
            Cell(one.name),
            *(Cell(f"{counts[part]:,}") for part in parts),
            *(Cell(f"{getattr(one, name):,}") for name in losses),
        )
        for one, counts in zip(scenes, dealt, strict=True)
    )
    return Table(
        "Samples of each part. Masked: pixels of the whole scene that are invalid in some band of some date; skipped: "
        "where a sample was due, but masked or next to what is"
        + ("; zeros: samples that are 0 in all bands of a date." if "zeros" in losses else "."),
        ("scene", *parts, *losses),
        rows,
        labels=1,
    )
