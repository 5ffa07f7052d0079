"""Train a model at every point of an axis, all in one process, and score each point's test samples."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.circuits.library import build_for_classes
from hqnn.circuits.program_file import write_program
from hqnn.data.parts import TRAIN
from hqnn.data.rows import first_column
from hqnn.data.samples import Samples, class_names, read_samples
from hqnn.data.smaller import write_smaller_split
from hqnn.execution.backends import calibration_file
from hqnn.execution.exact import run_exact
from hqnn.execution.predict import predict
from hqnn.execution.references import predict_reference
from hqnn.execution.twin import predict_classical
from hqnn.metrics.points import point_of
from hqnn.metrics.table import write_metrics
from hqnn.models.hybrid import MEMORY_LIMIT_MB
from hqnn.notes import noting
from hqnn.settings.chosen import read_chosen
from hqnn.settings.spaces import circuit_name
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.draws import usual_batch
from hqnn.training.ideal import train_ideal
from hqnn.training.points import compute_points


@dataclass(frozen=True)
class Place:
    """A point's value and seed, and where its samples and results lie.

    Attributes:
        at: the value on the axis.
        seed: of initial weights, of the order of samples, and of which samples are left out.
        folder: of what the point leaves.
        samples: the tables of the store.
        train_samples: how many train samples remain; all where None.
        tuned: file of the settings that a search chose, where there is one; on all train samples, and for the sizes
            that the study's keys say.
    """

    at: int
    seed: int
    folder: str
    samples: Sequence[str]
    train_samples: int | None
    tuned: Sequence[str]


@dataclass(frozen=True)
class Point(Place):
    """A point at which a net is trained.

    Attributes:
        circuit: arguments of `build_for_classes`; None for a net that has none and follows none.
        circuit_tuned: file of the settings that a search chose for the model whose circuit it is.
        kind: of the architecture.
        options: of the architecture.
        training: values of `hqnn.settings.fitting.Training`, as for all train samples.
    """

    circuit: Mapping[str, Any] | None
    circuit_tuned: Sequence[str]
    kind: str
    options: Mapping[str, Any]
    training: Mapping[str, Any]


def train_curve(
    output: str | os.PathLike[str],
    points: Sequence[Point],
    *,
    axis: str,
    has_circuit: bool,
    table: str,
    about: Mapping[str, Any],
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    device: str = "cpu",
    **training: Any,
) -> None:
    """Train a net at every point and write the scores of all.

    A point that a killed job trained is not trained again. Where train samples are left out, there are as many steps as
    on all of them, so that fewer samples are not less training.

    Args:
        output: of the tidy table.
        points: what to train.
        axis: its key in the config.
        has_circuit: whether the model runs in the engine, or is a classical network.
        table: of all samples; it says how many classes there are.
        about: what the path of the results says: study, dataset, model.
        memory_limit_mb: of the engine.
        device: see `hqnn.models.device.device_of`.
        training: further arguments of `hqnn.training.ideal.train_ideal`.
    """
    tables, classes = [], len(class_names(table))
    for point in points:
        files, chosen = _tables(point, axis), read_chosen(point.tuned)
        folder = Path(point.folder)
        train_ideal(
            folder / "model.safetensors",
            folder / "history.csv",
            samples=files,
            program=_programs(point, classes, axis),
            kind=point.kind,
            options={**point.options, **chosen.options},
            training=_as_long(point, files, {**point.training, **chosen.training}),
            seed=point.seed,
            memory_limit_mb=memory_limit_mb,
            device=device,
            **training,
        )
        model, predictions = folder / "model.safetensors", folder / "predictions.h5"
        engine = {"memory_limit_mb": memory_limit_mb, "device": device} if has_circuit else None
        _predict(predictions, read_samples(files), model, {**about, "seed": point.seed}, engine)
        tables.append(point_of(predictions, axis, point.at, model))
    write_metrics(Path(output), tables)


def fit_curve(
    output: str | os.PathLike[str],
    places: Sequence[Place],
    *,
    axis: str,
    parameters: Mapping[str, Any],
    about: Mapping[str, Any],
    code: str = "",
    **fitting: Any,
) -> None:
    """Fit a reference at every point and write the scores of all; a killed curve goes on at the next point.

    Args:
        output: of the tidy table.
        places: where to fit it.
        axis: its key in the config.
        parameters: of `hqnn.execution.references.predict_reference`.
        about: what the path of the results says: study, dataset, model.
        code: see `hqnn.training.checkpoints.Checkpoint`.
        fitting: further arguments of `predict_reference`.
    """
    points = [partial(_fit, place, axis, {**fitting, "parameters": parameters}, about) for place in places]
    of_places = [(place.at, place.seed, place.train_samples, len(place.samples), len(place.tuned)) for place in places]
    known = [of_places, axis, dict(parameters), dict(about), fitting]
    backend = parameters.get("backend")
    files = [file for place in places for file in (*place.samples, *place.tuned)]
    files += [str(calibration_file(backend))] if backend else []
    write_metrics(Path(output), compute_points(points, Checkpoint.of_table(output, code), files=files, said=known))


def _fit(place: Place, axis: str, fitting: Mapping[str, Any], about: Mapping[str, Any]) -> pd.DataFrame:
    """Fit a reference at one point; what it warns of stands in its predictions, whatever other points said."""
    predictions = Path(place.folder) / "predictions.h5"
    with noting():
        predict_reference(
            predictions,
            samples=_tables(place, axis),
            name=about["model"],
            seed=place.seed,
            tuned=place.tuned,
            about={**about, "phase": "ideal", "path": "exact"},
            **fitting,
        )
    return point_of(predictions, axis, place.at)


def _predict(
    output: Path, test: Samples, model: Path, about: Mapping[str, Any], engine: Mapping[str, Any] | None
) -> None:
    """Run a trained net, in the engine where it has a circuit."""
    if engine is None:
        predict_classical(output, samples=test, model=model, about=about)
        return
    said = {**about, "phase": "ideal", "path": "exact"}
    predict(output, samples=test, model=model, path=run_exact, about=said, **engine)


def _tables(place: Place, axis: str) -> list[str]:
    """The tables of the store, behind one that leaves train samples out where there is one."""
    Path(place.folder).mkdir(parents=True, exist_ok=True)
    if place.train_samples is None:
        return list(place.samples)
    smaller = f"{place.folder}/split.h5"
    write_smaller_split(smaller, place.samples, place.train_samples, seed=place.seed, key=f"curves.{axis}")
    return [smaller, *place.samples]


def _programs(point: Point, classes: int, axis: str) -> list[str]:
    """The file of the circuit that is traced at this point, where there is one."""
    if point.circuit is None:
        return []
    circuit, file = {**point.circuit, **read_chosen(point.circuit_tuned).circuit}, f"{point.folder}/program.json"
    if axis == "layers":
        circuit["name"] = circuit_name(circuit["name"], {"layers": point.at})
    write_program(file, build_for_classes(**circuit, classes=classes))
    return [file]


def _as_long(place: Place, files: Sequence[str], training: dict[str, Any]) -> dict[str, Any]:
    """How a net is trained in as many steps as on all train samples; whatever is counted in epochs grows alike."""
    if place.train_samples is None:
        return training
    sizes = [int(np.count_nonzero(first_column(tables, "split") == TRAIN)) for tables in (place.samples, files)]
    steps = [math.ceil(size / (training["batch_size"] or usual_batch(size))) for size in sizes]
    counted = ("epochs", "step_epochs", "patience")
    return training | {key: math.ceil(training[key] * steps[0] / steps[1]) for key in counted if training.get(key)}
