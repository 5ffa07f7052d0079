"""A study along its axes: less data, other circuits, more noise, fewer shots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from hqnn.metrics.points import SAME
from hqnn.report.chapter import Block, Figures, Folded, Material, Section, Words, section
from hqnn.report.curve_figures import AXIS_NAMES, MOST_BANDS, Curve, curves, figure
from hqnn.report.noise_budget import FEW_ANSWERS, NAMES, WHOLE, budget
from hqnn.report.overview import METRIC
from hqnn.report.panels import Panels
from hqnn.report.style import marks
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import METRIC_NAMES, signed, split_name
from hqnn.wording import plural

TITLES = {
    "train_sizes": "Fewer train samples",
    "qubits": "Qubits",
    "layers": "Layers",
    "shots": "Shots",
}
CAPTIONS = {
    "train_sizes": "Each set of train samples holds the smaller ones. Nets are trained in as many steps as on all of "
    "them; the scaling of features and validation samples are those of all. Of the references the best one on the most "
    "samples.",
    "qubits": "Circuits of so many wires, and twins of their size.",
    "layers": "Circuits of so many layers, and twins of their size.",
    "shots": "Sampled without noise.",
}
TRAINED = ("engine", "aer", "torch")  # backends of points of circuits and of nets; others are of references
CIRCUITS = TRAINED[:2]


def curve_section(material: Material) -> Section:
    """Figures, sentences and tables of every axis of a chapter; no blocks where there is none.

    Args:
        material: of the data sets of the chapter.
    """
    blocks: list[Block] = []
    for dataset in material.points["dataset"].unique():
        own = material.of(str(dataset))
        split = split_name(str(dataset))
        of_split = f", {split}" if split and material.points["dataset"].nunique() > 1 else ""
        for axis, title in TITLES.items():
            blocks += _axis(own, axis, f"{title}{of_split}")
        blocks += _noise(own, of_split)
    return section("curves", "Along axes", *blocks)


def _axis(material: Material, axis: str, title: str) -> Iterator[Block]:
    points = material.points[material.points["axis"] == axis]
    if points.empty:
        return
    drawn = _shown(points)
    names = marks(drawn)
    of_metric = {METRIC: drawn, **({SAME: curves(points, SAME, "model")} if axis == "shots" else {})}
    dataset = str(points["dataset"].iloc[0])
    images = tuple(
        figure(f"{dataset}-{axis}", axis, metric, own, names, about={"dataset": dataset})
        for metric, own in of_metric.items()
    )
    said = _shots(of_metric[SAME]) if axis == "shots" else _told(drawn, points, AXIS_NAMES[axis])
    yield Figures(Panels(images, f"{CAPTIONS[axis]} {_bands(points, drawn)}", tuple(drawn)), names, title)
    if said:
        yield Words(tuple(said))
    yield _table(drawn, axis, points)


def _noise(material: Material, of_split: str) -> Iterator[Block]:
    """Each model under the noise of each backend."""
    points = material.points[material.points["axis"].isin(NAMES)]
    names = marks(NAMES.values())
    for (model, backend), rows in points.groupby(["model", "backend"], sort=False):
        series = rows.assign(part=rows["axis"].map(NAMES))
        score, same = (curves(series, metric, "part") for metric in (METRIC, SAME))
        dataset = str(rows["dataset"].iloc[0])
        about = {"dataset": dataset, "model": model, "backend": backend}
        place = f"{dataset}-{model}-{backend}"
        least = score[WHOLE].mean[0] - material.margin
        images = (
            figure(f"{place}-noise", "noise", METRIC, score, names, levels=(least,), about=about),
            figure(f"{place}-noise", "noise", SAME, same, names, levels=(1 - FEW_ANSWERS,), about=about),
        )
        caption = (
            "Error rates and inverse times of the calibration, all together and each part alone, multiplied; weights "
            "trained without noise. Relaxation and dephasing are those during gates, gates the rest of their reported "
            "errors. Values are exact: those that noise weakens take more shots to read. "
            f"Dashed: {material.margin:g} below no noise, and {100 * FEW_ANSWERS:g} % of answers that differ "
            f"from those without noise. {_bands(rows, score)}"
        )
        yield Figures(Panels(images, caption, tuple(score)), names, f"Noise of {backend}: {model}{of_split}")
        yield Words(tuple(budget(str(model), str(backend), score, same, material.margin)))
        yield _table(score, "noise", rows)


def _shown(points: pd.DataFrame) -> dict[str, Curve]:
    """Circuits, nets, and of the other references the best at the last point."""
    found = curves(points, METRIC, "model")
    backends = points.groupby("model", sort=False)["backend"].first()
    others = [name for name in found if backends[name] not in TRAINED]
    best = max(others, key=lambda name: np.nan_to_num(found[name].mean[-1]), default=None)
    shown = [name for name in found if name not in others or name == best]
    order = {backend: place for place, backend in enumerate(TRAINED)}
    return {name: found[name] for name in sorted(shown, key=lambda name: order.get(backends[name], len(order)))}


def _told(drawn: Mapping[str, Curve], points: pd.DataFrame, what: str) -> Iterator[str]:
    """Each quantum model at both ends of an axis, and its differences to the others, seed by seed."""
    circuits = set(points.loc[points["backend"].isin(CIRCUITS), "model"])
    for model in (name for name in drawn if name in circuits):
        curve = drawn[model]
        yield f"{model}: {METRIC_NAMES[METRIC]} {_ends(curve.at, [f'{mean:.3f}' for mean in curve.mean], what)}."
        for other in (name for name in drawn if name not in circuits):
            gaps = _gaps(curve, drawn[other])
            if gaps:
                yield f"{model} minus {other}, seed by seed: {_ends(tuple(gaps), list(gaps.values()), what)}."


def _gaps(ours: Curve, theirs: Curve) -> dict[float, str]:
    """Mean and standard deviation of the differences of equal seeds, by points that both have."""
    found = {}
    for place, at in enumerate(ours.at):
        if at in theirs.at:
            there = theirs.at.index(at)
            gaps = [own[place] - theirs.seeds[seed][there] for seed, own in ours.seeds.items() if seed in theirs.seeds]
            spread = f" ± {np.std(gaps):.3f}" if len(gaps) > 1 else ""
            found[at] = f"{signed(float(np.mean(gaps)), 3)}{spread}"
    return found


def _ends(at: Sequence[float], texts: Sequence[str], what: str) -> str:
    """The first and the last of a list of values, with what they are at."""
    first = f"{texts[0]} with {plural(int(at[0]), what.removesuffix('s'))}"
    return first if len(at) == 1 else f"{first} and {texts[-1]} with {at[-1]:,.0f}"


def _shots(same: Mapping[str, Curve]) -> Iterator[str]:
    for name, curve in same.items():
        enough = [at for at, share in zip(curve.at, curve.mean, strict=True) if share >= 1 - FEW_ANSWERS]
        if enough:
            few = f"{100 * FEW_ANSWERS:g} % of the samples"
            yield f"{name} answers as without sampling, but for {few}, from {enough[0]:,.0f} shots on."
        else:
            yield (
                f"Even with {curve.at[-1]:,.0f} shots {100 * (1 - curve.mean[-1]):.1f} % of {name}'s answers differ "
                "from those without sampling."
            )


def _bands(points: pd.DataFrame, drawn: Mapping[str, Curve]) -> str:
    """What lines and bands are."""
    seeds, tests = points["seed"].nunique(), plural(int(points["samples"].max()), "test sample")
    if seeds == 1:
        return f"{tests}. One seed."
    of_first = f" of {next(iter(drawn))}" if len(drawn) > MOST_BANDS else ""
    return f"{tests}. Lines: means over {plural(seeds, 'seed')}; band{of_first}: their standard deviation."


def _table(drawn: Mapping[str, Curve], axis: str, points: pd.DataFrame) -> Folded:
    at = sorted({value for curve in drawn.values() for value in curve.at})
    rows = tuple((Cell(name), *(_cell(curve, value) for value in at)) for name, curve in drawn.items())
    head = (AXIS_NAMES[axis], *(f"{value:,g}" for value in at))
    metric = METRIC_NAMES[METRIC]
    seeds = plural(points["seed"].nunique(), "seed")
    caption = f"{metric[:1].upper()}{metric[1:]}, mean ± standard deviation over {seeds}."
    return Folded(f"The numbers: {metric} by {AXIS_NAMES[axis]}", Table(caption, head, rows, labels=1))


def _cell(curve: Curve, at: float) -> Cell:
    if at not in curve.at:
        return Cell(DASH)
    place = curve.at.index(at)
    return Cell(f"{curve.mean[place]:.3f}", f"{curve.deviation[place]:.3f}" if len(curve.seeds) > 1 else "")
