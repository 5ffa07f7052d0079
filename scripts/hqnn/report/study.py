"""The chapter of one study: what was run and what came out, rendered for its own page and for the page of all."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from hqnn.metrics.published import read_published
from hqnn.metrics.runs import read_history
from hqnn.metrics.table import along_axes, as_set, read_metrics
from hqnn.report.chapter import Chapter, Material
from hqnn.report.costs import cost_section, used_by_runs
from hqnn.report.curves import curve_section
from hqnn.report.doubts import doubts
from hqnn.report.images.chapter import image_chapters
from hqnn.report.jobs import jobs_table
from hqnn.report.layer import with_layer
from hqnn.report.machines import with_machines
from hqnn.report.overview import overview
from hqnn.report.page import StudyChapter, template, write_report
from hqnn.report.photographs.chapter import photograph_chapters
from hqnn.report.pixels.chapter import pixel_chapters
from hqnn.report.runs import Predictions, read_predictions, run_order
from hqnn.report.table.chapter import table_chapters
from hqnn.report.tuning import read_searches, tuned_scores, tuned_words, with_tuning
from hqnn.report.verdicts import verdict_section
from hqnn.report.words import full_path, metric_name, path_name, split_name
from hqnn.settings.execution import MARGIN
from hqnn.store import file_digest, open_table, read_attributes, write_text

log = logging.getLogger(__name__)

CHAPTERS: Mapping[str, Callable[[Material], list[Chapter]]] = {
    "pixels": pixel_chapters,
    "photographs": photograph_chapters,
    "images": image_chapters,
    "table": table_chapters,
}
LEADS = {
    "pixels": "Pixels of scenes, classified one by one",
    "photographs": "Photographs, seen by a frozen backbone",
    "images": "Small images, through convolutions and circuits",
    "table": "Rows of a table, through a scaler and principal components",
}
SYNTHETIC = (
    "The data of this study are synthetic: they show that everything runs, and say nothing of any published figure."
)
LISTED = 300  # files that have a row of their own on the page
RAN = ("weights_fingerprint", "program_digest", "backend", "calibration_digest", "shots", "jobs", "wall_s", "qpu_s")


@dataclass(frozen=True)
class StudyFiles:
    """What a study left, and what it is.

    Attributes:
        name: of the study.
        kind: of the study, a key of `CHAPTERS`.
        title: what the page calls it.
        source: where its data come from: sample, path or download.
        settings: what was set; nested mappings are sections.
        metrics: its tidy table.
        histories: CSV files with columns epoch, loss, accuracy and, where recorded, those of other samples, one a
            training run, under ``<study>/<dataset>/<model>/<phase>/seed<k>/``.
        predictions: every file that was scored.
        artefacts: maps, scores and pictures that other rules made for the page, under ``<study>/``.
        published: files of the papers' figures that may stand beside.
        margin: see `hqnn.report.chapter.Material`.
        searches: files of the settings that were chosen, see `hqnn.report.tuning.read_searches`.
    """

    name: str
    kind: str
    title: str
    source: str
    settings: Mapping[str, Any]
    metrics: Path
    histories: Sequence[Path]
    predictions: Sequence[Path]
    artefacts: Sequence[Path]
    published: Sequence[Path]
    margin: float = MARGIN
    searches: Sequence[Path] = ()


def write_study(page: Path, chapter: Path, files: StudyFiles) -> None:
    """Write a study's page, and its chapter as JSON for the page of all studies.

    Equal inputs of equal times give equal bytes.

    Args:
        page: one HTML file that opens offline and asks nothing of any network.
        chapter: see `hqnn.report.page.StudyChapter`.
        files: what there is.

    Raises:
        UserError: a file is missing, damaged or not in its schema.
    """
    write_text(chapter, json.dumps(asdict(study_chapter(files)), ensure_ascii=False))
    write_report(page, [chapter])


def study_chapter(files: StudyFiles) -> StudyChapter:
    """Read what a study left, and render it."""
    whole = read_metrics(files.metrics)
    table = as_set(whole).copy()
    table["path"] = [full_path(*pair) for pair in zip(table["path"], table["backend"], strict=True)]
    found = [read_predictions(path) for path in files.predictions]
    read = sorted(found, key=run_order)
    published, searches = read_published(*files.published), read_searches(files.searches)
    material = Material(
        metrics=table,
        predictions=read,
        histories=[read_history(path) for path in files.histories],
        artefacts=list(files.artefacts),
        published=published,
        margin=files.margin,
        points=along_axes(whole),
        used=used_by_runs(files.histories, files.predictions),
        tuned=tuned_scores(searches),
    )
    synthetic = files.source == "sample"
    chapters = [
        with_tuning(with_layer(with_machines(_judged(chapter, material), material), material), material, searches)
        for chapter in CHAPTERS[files.kind](material)
    ]
    html = template("study.html.j2").render(
        study=files.name,
        title=files.title,
        lead=LEADS[files.kind],
        notice=SYNTHETIC if synthetic else "",
        chapters=chapters,
        notes=list(dict.fromkeys([*read_notes(files.artefacts), *notes_of(one.about for one in found)])),
        jobs=jobs_table(read),
        ran_where=[_ran_where(one) for one in _listed(read)],
        files=len(read),
        settings=_flat(files.settings),
        versions=_versions(read),
        digests=_digests([files.metrics, *files.predictions, *files.histories]),
        published=published.to_dict("records"),
        metric_name=metric_name,
    )
    return StudyChapter(
        study=files.name,
        kind=files.kind,
        title=files.title,
        synthetic=synthetic,
        ran_at=_ran_at(files.predictions),
        anchor=f"{files.name}-{chapters[0].dataset}",
        tuning=tuned_words(list(map(str, table["model"].unique())), searches),
        overview=overview(material, [chapter.dataset for chapter in chapters]),
        html=html,
    )


def _judged(chapter: Chapter, material: Material) -> Chapter:
    """The chapter with verdicts on pairs of models, and doubts about single ones, which the log says, too."""
    own = material.of_chapter(chapter.dataset)
    datasets = list(own.metrics["dataset"].unique())
    said = [
        sentence
        for name in datasets
        for sentence in doubts(own.of(name), f"{split_name(name) or name}: " if len(datasets) > 1 else "")
    ]
    for sentence in said:
        log.warning("%s", sentence)
    return replace(
        chapter,
        sections=(verdict_section(own), cost_section(own), curve_section(own), *chapter.sections),
        doubts=tuple(said),
    )


def read_notes(files: Iterable[Path]) -> list[str]:
    """What was warned of while the tables among files were made, each sentence once, in their order."""
    return notes_of(_attributes(path) for path in files if path.suffix == ".h5")


def notes_of(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """The same from the attributes of tables."""
    return list(dict.fromkeys(note for about in tables for note in about.get("notes", ())))


def _attributes(table: Path) -> dict[str, Any]:
    with open_table(table) as file:
        return read_attributes(file)


def _ran_at(predictions: Sequence[Path]) -> str:
    """When the newest predictions were made, to the minute."""
    newest = max(path.stat().st_mtime for path in predictions)
    return datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _listed(read: Sequence[Predictions]) -> Sequence[Predictions]:
    """What has a row of its own: all, or of very many those of the first seed of each run."""
    if len(read) <= LISTED:
        return read
    first: dict[tuple[str, str, str], int] = {}
    for one in read:
        key = (one.run.dataset, one.run.model, one.run.phase)
        first[key] = min(first.get(key, one.run.seed), one.run.seed)
    return [one for one in read if one.run.seed == first[one.run.dataset, one.run.model, one.run.phase]]


def _digests(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Each file with its sha256; of very many the first, and one of all lines ``sha256  file``."""
    found = [(path.as_posix(), file_digest(path)) for path in paths]
    if len(found) <= LISTED:
        return found
    lines = "".join(f"{sha}  {file}\n" for file, sha in found)
    return [found[0], (f"all {len(found):,} files, as sha256sum lists them", sha256(lines.encode()).hexdigest())]


def _ran_where(one: Predictions) -> dict[str, Any]:
    return {
        "run": one.run,
        "path": path_name(one.path),
        "samples": len(one.columns["sample"]),
        **{key: one.about.get(key, "") for key in RAN},
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
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return rows
