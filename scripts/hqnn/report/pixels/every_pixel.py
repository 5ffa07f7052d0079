"""What the page says of scores on every pixel of the test scenes, and of published ones beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from hqnn.data.pixels.oscd_files import OFFICIAL
from hqnn.metrics.table import POOLED
from hqnn.metrics.thresholds import EVERY_PIXEL
from hqnn.report.captions import over_seeds
from hqnn.report.chapter import Block, Material, Words, shown
from hqnn.report.tables import Cell, Table, compared, entry, labelled, number, tested
from hqnn.report.words import metric_name
from hqnn.wording import plural

SHOWN = ("f1", "precision", "recall", "iou")
CHOSEN = ("train_f1", "threshold")
RULE = (
    "All labelled pixels of every test scene, not samples of them. A pixel counts as {positive} from a threshold of "
    "its probability on; each model's is that of greatest F1 on all pixels of the train scenes, of test scenes none is "
    "looked at."
)


def every_pixel_blocks(material: Material, classes: Sequence[str]) -> Iterator[Block | None]:
    """Blocks of the section; none where models were not scored so.

    Args:
        material: of one data set.
        classes: names of the two.
    """
    rows = material.metrics[material.metrics["sampling"] == EVERY_PIXEL]
    if rows.empty:
        return
    theirs = material.published[material.published["sampling"] == EVERY_PIXEL]
    scenes = sorted(set(rows["group"]) - {POOLED})
    said = [RULE.format(positive=classes[1])]
    yield Words((*said, *([official_sentence(scenes)] if len(theirs) else [])))
    yield shown(_pooled(rows, scenes, theirs))
    if len(scenes) > 1:
        yield shown(_by_scene(rows, scenes), "F1 by scene")


def official_sentence(scenes: Sequence[str]) -> str:
    """Which of OSCD's official test cities were scored."""
    there = [city for city in OFFICIAL["test"] if city in scenes]
    missing = [city for city in OFFICIAL["test"] if city not in scenes]
    others = [scene for scene in scenes if scene not in there]
    said = f"Of the {len(OFFICIAL['test'])} official test cities of OSCD, {len(there)} were scored"
    said += f" ({', '.join(there)})" if there else ""
    said += f"; {', '.join(missing)} were not there, so that published scores are of other pixels" if missing else ""
    return f"{said}{'; also scored: ' + ', '.join(others) if others else ''}."


def _pooled(rows: pd.DataFrame, scenes: Sequence[str], theirs: pd.DataFrame) -> Table:
    """Models by scores of all scenes together; published ones below, with their settings."""
    columns = (*SHOWN, *CHOSEN)
    pooled = tested(rows, EVERY_PIXEL)
    runs = dict(iter(pooled.groupby("model")))
    cells = compared(list(runs.values()), columns)
    pixels = int(pooled["samples"].max())
    caption = (
        f"{pixels:,} pixels of {plural(len(scenes), 'test scene')} together, exact path. {over_seeds(pooled)}. F1 on "
        "train scenes is that of the threshold that was chosen there."
    )
    table = labelled(
        [(model,) for model in runs],
        cells,
        ("F1", "precision", "recall", "IoU", "F1, train\nscenes", "threshold"),
        caption,
    )
    published = tuple(_published_row(figure, columns) for figure in theirs.to_dict("records"))
    notes = "".join(f" ● {figure.model}: {figure.note} ({figure.source})." for figure in theirs.itertuples())
    return Table(table.caption + notes, table.head, table.rows + published, table.labels)


def _published_row(figure: dict[str, object], columns: Sequence[str]) -> tuple[Cell, ...]:
    value, metric = float(str(figure["value"])), str(figure["metric"])
    cells = (Cell("", published=number(value, metric)) if name == metric else Cell("") for name in columns)
    return (Cell(str(figure["model"])), *cells)


def _by_scene(rows: pd.DataFrame, scenes: Sequence[str]) -> Table:
    groups = [*scenes, POOLED]
    models = rows["model"].unique()
    grouped = dict(iter(rows.groupby(["model", "group"])))
    cells = [[entry(grouped[model, group], "f1") for group in groups] for model in models]
    counts = rows.groupby("group")["samples"].max()
    head = [f"{group}\n{counts[group]:,}" for group in groups]
    return labelled(
        [(model,) for model in models],
        cells,
        head,
        f"{metric_name('f1')} at each model's threshold; below each scene its pixels.",
    )
