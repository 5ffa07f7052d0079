"""What the circuit does in its model, on the page: what stands in for it, what training made of it, its spectrum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hqnn.analysis.layer import COLUMNS
from hqnn.metrics.table import RERUN, read_csv
from hqnn.report.chapter import Block, Chapter, Material, Words, folded, section, shown
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import split_name

PLACES = {
    "trained": "the trained circuit",
    "quadratic": "quadratic fit",
    "linear": "linear fit",
    "none": "nothing",
    "untrained": "untrained weights",
}
OTHERS = {"linear": "with a linear one", "none": "with nothing", "untrained": "with untrained weights"}
FACTS = {
    "entanglement": "entanglement (Meyer, Wallach)",
    "effective_dimension": "effective dimension of its weights",
    "weights": "its weights",
    "gradient_variance": "variance of the gradient",
}
LEAST = 0.02  # of balanced accuracy above chance; what is kept of less means nothing
HOW = (
    "The circuit alone is replaced, all else of the trained model stays and nothing is trained again. Fits: least "
    "squares from the circuit's inputs to its expectation values on train samples; R² and scores are on test samples, "
    "of many on `layer: {samples}` of them, so that they differ from those of the results. "
    "Untrained weights: uniform in [0, 2π). Agreement: share of predictions that are the trained model's. Kept: share "
    "of what balanced accuracy has above chance. Mean ± standard deviation over seeds; of untrained weights, of means "
    "over draws."
)
DURING = (
    "Before the first step of training and after the last, on train samples. Entanglement: 0 of product states, 1 "
    "where every wire is mixed fully. Effective dimension: how many directions of the circuit's weights so many train "
    "samples tell apart at this point. Gradient: of a sample's loss by a weight, variance over samples, mean over "
    "weights."
)
SPECTRUM = (
    "Expectation values as functions of one input, the others as on train samples; first seed. Range: 5 to 95 % of the "
    "values on train samples, in radians. Variance: over a whole turn, summed over observables; then the share of each "
    "frequency. Straight: share of the variance over the data's values that straight lines explain."
)


def with_layer(chapter: Chapter, material: Material) -> Chapter:
    """A chapter with a section on what its circuits do, where that was looked into."""
    tables = [path for path in material.artefacts if path.name == "layer.csv"]
    found = pd.concat([read_layer(path) for path in tables]) if tables else pd.DataFrame(columns=list(COLUMNS))
    own = found[found["dataset"].map(lambda name: name == chapter.dataset or name.startswith(f"{chapter.dataset}-"))]
    if own.empty:
        return chapter
    classes = len(material.predictions[0].classes)
    return replace(
        chapter, sections=(*chapter.sections, section("layer", "What does the layer do?", *_blocks(own, classes)))
    )


def read_layer(path: Path) -> pd.DataFrame:
    """Read what `hqnn.analysis.layer.write_layers` wrote.

    Raises:
        UserError: the file is missing or damaged.
    """
    return read_csv(path, COLUMNS, numbers=("value",), counts=("seed", "draw"), cure=RERUN)


def kept_shares(rows: pd.DataFrame, classes: int) -> pd.DataFrame:
    """What is kept of the balanced accuracy that the trained circuit has above chance.

    Args:
        rows: of one data set and model.
        classes: how many.

    Returns:
        Indexed by seed, a column for each thing in the circuit's place; NaN where there is nothing to keep.
    """
    scores = rows[(rows["part"] == "substitute") & (rows["metric"] == "balanced_accuracy")]
    above = scores.pivot_table(index="seed", columns="variant", values="value") - 1 / classes
    whole = above["trained"].where(above["trained"] > LEAST)
    return above.div(whole, axis=0)


def _blocks(rows: pd.DataFrame, classes: int) -> Iterator[Block | None]:
    several = rows["dataset"].nunique() > 1
    named = rows.assign(
        name=[
            f"{split_name(dataset) or dataset}, {model}" if several else model
            for dataset, model in zip(rows["dataset"], rows["model"], strict=True)
        ]
    )
    models = dict(iter(named.groupby("name", sort=False)))
    yield Words(tuple(layer_sentence(name, own, classes) for name, own in models.items()), findings=True)
    substitutes = [row for name, own in models.items() for row in _substitutes(name, own, classes)]
    head = ("model", "in the circuit's place", "R²", "balanced\naccuracy", "ROC AUC", "accuracy", "agreement", "kept")
    yield shown(Table(HOW, head, tuple(substitutes), labels=2), "In the circuit's place")
    facts = tuple(row for name, own in models.items() for row in _facts(name, own))
    yield shown(Table(DURING, ("model", "", "start", "end"), facts, labels=2), "Before and after training")
    spectra = tuple(row for name, own in models.items() for row in _spectra(name, own))
    yield folded(
        "Spectrum of each input",
        Table(SPECTRUM, ("model", "input", "range", "variance", "share of frequency", "straight"), spectra, labels=2),
    )


def layer_sentence(name: str, rows: pd.DataFrame, classes: int) -> str:
    """What stands in for the circuit of a model, and how much that keeps."""
    kept = kept_shares(rows, classes).mean()
    if np.isnan(kept["trained"]):
        return f"{name} is not above chance, so nothing can be said of what its circuit does."
    shares = [f"{words} {100 * kept[key]:.0f} %" for key, words in OTHERS.items() if key in kept]
    means = rows[rows["part"] == "substitute"].groupby(["metric", "variant"])["value"].mean()
    own, fits = means["balanced_accuracy"]["trained"], means["balanced_accuracy"][["linear", "quadratic"]]
    gain = 100 * (own - fits.max())
    beyond = f"{abs(gain):.1f} points {'more' if gain >= 0 else 'less'} than the {fits.idxmax()} fit"
    ours, theirs = (means["roc_auc"][key] for key in ("trained", str(fits.idxmax())))
    ranks = f" (ROC AUC {ours:.3f} against {theirs:.3f})" if np.isfinite(ours + theirs) else ""
    missing = (
        ""
        if "none" in kept
        else " It cannot simply be left out, since it takes another number of values than it gives."
    )
    return (
        f"{name}: with a quadratic fit in the circuit's place {100 * kept['quadratic']:.0f} % of the balanced accuracy "
        f"above chance stays, {', '.join(shares)}. The trained circuit has {beyond}{ranks}.{missing}"
    ).replace(" -", " −")


def _substitutes(name: str, rows: pd.DataFrame, classes: int) -> Iterator[tuple[Cell, ...]]:
    kept = kept_shares(rows, classes)
    own = rows[rows["part"] == "substitute"]
    means = own.groupby(["variant", "metric", "seed"])["value"].mean()
    for variant, words in PLACES.items():
        if variant in kept:
            scores = [
                _cell(means[variant, metric]) if (variant, metric) in means else Cell(DASH)
                for metric in ("r2", "balanced_accuracy", "roc_auc", "accuracy", "agreement")
            ]
            yield Cell(name), Cell(words), *scores, _cell(kept[variant])


def _facts(name: str, rows: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    own = rows[rows["part"] == "training"].set_index(["metric", "variant"])["value"].sort_index()
    for metric, words in FACTS.items():
        values = [own[metric, variant] for variant in ("start", "end")]
        style = {"weights": ".0f", "gradient_variance": ".2e"}.get(metric, ".3f")
        yield Cell(name), Cell(words), *(_cell(value, style, spreads=metric != "weights") for value in values)


def _spectra(name: str, rows: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    own = rows[(rows["part"] == "spectrum") & (rows["seed"] == rows["seed"].min())]
    for place, of_input in own.groupby("variant", sort=False):
        facts = of_input[of_input["draw"] == 0].set_index("metric")["value"]
        power = of_input[of_input["metric"] == "power"].set_index("draw")["value"]
        total = power.sum()
        shares = ", ".join(f"{frequency}: {value / total:.2f}" for frequency, value in power.items()) if total else DASH
        straight = facts["straight"]
        yield (
            Cell(name),
            Cell(str(place)),
            Cell(f"{facts['low']:.2f} to {facts['high']:.2f}".replace("-", "−")),
            Cell(f"{total:.4f}"),
            Cell(shares),
            Cell(DASH if np.isnan(straight) else f"{straight:.2f}"),
        )


def _cell(values: pd.Series[float], style: str = ".3f", *, spreads: bool = True) -> Cell:
    """Mean and spread over seeds; a dash for nothing."""
    known = values.dropna()
    if known.empty:
        return Cell(DASH)
    said, spread = (format(value, style).replace("-", "−") for value in (known.mean(), known.std(ddof=0)))
    return Cell(said, spread if spreads and len(known) > 1 else "")
