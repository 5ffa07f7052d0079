"""Made-up studies: predictions, histories, samples, maps and scores, lying as a run would leave them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.circuits.program import Angle, Gate, Program
from hqnn.circuits.sizes import observables_for
from hqnn.data.parts import PARTS, TEST
from hqnn.data.pixels.scene import UNLABELLED
from hqnn.data.pixels.summary import SceneSummary, write_summaries
from hqnn.data.samples import Samples
from hqnn.data.table.prepare import prepare_table
from hqnn.data.table.splits import write_table_split
from hqnn.execution.predictions import write_predictions
from hqnn.metrics.evaluate import evaluate_study
from hqnn.metrics.published import read_published
from hqnn.report.pixels.map_panel import SceneMap, map_panel
from hqnn.report.pixels.scene_layers import SceneLayers
from hqnn.report.study import StudyFiles, write_study
from hqnn.settings.splits import Split
from hqnn.store import add_column, new_table, read_table, write_model, write_text

CITIES = ("brasilia", "montpellier", "norcia", "rio")
CHANGE = ("no_change", "change")
QUANTUM = "angle_y-simplified_two_design-3"
PATHS = {"exact": 1.0, "shots": 1.0, "noisy-ibm_brisbane": 0.81, "hardware-ibm_brisbane": 0.8}
EXACT = {"exact": 1.0}
REFERENCES = {"change_vector": 1.0, "logistic_regression": 0.85, "mlp": 1.05}
UNTRAINED = "change_vector"
SETTINGS = {
    "seeds": [0, 1],
    "data": {"source": "path", "path": "oscd"},
    "training": {"learning_rate": 0.01, "epochs": 20},
}
PUBLISHED = Path(__file__).resolve().parents[1] / "resources" / "published" / "change.csv"
SPLIT = Split(train=0.5, validation=0.1, test=0.4)


@dataclass(frozen=True)
class Sources:
    """The files a report is made from."""

    metrics: Path
    histories: list[Path]
    predictions: list[Path]
    artefacts: list[Path]


@dataclass(frozen=True)
class Made:
    """What is made up of a study.

    Attributes:
        folder: below which everything lies.
        study: its name.
        dataset: name of its data set.
        classes: names.
        signal: how well models tell them apart; 0 for guessing.
        subset: how many samples the slow paths ran on.
        seeds: of every run.
        paths: by which quantum models ran, and how much of the signal is left.
        rng: the source of randomness.
        predictions: files that were written.
        histories: likewise.
        artefacts: likewise.
    """

    folder: Path
    study: str
    dataset: str
    classes: Sequence[str]
    signal: float
    subset: int
    seeds: int
    paths: Mapping[str, float] = field(default_factory=lambda: PATHS)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    predictions: list[Path] = field(default_factory=list)
    histories: list[Path] = field(default_factory=list)
    artefacts: list[Path] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Of the results of the data set."""
        return self.folder / "results" / self.study / self.dataset

    def predict(self, model: str, seed: int, tests: Samples, *, quantum: bool, strength: float = 1.0) -> None:
        """Write the predictions of one training run by every path, and its history."""
        run = self.root / model / "ideal" / f"seed{seed}"
        paths = self.paths if quantum else EXACT
        few = np.sort(np.random.default_rng(1).permutation(len(tests.ids))[: self.subset])
        exact = self._expectations(tests, strength)
        for path, contrast in paths.items():
            rows = np.arange(len(tests.ids)) if path == "exact" else few
            error = 0.03 if path in ("shots", "hardware-ibm_brisbane") else 0.0
            values = np.clip(contrast * exact[rows] + error * self.rng.normal(size=exact[rows].shape), -1, 1)
            some = Samples(tests.ids[rows], np.empty(0), tests.labels[rows], np.empty(0), tuple(self.classes))
            self.predictions.append(run / path / "predictions.h5")
            shown = (values, np.full_like(values, error)) if quantum else (None, None)
            write_predictions(self.predictions[-1], some, _probability(values, quantum=quantum),
                              self._about(model, path, seed, error, quantum=quantum), *shown)  # fmt: skip
        if quantum:
            self.histories.append(run / "history.csv")
            write_text(self.histories[-1], _history(self.rng))

    def net(self, model: str) -> None:
        """Write the file of a trained net."""
        self.artefacts.append(self.root / model / "ideal" / "seed0" / "model.safetensors")
        wires = 8
        two = ("I" + "Z" + "I" * (wires - 2),)
        words = two if len(self.classes) == 2 else tuple(map(_word, observables_for(len(self.classes), wires)))
        gates = tuple(Gate("RY", (wire,), (Angle(inputs=((wire, 1.0),)),)) for wire in range(wires))
        program = Program(wires, wires, (1, wires), gates, words)
        about = {"architecture": {"kind": "pixel", "shape": [8], "classes": len(self.classes), "options": {}}}
        write_model(self.artefacts[-1], {"weights": np.zeros(wires)}, {**about, "program": program.to_json()})

    def files(self, kind: str, samples: Sequence[Path], published: Sequence[Path], draws: int) -> StudyFiles:
        """Score everything, and say what there is."""
        metrics = self.folder / "results" / self.study / "metrics.csv"
        evaluate_study(metrics, predictions=self.predictions, samples=samples, published=read_published(*published),
                       draws=draws, seed=0)  # fmt: skip
        return StudyFiles(
            name=self.study,
            kind=kind,
            title=self.study.replace("_", " ").capitalize(),
            source="path" if published else "sample",
            settings=SETTINGS,
            metrics=metrics,
            histories=self.histories,
            predictions=self.predictions,
            artefacts=self.artefacts,
            published=published,
        )

    def _expectations(self, tests: Samples, strength: float) -> np.ndarray:
        """Expectation values that tell the classes apart as well as the signal says."""
        noise = self.rng.normal
        if len(self.classes) == 2:
            of_scene = 0.1 * tests.groups * tests.labels
            centre = -0.25 + strength * self.signal * (0.75 * tests.labels + of_scene)
            return np.asarray(0.9 * np.tanh(noise(centre, 0.45)))[:, None]
        told = np.eye(len(self.classes))[tests.labels]
        return np.asarray(0.9 * np.tanh(noise(strength * self.signal * told, 0.4)))

    def _about(self, model: str, path: str, seed: int, error: float, *, quantum: bool) -> dict[str, Any]:
        about = {
            "study": self.study,
            "dataset": self.dataset,
            "model": model,
            "phase": "ideal",
            "path": path.partition("-")[0],
            "seed": seed,
            "backend": path.partition("-")[2] or ("engine" if quantum else "scikit-learn"),
            "wall_s": 0.25,
        }
        ran = {
            "weights_fingerprint": f"{seed + 10:02x}" * 32,
            "program_digest": "5e" * 32,
            "shots": 1024 if error else 0,
            "jobs": int(path.startswith("hardware")),
            "qpu_s": 0.0,
            "calibration_digest": "c4" * 32 if "brisbane" in path else "",
        }
        return {**about, **(ran if quantum else {})}


def make_pixels(
    folder: Path,
    study: str = "change",
    *,
    classes: Sequence[str] = CHANGE,
    scenes: Sequence[str] = CITIES,
    samples: int = 1200,
    subset: int = 200,
    seeds: int = 2,
    draws: int = 40,
    signal: float = 1.0,
    published: Sequence[Path] = (PUBLISHED,),
    references: Sequence[str] = tuple(REFERENCES),
    paths: Mapping[str, float] = PATHS,
    leaks: bool = False,
    untested: Sequence[int] = (),
) -> StudyFiles:
    """Write a study of pixels below a folder; with labels but not of the classes `untested`."""
    made = Made(folder, study, "oscd", classes, signal, subset, seeds, paths)
    shares = np.array([0.94, 0.06] if len(classes) == 2 else np.ones(len(classes)))
    shares[list(untested)] = 0
    labels = made.rng.choice(len(classes), size=samples, p=shares / shares.sum()).astype(np.uint8)
    scene = made.rng.integers(len(scenes), size=samples).astype(np.uint16)
    _write_pixels(made, labels, scene, scenes, leaks=leaks)
    tests = Samples(np.arange(samples), np.empty(0), labels, scene.astype(int), tuple(classes))
    for seed in range(seeds):
        made.predict(QUANTUM, seed, tests, quantum=True)
    for model in references:
        for seed in range(1 if model == UNTRAINED else seeds):
            made.predict(model, seed, tests, quantum=False, strength=REFERENCES[model])
    made.net(QUANTUM)
    made.artefacts.append(made.root / QUANTUM / "ideal" / "seed0" / "maps")
    made.artefacts[-1].mkdir(parents=True, exist_ok=True)
    for name in scenes[:2]:
        (made.artefacts[-1] / f"{name}.png").write_bytes(_map(made.rng, classes))
        made_layers(made.rng, classes).write(made.artefacts[-1] / f"{name}.h5")
    return made.files("pixels", [made.root / "samples.h5"], published, draws)


def make_rows(
    folder: Path,
    study: str = "measurements",
    *,
    classes: Sequence[str] = ("bark", "leaf", "soil"),
    rows: int = 500,
    subset: int = 80,
    seeds: int = 2,
    draws: int = 40,
    signal: float = 1.0,
    parted: bool = True,
) -> StudyFiles:
    """Write a study of rows of a table below a folder; where `parted`, its split parts rows of a plot."""
    split = SPLIT if parted else SPLIT.model_copy(update={"group": "plot"})
    made = Made(folder, study, f"plots-{split.name}", classes, signal, subset, seeds)
    raw = made.root.with_name("plots") / "samples.h5"
    _write_rows(folder / "rows.csv", made, rows)
    prepare_table(raw, folder / "rows.csv", group="plot", label="class", empty="drop")
    made.artefacts.append(raw)
    for seed in range(seeds):
        made.artefacts.append(made.root / f"seed{seed}" / "split.h5")
        write_table_split(raw, made.artefacts[-1], split, seed=seed)
        ids = np.flatnonzero(read_table(made.artefacts[-1], "split")[0]["split"] == TEST)
        columns, about = read_table(raw, "labels")
        tests = Samples(ids, np.empty(0), columns["labels"][ids], np.zeros(len(ids), int), tuple(about["classes"]))
        made.predict(QUANTUM, seed, tests, quantum=True)
        for model in ("logistic_regression", "dense_twin"):
            made.predict(model, seed, tests, quantum=False, strength=REFERENCES.get(model, 0.9))
    made.net(QUANTUM)
    return made.files("table", made.artefacts[:2], (), draws)


def _write_pixels(made: Made, labels: np.ndarray, scene: np.ndarray, scenes: Sequence[str], *, leaks: bool) -> None:
    about = {
        "scenes": list(scenes),
        "classes": list(made.classes),
        "dates": 2 if len(made.classes) == 2 else 1,
        "bands": ["B02", "B03", "B04", "B08"],
        "band_names": [f"B{number:02d}" for number in range(1, 14)],
        "layout": "per_date",
        "windows": [],
        "chosen": [],
        "components": 8,
        "stride": 10,
        "fit": "train",
        "whiten": True,
        "leaks": leaks,
        "within": {"by": "random" if leaks else "blocks", "block": 15, "train": 0.5, "validation": 0.1,
                   "train_per_class": None},
    }  # fmt: skip
    summaries = [
        SceneSummary(name, "" if leaks else "test", _counted(labels[scene == place], len(made.classes)), 120, 12, 7, 0)
        for place, name in enumerate(scenes)
    ]
    made.artefacts.append(made.root / "samples.h5")
    with new_table(made.artefacts[-1], about) as file:
        add_column(file, "labels", labels)
        add_column(file, "scene", scene)
        for name in ("row", "column"):
            add_column(file, name, made.rng.integers(500, size=len(labels)).astype(np.int32))
        write_summaries(file.create_group("summary"), summaries)


def _counted(labels: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...]:
    """Twice as many train samples as there are test samples."""
    tests = np.bincount(labels, minlength=classes)
    return tuple(tuple((tests * {"train": 2, "test": 1}.get(part, 0)).tolist()) for part in PARTS)


def _write_rows(path: Path, made: Made, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("plot", "first", "second", "class"))
        writer.writerow(("plot_0", "", "0.5", made.classes[0]))  # one with an empty cell
        for row in range(rows):
            numbers = made.rng.normal(size=2).round(4)
            writer.writerow((f"plot_{row % 20}", *numbers, made.classes[row % len(made.classes)]))


def _probability(values: np.ndarray, *, quantum: bool) -> np.ndarray:
    scaled = np.exp((1.0 if quantum else 3.0) * values)
    if values.shape[1] == 1:
        return np.asarray(scaled / (1 + scaled))[:, 0]
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def _word(short: str, wires: int = 8) -> str:
    places = dict(zip(map(int, short[1::2]), short[::2], strict=True))
    return "".join(places.get(wire, "I") for wire in range(wires))


def _history(rng: np.random.Generator) -> str:
    epochs = np.arange(1, 21)
    loss = 0.52 + 0.17 * np.exp(-epochs / 5) + rng.normal(0, 0.002, 20)
    accuracy = 0.76 - 0.2 * np.exp(-epochs / 4) + rng.normal(0, 0.003, 20)
    rows = [f"{e},{a!r},{b!r}" for e, a, b in zip(epochs, loss.tolist(), accuracy.tolist(), strict=True)]
    return "\n".join(["epoch,loss,accuracy", *rows]) + "\n"


def _map(rng: np.random.Generator, classes: Sequence[str]) -> bytes:
    dates = [rng.random((40, 50, 3)) for _ in range(2 if len(classes) == 2 else 1)]
    truth = np.zeros((40, 50), dtype=np.uint8)
    truth[10:20, 15:30] = 1
    if len(classes) == 2:
        probability = np.clip(rng.normal(0.42 + 0.15 * truth, 0.06), 0, 1)
        return map_panel(dates, SceneMap.of_two((classes[0], classes[1]), probability), truth)
    predicted = np.where(rng.random(truth.shape) < 0.8, truth, 2).astype(np.uint8)
    return map_panel(dates, SceneMap(tuple(classes), predicted, rng.uniform(0.4, 1, truth.shape)), truth)


def made_layers(rng: np.random.Generator, classes: Sequence[str]) -> SceneLayers:
    """What is looked through of a scene whose corner is invalid and whose edge has no labels."""
    shape, dates = (40, 50), 2 if len(classes) == 2 else 1
    truth = (rng.random(shape) < 0.2).astype(np.uint8)
    truth[:, 45:] = UNLABELLED
    odds = np.exp(rng.normal(size=(*shape, len(classes))) + (truth[..., None] == np.arange(len(classes))))
    probability = (odds / odds.sum(axis=2, keepdims=True)).round(3)  # many lie on a threshold
    expectation = rng.uniform(-1, 1, (*shape, 1))
    values = rng.uniform(200, 4000, (*shape, dates, 3))
    for raster in (probability, expectation, values):
        raster[:5, :5] = np.nan
    single = [raster.astype(np.float32) for raster in (values, probability, expectation)]
    numbers = (1,) if dates == 1 else (1, 2)
    return SceneLayers(*single, truth, step=2, bands=("B08", "B04", "B03"), dates=numbers,
                       classes=tuple(classes), observables=("Z1",))  # fmt: skip


SMALL: dict[str, Any] = {"published": (), "references": ("mlp",), "paths": EXACT, "seeds": 1, "samples": 400}


def page_of(folder: Path, files: StudyFiles) -> str:
    """The page of one study."""
    write_study(folder / "page.html", folder / "chapter.json", files)
    return (folder / "page.html").read_text(encoding="utf-8")


def overview_of(folder: Path, study: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / f"{study}.json").read_text(encoding="utf-8"))["overview"]
    return rows


def values(metrics: pd.DataFrame, metric: str, sampling: str = "all", model: str = QUANTUM) -> pd.Series:
    rows = metrics.query("metric == @metric and sampling == @sampling and model == @model and group == 'pooled'")
    return rows[rows["path"] == "exact"]["value"]
