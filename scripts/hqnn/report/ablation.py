"""Why the device differs: figure, table and two sentences, all from the numbers of `hqnn.execution.ablation`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hqnn.errors import UserError, plain
from hqnn.execution.ablation import COLUMNS, NOISES
from hqnn.report.panels import Image, Panels
from hqnn.report.points import Points
from hqnn.report.style import INK, STYLE, Mark, inline_svg, marks, png, svg_panel
from hqnn.report.tables import Cell, Table, markdown, number
from hqnn.report.words import METRIC_NAMES
from hqnn.store import whole_file, write_text
from hqnn.wording import plural

SOURCES = ("untrained", "trained")
NOISE_NAMES = {
    "none": "no noise",
    "relaxation": "relaxation alone",
    "depolarizing": "depolarising alone",
    "readout": "readout alone",
    "all": "all noise",
}
DRAWN = ("sureness", "imbalance_normalised", "accuracy", "confidence")
SHOWN = {
    **{metric: METRIC_NAMES[metric] for metric in (*DRAWN[:2], "accuracy", "confidence", "confidence_std")},
    "expectation_mean": "mean ⟨Z⟩",
    "expectation_std": "std ⟨Z⟩",
}
EXACT = ("none", 0)

Setting = tuple[str, int]


@dataclass(frozen=True)
class Step:
    """One published number on the simulator and on the device."""

    simulator: float
    device: float

    @property
    def size(self) -> float:
        """From the simulator to the device."""
        return self.device - self.simulator


@dataclass(frozen=True)
class Explanation:
    """What a page shows of one model on one backend.

    Attributes:
        dataset: whose test samples.
        model: its name.
        backend: its name.
        panels: the figures.
        marks: of the two sources of weights, for a legend.
        table: settings by metrics.
        answers: a sentence on sureness and one on imbalance.
    """

    dataset: str
    model: str
    backend: str
    panels: Panels
    marks: dict[str, Mark]
    table: Table
    answers: tuple[str, str]


def explain(path: Path, published: pd.DataFrame | None = None) -> Explanation:
    """Read one ablation and say what it says.

    Args:
        path: CSV file of `hqnn.execution.ablation.write_ablation`.
        published: figures as `hqnn.metrics.published.read_published` gives them.

    Raises:
        UserError: the file is missing or has other columns.
    """
    scores = read_ablation(path)
    model, backend = str(scores["model"].iloc[0]), str(scores["backend"].iloc[0])
    steps = {} if published is None else published_steps(published, model)
    rows = _balanced(scores)
    of_source = marks(SOURCES)
    drawn = [
        svg_panel(f"ablation-{model}-{backend}-{metric}", _drawing(rows, metric, of_source, steps), size=(3.7, 3.3))
        for metric in DRAWN
    ]
    images = [
        Image(Markup(inline_svg(image, f"{METRIC_NAMES[metric]} by noise on {backend}")))  # noqa: S704 - escaped there
        for metric, image in zip(DRAWN, drawn, strict=True)
    ]
    return Explanation(
        dataset=str(scores["dataset"].iloc[0]),
        model=model,
        backend=backend,
        panels=Panels(tuple(images), _caption(rows, model, backend, steps), SOURCES),
        marks=of_source,
        table=settings_table(rows),
        answers=(sureness_answer(rows, steps.get("sureness")), imbalance_answer(rows, steps.get("imbalance"))),
    )


def write_explanation(figure: Path, answers: Path, *, ablation: Path, published: pd.DataFrame) -> None:
    """Write the figure of one ablation as PNG, and its sentences and table as Markdown."""
    told = explain(ablation, published)
    rows = _balanced(read_ablation(ablation))
    steps = published_steps(published, told.model)
    with mpl.rc_context(STYLE):
        canvas = Figure(figsize=(8.6, 7), layout="constrained")
        for axes, metric in zip(canvas.subplots(2, 2).flat, DRAWN, strict=True):
            _drawing(rows, metric, told.marks, steps)(axes)
        handles = [
            mpl.lines.Line2D([], [], color=mark.colour, marker="o", linestyle="none") for mark in told.marks.values()
        ]
        canvas.legend(handles, list(told.marks), loc="outside upper right", ncols=2, frameon=False)
        canvas.suptitle(f"{told.model} on {told.backend}", x=0.01, ha="left", fontsize=10)
        image = png(canvas, dpi=150)
    with whole_file(figure) as partial:
        partial.write_bytes(image)
    write_text(answers, "\n\n".join((*told.answers, markdown(told.table), told.panels.caption)) + "\n")


def read_ablation(path: Path) -> pd.DataFrame:
    """Read an ablation.

    Raises:
        UserError: the file is missing or has other columns.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table ({plain(error)}); run rule explain_device again") from error
    if tuple(table.columns) != COLUMNS:
        raise UserError(f"{path} has the columns {', '.join(table.columns)}; run rule explain_device again")
    return table


def published_steps(published: pd.DataFrame, model: str) -> dict[str, Step]:
    """The study's sureness and imbalance on the simulator and on the device; what it did not print is left out.

    The study's n0 and n1 count right answers of each class: n0 + n1 is accuracy times samples. On class-balanced
    samples the share predicted as no change minus that predicted as change is ``2 (n0 - n1) / samples``, and turning
    the labels around, as the study did afterwards, does not change it.
    """
    own = published[published["model"] == model]
    ran = {
        "simulator": own[own["phase"].str.startswith("device") & (own["path"] == "exact")],
        "device": own[own["path"].str.startswith("hardware")],
    }
    seen = {where: dict(zip(rows["metric"], rows["value"], strict=True)) for where, rows in ran.items()}
    found = {}
    if all("sureness" in figures for figures in seen.values()):
        found["sureness"] = Step(**{where: figures["sureness"] for where, figures in seen.items()})
    if all({"accuracy", "imbalance_no_change", "imbalance_change"} <= figures.keys() for figures in seen.values()):
        found["imbalance"] = Step(**{where: _published_imbalance(figures) for where, figures in seen.items()})
    return found


def sureness_answer(rows: pd.DataFrame, step: Step | None) -> str:
    """Whether noise raises sureness, in one sentence.

    Args:
        rows: of an ablation, class-balanced.
        step: what was published, or None.
    """
    metric = "sureness"
    mean = _shifts(rows, metric).groupby(level=["noise", "shots"]).mean()
    change = {setting: number(shift, metric, sign=True) for setting, shift in mean.items()}
    rise = mean.drop("none", level="noise").max()
    verdict = "does not raise" if rise <= 0 else "raises"
    sampled = sorted(n for noise, n in mean.index if noise == "none" and n)
    shots = ", ".join(f"{change['none', n]} ({n:,})" for n in sampled)
    return (
        f"Noise {verdict} sureness: on average relaxation alone changes it by {change['relaxation', 0]}, depolarising "
        f"alone by {change['depolarizing', 0]}, readout error alone by {change['readout', 0]} and all together by "
        f"{change['all', 0]}, few shots alone by {shots}; {_other_weights(rows, metric, step)}."
    )


def imbalance_answer(rows: pd.DataFrame, step: Step | None) -> str:
    """Whether relaxation causes the imbalance, in one sentence; arguments as `sureness_answer`."""
    metric = "imbalance_normalised"
    most = _shifts(rows, metric).abs().groupby(level=["noise", "shots"]).max()
    bar = _spread(rows, metric) if step is None else abs(step.size)
    limits = {setting: number(shift, metric) for setting, shift in most.items()}
    verdict = "can be" if most["relaxation", 0] >= bar else "is not"
    return (
        f"Relaxation {verdict} the cause of the imbalance: it alone moves "
        f"imbalance / samples by {limits['relaxation', 0]} at most, whatever the weights, depolarising alone by "
        f"{limits['depolarizing', 0]}, readout error alone by {limits['readout', 0]} and all together by "
        f"{limits['all', 0]}; {_other_weights(rows, metric, step)}."
    )


def settings_table(rows: pd.DataFrame) -> Table:
    """Weights and settings by metrics, mean ± standard deviation over seeds and draws; arguments as the answers."""
    grouped = {key: own["value"] for key, own in rows.groupby(["source", "noise", "shots", "metric"])}
    lines = []
    for source in SOURCES:
        for setting in _settings(rows):
            numbers = [grouped[source, *setting, metric] for metric in SHOWN]
            cells = [
                Cell(number(values.mean(), metric), number(values.std(ddof=0), metric))
                for values, metric in zip(numbers, SHOWN, strict=True)
            ]
            lines.append((Cell(source), Cell(_setting_name(setting)), *cells))
    return Table(
        caption="Both classes weighted equally, ⟨Z⟩ over samples as they are; mean ± standard deviation over "
        f"{_counts(rows)}.",
        head=("quantum weights", "setting", *SHOWN.values()),
        rows=tuple(lines),
        labels=2,
    )


def _balanced(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[(scores["sampling"] == "balanced") | scores["metric"].str.startswith("expectation")]


def _published_imbalance(figures: Mapping[str, float]) -> float:
    n0, n1 = figures["imbalance_no_change"], figures["imbalance_change"]
    return 2 * figures["accuracy"] * (n0 - n1) / (n0 + n1)


def _settings(rows: pd.DataFrame) -> list[Setting]:
    """Exact ones in the order of `NOISES`, then shots under all noise, then without, most first."""
    found = set(rows[["noise", "shots"]].itertuples(index=False, name=None))
    return sorted(found, key=lambda s: (s[1] > 0, s[0] != "all" if s[1] else NOISES.index(s[0]), -s[1]))


def _setting_name(setting: Setting) -> str:
    noise, shots = setting
    return f"{NOISE_NAMES[noise]}, {plural(shots, 'shot')}" if shots else NOISE_NAMES[noise]


def _values(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    own = rows[rows["metric"] == metric]
    return own.set_index(["noise", "shots", "source", "seed", "draw"])["value"]


def _shifts(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    """What every setting changes against exact values without noise, for the same weights."""
    values = _values(rows, metric)
    pure = values.xs(EXACT, level=("noise", "shots"))
    base = pure.reindex(values.index.droplevel(["noise", "shots"])).to_numpy()
    return values - base


def _other_weights(rows: pd.DataFrame, metric: str, step: Step | None) -> str:
    """How far weights alone are apart, beside the published step."""
    pure = _values(rows, metric).xs(EXACT, level=("noise", "shots"))
    ends = f"{number(pure.min(), metric)} to {number(pure.max(), metric)}"
    if step is None:
        return f"without any noise, weights alone spread it from {ends}"
    farther = "farther" if _spread(rows, metric) >= abs(step.size) else "less far"
    return (
        f"without any noise, weights alone spread it from {ends}, {farther} than the published step from "
        f"● {number(step.simulator, metric)} to ● {number(step.device, metric)}"
    )


def _spread(rows: pd.DataFrame, metric: str) -> float:
    pure = _values(rows, metric).xs(EXACT, level=("noise", "shots"))
    return float(pure.max() - pure.min())


def _drawing(
    rows: pd.DataFrame, metric: str, of_source: Mapping[str, Mark], steps: Mapping[str, Step]
) -> Callable[[Axes], Iterator[Points]]:
    """Small dots: single weights; large ones: their means; lines: the published run."""
    settings = _settings(rows)
    values = _values(rows, metric)
    step = steps.get(metric.removesuffix("_normalised"))

    def draw(axes: Axes) -> Iterator[Points]:
        for offset, (source, mark) in zip((-0.17, 0.17), of_source.items(), strict=True):
            for y, setting in enumerate(settings):
                own = values.xs((*setting, source), level=("noise", "shots", "source"))
                axes.plot(own, np.full(len(own), y + offset), "o", color=mark.colour, markersize=2, alpha=0.3, mew=0)
                axes.plot(own.mean(), y + offset, "o", color=mark.colour, markersize=4.6)
                says = f"{_setting_name(setting)}: {own.mean():.3f}, {plural(len(own), 'set')} of weights"
                yield Points(source, [own.mean()], [y + offset], [says])
        if step is not None:
            _mark_published(axes, step)
        axes.set_yticks(range(len(settings)), [_setting_name(setting) for setting in settings])
        axes.set_ylim(len(settings) - 0.5, -0.9)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_title(METRIC_NAMES[metric])

    return draw


def _mark_published(axes: Axes, step: Step) -> None:
    for where, value in (("simulator", step.simulator), ("device", step.device)):
        axes.axvline(value, color=INK, linewidth=0.8, linestyle="dashed")
        axes.text(value, -0.6, f" ● {where}", size=7, va="center")


def _caption(rows: pd.DataFrame, model: str, backend: str, steps: Mapping[str, Step]) -> str:
    marked = " Dashed ●: the published run, made with untrained weights by mistake." if steps else ""
    return (
        f"{model} on {backend}, {_counts(rows)}; small dots are single sets of weights, large dots their means. "
        f"Untrained: random quantum weights between trained classical layers. Both classes weighted equally.{marked}"
    )


def _counts(rows: pd.DataFrame) -> str:
    untrained = rows.loc[rows["source"] == "untrained", ["seed", "draw"]].drop_duplicates()
    seeds: Sequence[int] = rows["seed"].unique()
    return f"{plural(len(seeds), 'training seed')} and {plural(len(untrained), 'draw')} of untrained weights"
