"""The picture of a map: the scene, what was predicted, and where labels are, how both agree."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hqnn.data.pixels.scene import UNLABELLED
from hqnn.report.style import PALETTE, STYLE, png

HIT, FALSE_ALARM, MISS = "#009e73", "#d55e00", "#0072b2"  # of two classes
RIGHT, WRONG = "#a6d5c3", "#ff2d2d"  # of more
FIRST, SECOND = "#dcdde1", "#1c1d20"  # two classes
NOTHING = "#ffffff"
STRETCH = (2, 98)
WIDTH = 9.0  # inches
COLUMNS, OF_FOUR = 3, 2  # panels in a row
SLIMMEST, TALLEST = 0.15, 3.0  # height of a panel over its width
DPI = 130
DATES_SHOWN = 4  # of more, the first and the last
LISTED = 16  # classes of a key
ONE_COLUMN = 8  # lines of a key; more stand in two columns
LONGEST, SHORT = 30, 14  # letters of a name, in one column and in two
GOLDEN = 0.618034  # of a turn: hues that follow each other are far apart

Panels = list[tuple[NDArray[Any], str]]  # image and title
Agreement = list[tuple[str, str, NDArray[np.bool_]]]  # colour, word, and where
Key = list[tuple[str, str]]  # colour and words


@dataclass(frozen=True)
class SceneMap:
    """What a model says of a scene.

    Attributes:
        classes: names.
        predicted: numbers of classes, `UNLABELLED` where nothing is said, shape (rows, columns).
        probability: of the second of two classes, else of the predicted one; NaN where nothing is said, same shape.
    """

    classes: tuple[str, ...]
    predicted: NDArray[np.uint8]
    probability: NDArray[Any]

    @classmethod
    def of_two(cls, classes: tuple[str, str], probability: NDArray[Any], threshold: float = 0.5) -> SceneMap:
        """The map of two classes that the probability of the second makes, predicted above a threshold."""
        known = np.isfinite(probability)
        said = np.where(known, np.where(known, probability, 0) > threshold, UNLABELLED)
        return cls(classes, said.astype(np.uint8), probability)


def map_panel(dates: Sequence[NDArray[Any]], found: SceneMap, truth: NDArray[np.uint8] | None = None) -> bytes:
    """Show a scene: each date in false colour, and the map; where there are labels these, and where both agree.

    Of two classes the probability of the second is shown, and errors as hits, false alarms and misses of it; of more,
    the likeliest class and its probability, and right and wrong.

    Args:
        dates: three bands of each date to be shown as red, green and blue, shape (rows, columns, 3), any unit; all are
            stretched alike, band by band, between their 2 and 98 % percentiles.
        found: the map.
        truth: numbers of classes, `UNLABELLED` where none is known; None where there are no labels.

    Returns:
        PNG of panels, three a row at most, and the key to them.
    """
    colours = class_colours(len(found.classes))
    shown, titles = _dates(dates)
    before, after = list(zip(shown, titles, strict=True)), []
    key = _class_key(found, colours)
    if truth is not None:
        before.append((_coloured(truth, colours), "truth"))
        agreement = _agreement(found, truth)
        after.append((_flagged(0.55 + 0.45 * shown[-1].mean(axis=2), agreement), "predicted against truth"))
        key += [(colour, f"{word}: {int(where.sum()):,} pixels") for colour, word, where in agreement]
    if truth is None or len(found.classes) > 2:
        before.append((_coloured(found.predicted, colours), "predicted"))
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        return _drawn(before, found, after, key)


def class_colours(classes: int) -> tuple[str, ...]:
    """A colour for each class."""
    if classes == 2:
        return FIRST, SECOND
    more = (colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.55 + 0.3 * (number % 2), 0.85) for number in range(classes))
    return (*PALETTE, *map(mpl.colors.to_hex, more))[:classes]


def _drawn(before: Panels, found: SceneMap, after: Panels, key: Key) -> bytes:
    """Panels, the probability, more panels, and the key."""
    rows, columns = found.predicted.shape
    count = len(before) + len(after) + 2
    across = OF_FOUR if count == OF_FOUR**2 else COLUMNS
    lines = math.ceil(count / across)
    slope = min(max(rows / columns, SLIMMEST), TALLEST)
    figure = Figure(figsize=(WIDTH * across / COLUMNS, lines * (0.25 + WIDTH / COLUMNS * slope)), layout="constrained")
    axes = figure.subplots(lines, across, squeeze=False).ravel().tolist()
    for one in axes:
        one.set_axis_off()
    places = iter(axes)
    for image, title in before:
        _show(next(places), image, title)
    of_what = _short(found.classes[1]) if len(found.classes) == 2 else "the predicted class"
    shown = _show_probability(next(places), found, f"probability of {of_what}")
    for image, title in after:
        _show(next(places), image, title)
    last = next(places)
    _draw_key(last, key)
    bar = figure.colorbar(shown, cax=last.inset_axes((0.04, 0.12, 0.8, 0.05)), orientation="horizontal")
    bar.outline.set_visible(False)
    bar.ax.set_xlabel(f"probability of {of_what}", fontsize=9, parse_math=False)
    return png(figure, DPI)


def _show(axes: Axes, image: NDArray[Any], title: str, **options: Any) -> Any:
    axes.set_title(title, fontweight="normal", parse_math=False)
    return axes.imshow(image, interpolation="nearest", **options)


def _show_probability(axes: Axes, found: SceneMap, title: str) -> Any:
    known = found.probability[np.isfinite(found.probability)]
    if len(found.classes) == 2:
        reach = max(float(np.abs(known - 0.5).max(initial=0.0)), 0.01)
        return _show(axes, found.probability, title, cmap="PuOr_r", vmin=0.5 - reach, vmax=0.5 + reach)
    low = 1 / len(found.classes)
    high = max(float(known.max(initial=0.0)), low + 0.01)
    return _show(axes, found.probability, title, cmap="viridis", vmin=low, vmax=high)


def _dates(given: Sequence[NDArray[Any]]) -> tuple[list[NDArray[Any]], list[str]]:
    """The dates that are shown, and what they are called."""
    numbers = range(len(given)) if len(given) <= DATES_SHOWN else (0, len(given) - 1)
    names = ["false colour"] if len(given) == 1 else [f"date {number + 1}, false colour" for number in numbers]
    return _stretched([given[number] for number in numbers]), names


def _stretched(images: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    together = np.concatenate([image.reshape(-1, 3) for image in images]).astype(float)
    if not np.isfinite(together).any():
        return [np.zeros(image.shape) for image in images]
    low, high = np.nanpercentile(together, STRETCH, axis=0)
    return [np.clip((np.nan_to_num(i) - low) / np.maximum(high - low, 1e-12), 0, 1) for i in images]


def _coloured(numbers: NDArray[np.uint8], colours: Sequence[str]) -> NDArray[Any]:
    """Numbers of classes as colours, `NOTHING` where there is none."""
    table = np.array([mpl.colors.to_rgb(NOTHING)] * (UNLABELLED + 1))
    table[: len(colours)] = [mpl.colors.to_rgb(colour) for colour in colours]
    return np.asarray(table[numbers])


def _flagged(grey: NDArray[Any], flags: Agreement) -> NDArray[Any]:
    image = np.repeat(grey[..., None], 3, axis=2)
    for colour, _, where in flags:
        image[where] = mpl.colors.to_rgb(colour)
    return image


def _agreement(found: SceneMap, truth: NDArray[np.uint8]) -> Agreement:
    """Where the map is right and where not."""
    known = (truth != UNLABELLED) & (found.predicted != UNLABELLED)
    if len(found.classes) > 2:
        right = found.predicted == truth
        return [(RIGHT, "right", known & right), (WRONG, "wrong", known & ~right)]
    is_second, said = known & (truth == 1), known & (found.predicted == 1)
    return [
        (HIT, "hit", is_second & said),
        (FALSE_ALARM, "false alarm", said & ~is_second),
        (MISS, "miss", is_second & ~said),
    ]


def _class_key(found: SceneMap, colours: Sequence[str]) -> Key:
    """Names of the classes and their shares; of many, the most frequent ones."""
    counts = np.bincount(found.predicted[found.predicted != UNLABELLED], minlength=len(found.classes))
    total = max(1, int(counts.sum()))
    chosen = sorted(np.argsort(-counts, kind="stable")[:LISTED].tolist())
    most = LONGEST if len(chosen) <= ONE_COLUMN else SHORT
    key = [(colours[c], f"{_short(found.classes[c], most)}: {100 * counts[c] / total:.1f} %") for c in chosen]
    left = len(found.classes) - len(chosen)
    return [*key, (NOTHING, f"and {left} more classes")] if left else key


def _draw_key(axes: Axes, key: Key) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_title("shares of what is predicted", fontsize=9, fontweight="normal")
    columns = 1 if len(key) <= ONE_COLUMN else 2
    lines = math.ceil(len(key) / columns)
    step, size = min(0.11, 0.72 / lines), 9.0 if columns == 1 else 7.0
    for number, (colour, words) in enumerate(key):
        column, line = divmod(number, lines)
        left, middle = 0.04 + 0.52 * column, 0.97 - (line + 0.5) * step
        place = (left, middle - 0.35 * step)
        axes.add_patch(Rectangle(place, 0.07, 0.7 * step, facecolor=colour, edgecolor="#8a8d95", lw=0.4))
        text = axes.text(left + 0.09, middle, words, va="center", fontsize=size, parse_math=False)
        text.set_in_layout(False)  # however long a name, panels stay as wide as each other


def _short(name: str, most: int = LONGEST) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
