"""Sentences that the numbers of small images say themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hqnn.metrics.facts import TRAINING
from hqnn.metrics.multiclass import confusion_matrix
from hqnn.report.difference import Compare, Difference
from hqnn.report.images.tables import FAMILY, Kernel, draw_name, draws_of, exact, published_accuracy, ranked
from hqnn.report.paired import by_seed
from hqnn.report.runs import Predictions
from hqnn.report.words import percent, points
from hqnn.wording import plural

PAIRS = 3  # mistakes that are told in words
ONE = {"copies": "equal copy", "unreadable": "unreadable image"}  # reason to what is left out for it, one of them


def family_findings(metrics: pd.DataFrame, compare: Compare) -> list[str]:
    """What came out on the whole set: the hybrid net, its fair twin, the printed CNN, and other nets.

    Args:
        metrics: of the nets on the whole set.
        compare: see `hqnn.report.difference.compared`.
    """
    rows = exact(metrics).query("metric == 'accuracy' and phase == 'ideal'")
    hybrid = by_seed(rows, "parallel")
    others = [_accuracy_of(rows, model) for model in rows["model"].unique() if model not in FAMILY]
    if hybrid.empty:
        return others
    own = rows[rows["model"] == "parallel"]
    theirs = own["published"].dropna()
    beside = f", published ● {100 * theirs.iloc[0]:.2f} %" if len(theirs) else ""
    said = [
        f"parallel, {_parameters(metrics, 'parallel')} parameters, is right on {percent(hybrid, 2)} % of the "
        f"{plural(int(own['samples'].iloc[0]), 'test image')} ({plural(len(hybrid), 'seed')}){beside}."
    ]
    twin, cnn = by_seed(rows, "parallel_twin"), by_seed(rows, "cnn")
    if len(twin):
        found = compare("parallel", "parallel_twin")
        said.append(_twin_sentence(hybrid, twin, _parameters(metrics, "parallel_twin"), found))
    if len(cnn):
        said.append(_printed_sentence(hybrid, cnn, metrics))
    return said + others


def kernel_findings(metrics: pd.DataFrame, published: pd.DataFrame, compare_on: Callable[[str], Compare]) -> list[str]:
    """What came out of circuits as kernels, on the draw with the most test images.

    Args:
        metrics: of the small draws of one raw set.
        published: the paper's figures.
        compare_on: draw to its `hqnn.report.difference.compared`.
    """
    rows = exact(metrics).query("metric == 'accuracy'")
    if rows.empty:
        return []
    sizes = rows.groupby("dataset")["samples"].max()
    own = rows[rows["dataset"] == next(name for name in draws_of(rows) if sizes[name] == sizes.max())]
    circuits = {model: kernel for model in ranked(own) if (kernel := Kernel.of(model))}
    entangling = [model for model, kernel in circuits.items() if kernel.cnots != "none"]
    if not entangling:
        return []
    plain = next((model for model, kernel in circuits.items() if kernel.cnots == "none"), "")
    others = {
        "four ordinary kernels (cnn4)": "cnn4",
        "one ordinary kernel (cnn1)": "cnn1",
        "a circuit without any CNOT": plain,
    }
    compare = compare_on(str(own["dataset"].iloc[0]))
    against = [
        _against(by_seed(own, other), name, compare(entangling[0], other))
        for name, other in others.items()
        if len(by_seed(own, other))
    ]
    beside = [f"Beside it, on the same images: {'; '.join(against)}."] if against else []
    return [_best_sentence(own, entangling, circuits, published), *beside]


def draw_findings(metrics: pd.DataFrame) -> list[str]:
    """How much of the spread over seeds is that of the images.

    Args:
        metrics: of the small draws of one raw set.
    """
    rows = exact(metrics).query("metric == 'accuracy'")
    spread = rows.groupby(["dataset", "model"])["value"].std(ddof=0).groupby("dataset").mean()
    said = []
    for fresh in [name for name in draws_of(rows) if name.endswith("_fresh")]:
        fixed = fresh.removesuffix("fresh") + "fixed"
        if fixed in spread and rows.loc[rows["dataset"].isin([fresh, fixed]), "seed"].nunique() > 1:
            said.append(
                f"Standard deviation over seeds, mean of all kernels ({draw_name(fresh).rpartition(',')[0]}): "
                f"{100 * spread[fresh]:.1f} points where every seed draws its images, {100 * spread[fixed]:.1f} where "
                "all take the same ones; a spread over initial weights alone leaves out the choice of images."
            )
    return said


def confused(one: Predictions, classes: Sequence[str]) -> str:
    """The commonest mistakes in words."""
    counts = confusion_matrix(one.columns["label"], one.columns["predicted"], len(classes))
    wrong = counts * ~np.eye(len(classes), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    pairs = [divmod(int(cell), len(classes)) for cell in order if wrong.flat[cell]]
    if not pairs:
        return f"{one.run.model}, seed {one.run.seed}, makes no mistake."
    told = ", ".join(f"{classes[t]} for {classes[s]} ({wrong[t, s]:,.0f} times)" for t, s in pairs)
    total = int(wrong.sum())
    which = "It takes" if len(pairs) == int((wrong > 0).sum()) else "Most often it takes"
    return f"{one.run.model}, seed {one.run.seed}, is wrong on {plural(total, 'image')}. {which} {told}."


def image_words(about: Mapping[str, Any], counts: Sequence[int]) -> str:
    """What the table of images holds.

    Args:
        about: its attributes.
        counts: of the images of each class.
    """
    each = " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
    said = f"{plural(sum(counts), 'image')} of {len(counts)} classes, {each} of each"
    left_out = [_number_of(reason, count) for reason, count in about.get("dropped", {}).items() if count]
    said += f"; left out: {', '.join(left_out)}" if left_out else ""
    copies = int(about.get("kept_copies", 0))
    return said + (
        f"; {plural(copies, 'image')} equal to another one stay, as the set is published so." if copies else "."
    )


def _number_of(reason: str, count: int) -> str:
    return plural(count, ONE[reason]) if reason in ONE else f"{count:,} {reason}"


def warnings(data: str, endings: Collection[str]) -> list[str]:
    """What must be known before any number of a raw set.

    Args:
        data: its name.
        endings: of the names of its files, such as ``jpg``.
    """
    said = []
    if data == "medical_mnist":
        said.append(
            "The paper's text and its numbers of parameters do not fix the layers for Medical MNIST: several nets fit. "
            "The one here follows the rule of the other two sets; it need not be the paper's."
        )
    if data == "cifar10" and {"jpg", "jpeg"} & set(endings):
        said.append(
            "These are JPEG copies of CIFAR-10, compressed once more than the published ones: accuracies on them are "
            "not those of the published benchmark."
        )
    return said


def _accuracy_of(rows: pd.DataFrame, model: str) -> str:
    own = rows[rows["model"] == model]
    images = plural(int(own["samples"].iloc[0]), "test image")
    return f"{model} is right on {percent(own['value'], 2)} % of the {images} ({plural(len(own), 'seed')})."


def _twin_sentence(ours: pd.Series[float], theirs: pd.Series[float], parameters: str, found: Difference | None) -> str:
    gaps = (ours - theirs).dropna()
    verdict = f"; it differs {found.words}" if found else ""
    return (
        f"What the quantum part buys: {points(gaps, 2)} points of test accuracy over its fair twin, the same net with "
        f"one dense layer in place of all circuits ({parameters} parameters; {percent(theirs, 2)} %){verdict}."
    )


def _printed_sentence(ours: pd.Series[float], theirs: pd.Series[float], metrics: pd.DataFrame) -> str:
    return (
        f"The CNN as printed ({_parameters(metrics, 'cnn')} parameters against {_parameters(metrics, 'parallel')}) is "
        f"right on {percent(theirs, 2)} %, but it is another net, with other dense layers and no batch normalisation: "
        f"the {points((ours - theirs).dropna(), 2)} points between them are no measure of the quantum part."
    )


def _best_sentence(
    rows: pd.DataFrame, entangling: Sequence[str], circuits: Mapping[str, Kernel], published: pd.DataFrame
) -> str:
    best, worst = circuits[entangling[0]], circuits[entangling[-1]]
    numbers = [percent(by_seed(rows, model)) for model in (entangling[0], entangling[-1])]
    theirs = published_accuracy(published, rows, "quanv")
    beside = "" if theirs is None else f" (published ● {100 * theirs:.0f} % on 100 test images, layout not said)"
    name = draw_name(str(rows["dataset"].iloc[0]))
    several = len(entangling) > 1
    chosen = f", the best of {len(entangling)} with CNOTs by this very number," if several else ""
    said = f"Circuits as kernels ({name}): {best.turned}, CNOTs {best.layout}{chosen} reaches {numbers[0]} %{beside}"
    return f"{said}; the worst, {worst.turned}, CNOTs {worst.layout}, {numbers[1]} %." if several else f"{said}."


def _against(theirs: pd.Series[float], words: str, found: Difference | None) -> str:
    """A kernel beside the best circuit, of which the difference is."""
    verdict = f", from which the circuit differs {found.words}" if found else ""
    return f"{words} {percent(theirs)} %{verdict}"


def _parameters(metrics: pd.DataFrame, model: str) -> str:
    facts = metrics[(metrics["model"] == model) & (metrics["sampling"] == TRAINING)]
    sizes = facts.loc[facts["metric"] == "parameters", "value"]
    return f"{int(sizes.iloc[0]):,}" if len(sizes) else "an unknown number of"
