"""Embeddings by ansätze as a table and as a heat map, published figures beside where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from hqnn.circuits.names import CircuitName, parse_name
from hqnn.errors import UserError
from hqnn.metrics.table import POOLED
from hqnn.report.panels import Panels, svg
from hqnn.report.style import svg_panel
from hqnn.report.tables import DASH, Cell, Table, number, sentence_case
from hqnn.report.words import METRIC_NAMES
from hqnn.wording import plural

COLOURS = "Blues"
DARK, LIGHT = "#111111", "#fefefe"
SIZE = (4.5, 2.4)  # inches

Place = tuple[str, str]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Which number of every circuit is scored, of which samples, and what guessing would give."""

    metric: str
    sampling: str
    chance: float

    @classmethod
    def of(cls, metrics: pd.DataFrame, classes: int) -> Scored:
        """Accuracy, classes weighted equally, where there is such, as papers have it; else balanced accuracy."""
        drawn = "balanced" in set(metrics["sampling"])
        return cls("accuracy", "balanced", 0.5) if drawn else cls("balanced_accuracy", "all", 1 / classes)

    def words(self) -> str:
        """What it is."""
        return METRIC_NAMES[self.metric] + (", classes weighted equally" if self.sampling == "balanced" else "")


def grid_table(metrics: pd.DataFrame, classes: int = 2) -> Table:
    """Embeddings by ansätze, mean ± standard deviation over seeds; no rows where models do not span a grid.

    Args:
        metrics: the tidy table of one study and dataset.
        classes: how many the test samples have.
    """
    scored = Scored.of(metrics, classes)
    values = _values(metrics, scored)
    rows, columns = _sides(values)
    if len(rows) < 2 or len(columns) < 2:
        return Table("", (), (), 1)
    lines = [(Cell(row), *(_cell(values.get((row, column)), scored) for column in columns)) for row in rows]
    return Table(_caption(values, scored), ("embedding", *columns), tuple(lines), labels=1)


def grid_panels(metrics: pd.DataFrame, classes: int = 2) -> Panels:
    """Ours and the published heat map; no images where models do not span a grid; arguments as `grid_table`."""
    table = grid_table(metrics, classes)
    if not table.rows:
        return Panels((), "")
    scored = Scored.of(metrics, classes)
    images = [
        svg(svg_panel(f"grid-{name}", draw, SIZE), f"heat map, {name}")
        for name, draw in _drawings(_values(metrics, scored), scored).items()
    ]
    scale = "; both maps have one scale" if len(images) > 1 else ""
    return Panels(tuple(images), f"Colour: {METRIC_NAMES[scored.metric]} from chance to the best{scale}.")


def _values(metrics: pd.DataFrame, scored: Scored) -> dict[Place, pd.DataFrame]:
    """Rows of every circuit, one a seed, by embedding and ansatz."""
    rows = metrics[
        (metrics["metric"] == scored.metric)
        & (metrics["sampling"] == scored.sampling)
        & (metrics["group"] == POOLED)
        & (metrics["path"] == "exact")
        & (metrics["phase"] == "ideal")
    ]
    found = {}
    for model, own in rows.groupby("model", sort=False):
        name = _parsed(str(model))
        if name is not None:
            found[name.embedding.replace("_", " "), _ansatz(name)] = own
    return found


def _parsed(model: str) -> CircuitName | None:
    with suppress(UserError):  # a classical reference has no circuit
        return parse_name(model)
    return None


def _ansatz(name: CircuitName) -> str:
    options = [*(f"{key} {value}" for key, value in name.options), *(["re-uploaded"] if name.reupload else [])]
    return ", ".join([f"{name.ansatz.replace('_', ' ')} ×{name.layers}", *options])


def _sides(values: Mapping[Place, pd.DataFrame]) -> tuple[list[str], list[str]]:
    """Embeddings and ansätze, by name and number of layers."""
    return sorted({row for row, _ in values}), sorted({column for _, column in values})


def _cell(rows: pd.DataFrame | None, scored: Scored) -> Cell:
    if rows is None:
        return Cell(DASH)
    published = rows["published"].dropna()
    return Cell(
        number(rows["value"].mean(), scored.metric),
        number(rows["value"].std(ddof=0), scored.metric) if len(rows) > 1 else "",
        number(published.iloc[0], scored.metric) if len(published) else "",
    )


def _caption(values: Mapping[Place, pd.DataFrame], scored: Scored) -> str:
    rows = pd.concat(values.values())
    marked = " ● marks a published figure." if rows["published"].notna().any() else ""
    return (
        f"{sentence_case(scored.words())}, without noise, of {plural(int(rows['samples'].max()), 'test sample')}; mean "
        f"± standard deviation over {plural(rows['seed'].nunique(), 'seed')}.{marked}"
    )


def _drawings(values: Mapping[Place, pd.DataFrame], scored: Scored) -> dict[str, Callable[[Axes], None]]:
    """Ours, and the published where there is any, on one scale."""
    rows, columns = _sides(values)
    cells = [[_cell(values.get((row, column)), scored) for column in columns] for row in rows]
    ours, theirs = (_means(values, column) for column in ("value", "published"))
    known = np.concatenate([ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]])
    scale = Normalize(scored.chance, float(known.max(initial=scored.chance)))

    def drawing(title: str, numbers: Floats, words: list[list[str]]) -> Callable[[Axes], None]:
        return lambda axes: _heat_map(axes, title, (rows, columns), numbers, words, scale)

    said = [[f"{cell.text}\n± {cell.spread}" if cell.spread else cell.text for cell in line] for line in cells]
    found = {"ours": drawing("Ours", ours, said)}
    if np.isfinite(theirs).any():
        found["published"] = drawing(
            "● Published", theirs, [[cell.published or DASH for cell in line] for line in cells]
        )
    return found


def _means(values: Mapping[Place, pd.DataFrame], of: str) -> Floats:
    """One column's means over seeds, NaN where there is none."""
    rows, columns = _sides(values)
    nothing = pd.DataFrame({of: [np.nan]})
    return np.array([[values.get((row, column), nothing)[of].mean() for column in columns] for row in rows])


def _heat_map(
    axes: Axes,
    title: str,
    sides: tuple[list[str], list[str]],
    numbers: Floats,
    words: list[list[str]],
    scale: Normalize,
) -> None:
    rows, columns = sides
    axes.pcolormesh(np.ma.masked_invalid(numbers), cmap=COLOURS, norm=scale, edgecolor="white", linewidth=1.5)
    for (y, x), value in np.ndenumerate(numbers):
        colour = LIGHT if np.isfinite(value) and scale(value) > 0.55 else DARK
        axes.text(x + 0.5, y + 0.5, words[y][x], color=colour, size=8, ha="center", va="center")
    axes.set_xticks(np.arange(len(columns)) + 0.5, [c.replace(" ×", "\n×").replace(" ", "\n", 1) for c in columns])
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.invert_yaxis()
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(title)
