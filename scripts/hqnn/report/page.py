"""One self-contained page that says what was run and what came out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hqnn.metrics.published import read_published
from hqnn.metrics.runs import read_history
from hqnn.metrics.table import read_metrics
from hqnn.report.chapter import Chapter, Material
from hqnn.report.images.chapter import digits_chapters
from hqnn.report.photographs.chapter import transfer_chapters
from hqnn.report.pixels.chapter import change_chapters
from hqnn.report.runs import Predictions, read_predictions, run_order
from hqnn.report.words import full_path, metric_name, path_name
from hqnn.store import file_digest, write_text

TEMPLATES = Path(__file__).parent
CHAPTERS: dict[str, Callable[[Material], list[Chapter]]] = {
    "change": change_chapters,
    "masks": transfer_chapters,
    "cracks": transfer_chapters,
    "digits": digits_chapters,
}


def write_report(
    output: Path,
    *,
    metrics: Path,
    histories: Sequence[Path],
    predictions: Sequence[Path],
    artefacts: Sequence[Path],
    settings: Mapping[str, Any],
    published: Sequence[Path],
) -> None:
    """Write the report: one HTML file that opens offline and asks nothing of any network.

    Equal inputs give equal bytes.

    Args:
        output: of the page.
        metrics: the tidy table.
        histories: CSV files with columns epoch, loss, accuracy and, where recorded, validation_loss and
            validation_accuracy, one a training run, under ``<study>/<dataset>/<model>/<phase>/seed<k>/``.
        predictions: every file that was scored.
        artefacts: maps, scores and pictures that other rules made for the page, under ``<study>/``.
        settings: what was set; nested mappings are sections.
        published: the papers' figures, a file named after each study.

    Raises:
        UserError: a file is missing, damaged or not in its schema.
    """
    table = read_metrics(metrics)
    table["path"] = [full_path(*pair) for pair in zip(table["path"], table["backend"], strict=True)]
    read = sorted((read_predictions(path) for path in predictions), key=run_order)
    trained = [read_history(path) for path in histories]
    papers = {path.stem: read_published(path) for path in published}
    nothing = next(iter(papers.values())).iloc[:0] if papers else pd.DataFrame()
    chapters = [
        chapter
        for study, rows in table.groupby("study", sort=False)
        for chapter in CHAPTERS[str(study)](
            Material(
                metrics=rows,
                predictions=[one for one in read if one.run.study == study],
                histories=[(run, history) for run, history in trained if run.study == study],
                artefacts=[path for path in artefacts if study in path.parts],
                published=papers.get(str(study), nothing),
            )
        )
    ]
    page = _template().render(
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        chapters=chapters,
        ran_where=[_ran_where(one) for one in read],
        settings=_flat(settings),
        versions=_versions(read),
        digests=[(path.as_posix(), file_digest(path)) for path in (metrics, *predictions, *histories)],
        published=[{"study": study, **row} for study, paper in papers.items() for row in paper.to_dict("records")],
        metric_name=metric_name,
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
