"""One self-contained page that says what was run and what came out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hqnn.metrics import POOLED, read_metrics, read_published
from hqnn.report import panels, tables
from hqnn.report.ablation import Explanation, explain
from hqnn.report.findings import findings, weights_sentence
from hqnn.report.grid import grid_panels, grid_table
from hqnn.report.panels import Image
from hqnn.report.runs import Predictions, Run, map_files, read_history, read_predictions, run_order
from hqnn.report.style import Mark, marks
from hqnn.report.words import METRIC_NAMES, full_path, path_name, path_order, plural
from hqnn.store import file_digest, write_text

TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Results:
    """All that is shown of one study on one data set."""

    study: str
    dataset: str
    ran: tuple[str, ...]
    findings: tuple[str, ...]
    weights_agree: bool
    weights: str
    marks: dict[str, Mark]
    tables: dict[str, tables.Table]
    panels: dict[str, panels.Panels]
    maps: tuple[Image, ...]
    explanations: tuple[Explanation, ...]


def write_report(
    output: Path,
    *,
    metrics: Path,
    histories: Sequence[Path],
    predictions: Sequence[Path],
    maps: Sequence[Path],
    settings: Mapping[str, Any],
    published: Path | None = None,
    ablations: Sequence[Path] = (),
) -> None:
    """Write the report: one HTML file that opens offline and asks nothing of any network.

    Equal inputs give equal bytes.

    Args:
        output: of the page.
        metrics: the tidy table.
        histories: CSV files with columns epoch, loss, accuracy and, where recorded, validation_loss and
            validation_accuracy, one a training run, under ``<study>/<dataset>/<model>/<phase>/seed<k>/``.
        predictions: every file that was scored.
        maps: PNG files named after their cities, or folders of them, lying as the histories do.
        ablations: CSV files of `hqnn.execution.ablation`.
        settings: what was set; nested mappings are sections.
        published: a paper's figures; those that nothing of ours stands beside are listed too.

    Raises:
        UserError: a file is missing, damaged or not in its schema.
    """
    table = read_metrics(metrics)
    table["path"] = [full_path(*pair) for pair in zip(table["path"], table["backend"], strict=True)]
    read = [read_predictions(path) for path in predictions]
    trained = [read_history(path) for path in histories]
    drawn = map_files(maps)
    papers = None if published is None else read_published(published)
    explained = [explain(path, papers) for path in ablations]
    page = _template().render(
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        results=[
            _results(
                part,
                _own(read, key),
                _own_histories(trained, key),
                [m for m in drawn if _is_of(m[0], key)],
                papers,
                [e for e in explained if e.dataset == key[1]],
            )
            for key, part in table.groupby(["study", "dataset"], sort=False)
        ],
        ran_where=[_ran_where(one) for one in sorted(read, key=run_order)],
        settings=_flat(settings),
        versions=_versions(read),
        digests=[(path.as_posix(), file_digest(path)) for path in (metrics, *predictions, *histories)],
        published=[] if papers is None else papers.to_dict("records"),
        metric_names=METRIC_NAMES,
    )
    write_text(output, page)


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _results(
    metrics: pd.DataFrame,
    predictions: Sequence[Predictions],
    histories: Mapping[str, Sequence[pd.DataFrame]],
    maps: Sequence[tuple[Run, str, Path]],
    published: pd.DataFrame | None,
    explanations: Sequence[Explanation],
) -> Results:
    models = list(metrics["model"].unique())
    references = {one.run.model for one in predictions if not one.quantum}
    of_model = marks(models)
    of_backend = marks(metrics.loc[metrics["path"].str.startswith("noisy-"), "backend"].unique())
    agree, weights = weights_sentence(predictions)
    return Results(
        study=str(metrics["study"].iloc[0]),
        dataset=str(metrics["dataset"].iloc[0]),
        ran=_what_ran(metrics, predictions, references),
        findings=tuple(findings(metrics, references)),
        weights_agree=agree,
        weights=weights,
        marks={**of_model, **of_backend},
        tables=_tables(metrics, published),
        panels=_panels(metrics, predictions, histories, of_model, of_backend),
        maps=tuple(_map(*one) for one in maps),
        explanations=tuple(explanations),
    )


def _tables(metrics: pd.DataFrame, published: pd.DataFrame | None) -> dict[str, tables.Table]:
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


def _panels(
    metrics: pd.DataFrame,
    predictions: Sequence[Predictions],
    histories: Mapping[str, Sequence[pd.DataFrame]],
    of_model: Mapping[str, Mark],
    of_backend: Mapping[str, Mark],
) -> dict[str, panels.Panels]:
    found = {
        "training": panels.training(histories, of_model),
        "curves": panels.curves(predictions, of_model),
        "grid": grid_panels(metrics),
        "cities": panels.cities(metrics, of_model),
        "paths": panels.paths(metrics, of_model),
        "phases": panels.phases(metrics, of_backend),
        "expectation": panels.expectation(predictions),
    }
    return {name: those for name, those in found.items() if those.images}


def _map(run: Run, city: str, file: Path) -> Image:
    data = base64.b64encode(file.read_bytes()).decode()
    caption = f"{city}: {run.model} ({run.phase}), seed {run.seed}"
    return Image(Markup('<img src="data:image/png;base64,{}" alt="Change map of {}">').format(data, caption), caption)


def _what_ran(metrics: pd.DataFrame, predictions: Sequence[Predictions], references: set[str]) -> tuple[str, ...]:
    models = [m for m in metrics["model"].unique() if m not in references]
    seeds = sorted(metrics.loc[metrics["model"].isin(models), "seed"].unique())
    paths = sorted({one.path for one in predictions if one.quantum}, key=path_order)
    samples = int(metrics["samples"].max())
    cities = metrics["group"].nunique() - 1
    place = f" of {plural(cities, 'city')}" if cities > 0 else ""
    return (
        f"{plural(len(models), 'quantum model')}: {', '.join(models)}; "
        f"{plural(len(seeds), 'seed')} ({', '.join(map(str, seeds))}).",
        f"Classical references on the same pixels: {', '.join(sorted(references)) or 'none'}.",
        f"Execution paths: {'; '.join(map(path_name, paths))}. Test set: {plural(samples, 'sample')}{place}.",
    )


def _ran_where(one: Predictions) -> dict[str, Any]:
    kept = (
        "weights_fingerprint",
        "program_digest",
        "backend",
        "calibration_digest",
        "shots",
        "jobs",
        "wall_s",
        "qpu_s",
    )
    return {
        "run": one.run,
        "path": path_name(one.path),
        "samples": len(one.columns["sample"]),
        **{key: one.about.get(key, "") for key in kept},
    }


def _versions(predictions: Sequence[Predictions]) -> list[tuple[str, str]]:
    found: dict[str, set[str]] = {}
    for one in predictions:
        for package, version in one.about.get("versions", {}).items():
            found.setdefault(package, set()).add(version)
    return [(package, ", ".join(sorted(found[package]))) for package in sorted(found)]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return rows


def _is_of(run: Run, key: tuple[str, str]) -> bool:
    return (run.study, run.dataset) == key


def _own(predictions: Sequence[Predictions], key: tuple[str, str]) -> list[Predictions]:
    return sorted((one for one in predictions if _is_of(one.run, key)), key=run_order)


def _own_histories(
    histories: Sequence[tuple[Run, pd.DataFrame]], key: tuple[str, str]
) -> dict[str, list[pd.DataFrame]]:
    found: dict[str, list[pd.DataFrame]] = {}
    for run, history in sorted(histories, key=lambda pair: (pair[0].model, pair[0].phase, pair[0].seed)):
        if _is_of(run, key):
            found.setdefault(run.model, []).append(history)
    return found
