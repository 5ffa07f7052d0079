"""What the page says of study A."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from hqnn.metrics.runs import Run
from hqnn.metrics.table import POOLED
from hqnn.report import panels, tables
from hqnn.report.ablation import Explanation, explain
from hqnn.report.chapter import (
    Block,
    Chapter,
    Figures,
    Folded,
    Material,
    Pictures,
    Section,
    Words,
    figures,
    section,
    shown,
)
from hqnn.report.findings import findings, weights_sentence
from hqnn.report.panels import Image
from hqnn.report.pixels.grid import grid_panels, grid_table
from hqnn.report.runs import Predictions, map_files
from hqnn.report.style import Mark, marks
from hqnn.report.words import path_names, plural

TERMS = (
    "Sureness is 2·mean|p − ½|, confidence 1 − mean|label − p| with its standard deviation over samples, imbalance the "
    "number predicted unchanged minus the number predicted changed. The sigmoid of an expectation value confines p to "
    "[0.269, 0.731], so sureness cannot pass 0.462 where it is read so."
)
MAPS = "Every pixel of each test city, not only the samples that the tables score."


def change_chapters(material: Material) -> list[Chapter]:
    """A chapter for each data set."""
    return [_chapter(material.of(dataset)) for dataset in material.metrics["dataset"].unique()]


def _chapter(material: Material) -> Chapter:
    metrics = material.metrics
    references = {one.run.model for one in material.predictions if not one.quantum}
    agree, weights = weights_sentence(material.predictions)
    return Chapter(
        study=str(metrics["study"].iloc[0]),
        dataset=str(metrics["dataset"].iloc[0]),
        ran=_what_ran(metrics, material.predictions, references),
        findings=tuple(findings(metrics, references)),
        weights_agree=agree,
        weights=weights,
        sections=_sections(material),
    )


def _sections(material: Material) -> tuple[Section, ...]:
    metrics, predictions = material.metrics, material.predictions
    of_model = marks(list(metrics["model"].unique()))
    of_backend = marks(metrics.loc[metrics["path"].str.startswith("noisy-"), "backend"].unique())
    found = _tables(metrics, material.published)
    explanations = [explain(path, material.published) for path in material.artefacts if path.suffix == ".csv"]
    grid = figures(grid_panels(metrics), of_model) if "grid" in found else None
    return (
        section(
            "results",
            "Results",
            shown(found.get("results")),
            figures(panels.curves(predictions, of_model), of_model),
            shown(found.get("grid"), "Embeddings by ansätze"),
            grid,
            shown(found.get("confusion"), "Confusion matrices"),
        ),
        section(
            "published",
            "On the study's own terms",
            Words((TERMS,)) if "study" in found else None,
            shown(found.get("study")),
            shown(found.get("published"), "Published beside ours"),
        ),
        section("paths", "Execution paths on the same samples", *_paths(found, material, of_model)),
        section("phases", "What noise-aware training buys", figures(panels.phases(metrics, of_backend), of_backend)),
        section("device", "Why the device differs", *(block for one in explanations for block in _explained(one))),
        section(
            "cities",
            "Cities",
            shown(found.get("city_balanced_accuracy")),
            shown(found.get("city_roc_auc")),
            figures(panels.cities(metrics, of_model), of_model),
        ),
        section("maps", "Change maps", *_maps(material.artefacts)),
        section("training", "Training", figures(panels.training(_by_model(material.histories), of_model), of_model)),
    )


def _paths(found: Mapping[str, tables.Table], material: Material, of_model: Mapping[str, Mark]) -> list[Block | None]:
    if "paths" not in found:
        return []
    return [
        shown(found["paths"]),
        figures(panels.paths(material.metrics, of_model), of_model),
        shown(found.get("study_paths"), "Sureness, confidence, imbalance"),
        figures(panels.expectation(material.predictions), of_model, "Expectation values"),
    ]


def _explained(told: Explanation) -> tuple[Block, ...]:
    return (
        Words(told.answers, findings=True),
        Figures(told.panels, told.marks, f"{told.model} on {told.backend}"),
        Folded("All settings", told.table),
    )


def _maps(artefacts: Sequence[Path]) -> list[Block]:
    drawn = map_files([path for path in artefacts if path.suffix != ".csv"])
    return [Words((MAPS,)), Pictures(tuple(_map(*one) for one in drawn))] if drawn else []


def _map(run: Run, city: str, file: Path) -> Image:
    data = base64.b64encode(file.read_bytes()).decode()
    caption = f"{city}: {run.model} ({run.phase}), seed {run.seed}"
    return Image(Markup('<img src="data:image/png;base64,{}" alt="Change map of {}">').format(data, caption), caption)


def _by_model(histories: Sequence[tuple[Run, pd.DataFrame]]) -> dict[str, list[pd.DataFrame]]:
    found: dict[str, list[pd.DataFrame]] = {}
    for run, history in sorted(histories, key=lambda pair: (pair[0].model, pair[0].phase, pair[0].seed)):
        found.setdefault(run.model, []).append(history)
    return found


def _tables(metrics: pd.DataFrame, published: pd.DataFrame) -> dict[str, tables.Table]:
    found = {
        "results": tables.results(metrics, "all"),
        "study": tables.results(metrics, "balanced", tables.STUDY),
        "published": tables.beside_published(metrics, published),
        "confusion": tables.confusion(metrics),
        "grid": grid_table(metrics),
    }
    if "subset" in set(metrics["sampling"]):
        found["paths"] = tables.results(metrics, "subset", tables.BY_PATH)
        found["study_paths"] = tables.results(metrics, "subset_balanced", tables.STUDY)
    if set(metrics["group"]) != {POOLED}:
        found |= {f"city_{metric}": tables.by_city(metrics, metric) for metric in panels.CITY_METRICS}
    return {name: table for name, table in found.items() if table.rows}


def _what_ran(metrics: pd.DataFrame, predictions: Sequence[Predictions], references: set[str]) -> tuple[str, ...]:
    models = [m for m in metrics["model"].unique() if m not in references]
    seeds = sorted(metrics.loc[metrics["model"].isin(models), "seed"].unique())
    paths = path_names(one.path for one in predictions if one.quantum)
    samples = int(metrics["samples"].max())
    cities = metrics["group"].nunique() - 1
    place = f" of {plural(cities, 'city')}" if cities > 0 else ""
    return (
        f"{plural(len(models), 'quantum model')}: {', '.join(models)}; "
        f"{plural(len(seeds), 'seed')} ({', '.join(map(str, seeds))}).",
        f"Classical references on the same pixels: {', '.join(sorted(references)) or 'none'}.",
        f"Execution paths: {paths}. Test set: {plural(samples, 'sample')}{place}.",
    )
