"""What the fuzz throws damages at: how each file is made, how the rules read it, and what a right result is."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import yaml
from damages import Generator, damage_one, of_config
from qiskit.circuit import ParameterVector, QuantumCircuit
from raw_files import (
    ROWS,
    SIDE,
    rows,
    write_csv,
    write_hdf5,
    write_image_npz,
    write_images,
    write_npz,
    write_parquet,
    write_scenes,
)

from digits_files import mnist_files, random_parts, write_cifar_binary, write_cifar_python
from hqnn.checks import calibrations_of, checked
from hqnn.circuits.library import build_for
from hqnn.circuits.program_file import read_program, write_program
from hqnn.data.groups import Grouping
from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.data.pixels.layouts_of_scenes import open_collection
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.tiffs import write_bands
from hqnn.data.samples import Samples, read_samples
from hqnn.data.splits import write_split
from hqnn.data.synthetic.pairs import write_sample
from hqnn.data.table.prepare import prepare_table
from hqnn.execution.backends import CALIBRATIONS, calibration_files, snapshot
from hqnn.execution.predictions import write_predictions
from hqnn.interpreters.qpy import load_qpy, save_qpy
from hqnn.metrics.runs import read_history
from hqnn.metrics.table import COLUMNS, read_metrics
from hqnn.report.page import write_report
from hqnn.report.runs import read_predictions
from hqnn.settings.splits import Split
from hqnn.store import read_model, read_table, write_model, write_table

ROOT = Path(__file__).parents[2]
FEW = random_parts(train=30, test=10)
OWN_FILES = f"""
studies:
  mine:
    kind: table
    data: {{source: path, path: {ROOT}/pyproject.toml}}
    phases: [ideal, noisy]
    qubits: 4
    observables: [Z0, X1Y2]
    models: [angle_y-simplified_two_design-3-reupload]
    execution: {{paths: [noisy], backends: [ibmq_lima, {ROOT}/resources/calibrations/published_kolkata.yaml]}}
"""
RUN = "mine/sample/angle/ideal/seed0"
Read = Callable[[Path, Path], Any]  # of the folder of the data, and of where to write to


@dataclass(frozen=True)
class Target:
    """What is damaged.

    Attributes:
        write: makes the files in a folder.
        read: reads them as a rule does.
        right: whether what was read of damaged files is right, beside what was read of whole ones.
        damage: damages something in the folder, and says what.
    """

    write: Callable[[Path], object]
    read: Read
    right: Callable[[Any, Any], bool]
    damage: Callable[[Path, Generator], str] = damage_one


def same(found: Any, good: Any) -> bool:
    """Equal to the last bit; NaN is NaN."""
    if isinstance(good, np.ndarray):
        return isinstance(found, np.ndarray) and found.dtype == good.dtype and found.tobytes() == good.tobytes()
    if dataclasses.is_dataclass(good) and not isinstance(good, type):
        return type(found) is type(good) and same(vars(found), vars(good))
    if isinstance(good, Mapping):
        return found.keys() == good.keys() and all(same(found[key], good[key]) for key in good)
    if isinstance(good, list | tuple):
        return len(found) == len(good) and all(map(same, found, good))
    return bool(found == good) or (good != good and found != found)


def finite(value: Any) -> bool:
    """Whether all numbers in it are."""
    if isinstance(value, Mapping):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _plausible(found: Any, good: Any) -> bool:
    """Whether a table of samples of the same form holds finite numbers and labels of its classes."""
    (columns, about), (known, _) = found, good
    numbers = next(columns[name] for name in ("features", "images", "raw") if name in columns)
    labels, rows = columns["labels"], len(columns["labels"])
    return (
        len(columns) == len(known)  # a group is called as its column is
        and all(len(values) == rows and values.ndim == known.get(name, values).ndim for name, values in columns.items())
        and bool(np.isfinite(numbers).all())
        and rows > 0
        and int(labels.max()) < len(about["classes"])
    )


def _table(prepare: Callable[[Path, Path], object]) -> Read:
    """A rule that writes samples.h5."""

    def read(folder: Path, output: Path) -> Any:
        prepare(folder, output / "samples.h5")
        return read_table(output / "samples.h5")

    return read


def _config(text: str) -> Target:
    def damage(folder: Path, generator: Generator) -> str:
        path = folder / "config.yaml"
        changed = of_config(yaml.safe_load(path.read_text()), generator)
        path.write_text(yaml.safe_dump(changed, sort_keys=False))
        return str(changed)

    def read(folder: Path, _: Path) -> Any:
        settings, plans = checked(yaml.safe_load((folder / "config.yaml").read_text()))
        calibrations_of(plans.values())
        for plan in plans.values():
            models = [*plan.models(), *plan.twins()]
            asked = [plan.predictions(), plan.artefacts(), plan.scored_with, plan.title, plan.circuits()]
            json.dumps([*asked, *([plan.training(name), plan.architecture(name).options] for name in models)])
        return settings.model_dump(exclude={"studies": {"__all__": {"baselines"}}})  # whose values are scikit-learn's

    return Target(
        lambda folder: (folder / "config.yaml").write_text(text), read, lambda found, _: finite(found), damage
    )


def _calibration(name: str) -> Target:
    def read(folder: Path, _: Path) -> Any:
        path = folder / f"mine{Path(name).suffix}"
        calibration_files([str(path)])
        found = snapshot(str(path))
        assert found.remarks is not None
        return found

    def right(found: Any, _: Any) -> bool:
        gates = [(gate.duration_ns, gate.error) for gate in found.gates]
        known = [(qubit.p10, qubit.p01) for qubit in found.qubits]
        return finite([*gates, *known, found.readout_ns]) and all(
            0 <= value <= 1 for value in (*(error for _, error in gates), *(flip for pair in known for flip in pair))
        )

    return Target(lambda folder: shutil.copy(CALIBRATIONS / name, folder / f"mine{Path(name).suffix}"), read, right)


def _write_pairs(folder: Path) -> None:
    write_sample(folder, seed=5, train=1, test=1, side=SIDE)


def _pixels(layout: str, **options: Any) -> Read:
    def prepare(folder: Path, output: Path) -> None:
        prepare_pixels(open_collection(layout, folder), output, stride=2, **options)

    return _table(prepare)


def _cube(suffix: str) -> Target:
    generator = np.random.default_rng(0)
    cube = generator.integers(1, 9000, (SIDE, SIDE, 4)).astype(np.uint16)
    truth = np.repeat(np.arange(SIDE, dtype=np.uint8) // 8, SIDE).reshape(SIDE, SIDE)

    def write(folder: Path) -> None:
        for name, values in (("cube", cube), ("truth", truth)):
            path = folder / f"{name}.{suffix}"
            if suffix == "npy":
                np.save(path, values)
            elif suffix == "mat":
                scipy.io.savemat(path, {"values": values, "note": "AVIRIS"}, do_compression=True)
            else:
                write_bands(path, np.moveaxis(np.atleast_3d(values), 2, 0), {"driver": "GTiff"})

    return Target(write, _pixels("cube", block=4), _plausible)


def _photographs(folder: Path, output: Path) -> None:
    prepare_photographs(output, folder, size=16, grouping=Grouping("groups.csv", ("site",)))


def _rows_of(name: str) -> Read:
    return _table(lambda folder, output: prepare_table(output, folder / name))


def _write_samples(folder: Path) -> None:
    values, _ = rows()
    columns = {"features": values.astype(np.float32), "labels": (np.arange(ROWS) % 2).astype(np.uint8)}
    write_table(folder / "samples.h5", columns, {"classes": ["cat", "dog"], "notes": ["one", "two"], "seed": 3})
    write_split(folder / "samples.h5", folder / "split.h5", Split(), seed=0)


def _samples(folder: Path, _: Path) -> Any:
    return [read_samples([folder / "samples.h5", folder / "split.h5"], part) for part in (0, 1, 2)]


def _write_predictions(folder: Path) -> None:
    values, _ = rows()
    samples = Samples(np.arange(ROWS), np.empty(0), (np.arange(ROWS) % 2).astype(np.uint8), np.empty(0), ("a", "b"))
    about = {"study": "s", "dataset": "d", "model": "m", "phase": "ideal", "path": "exact", "backend": "engine"}
    write_predictions(folder / "predictions.h5", samples, abs(values[:, 0]) % 1, {**about, "seed": 0}, values, values)


def _write_model(folder: Path) -> None:
    tensors = {"weights": np.arange(6.0).reshape(2, 3), "bias": np.ones(2, dtype=np.float32)}
    write_model(folder / "model.safetensors", tensors, {"architecture": {"kind": "pixel"}, "classes": ["a", "b"]})


def _circuit() -> QuantumCircuit:
    circuit, angles = QuantumCircuit(2), ParameterVector("w", 2)
    circuit.rx(angles[0] + 2 * angles[1], 0)
    circuit.cx(0, 1)
    return circuit


def _write_history(folder: Path) -> None:
    (folder / RUN).mkdir(parents=True)
    rows = [f"{epoch},{1 / epoch},{1 - 0.5 / epoch},0.{epoch}" for epoch in range(1, 9)]
    (folder / RUN / "history.csv").write_text("\n".join(("epoch,loss,accuracy,seconds", *rows)) + "\n")


def _history(folder: Path, _: Path) -> Any:
    return read_history(folder / RUN / "history.csv")


def _right_history(found: Any, good: Any) -> bool:
    (run, history), (known, _) = found, good
    return run == known and bool(np.isfinite(history[["loss", "accuracy"]].to_numpy(dtype=float)).all())


def _write_metrics(folder: Path) -> None:
    run, scored = "mine,sample,angle,ideal,exact,engine,0,all,pooled", (("accuracy", ""), ("f1", "0.5"), ("iou", "0.1"))
    rows = [f"{run},{name},0.7,0.6,0.8,40,{cell},noise,0.5" for name, cell in scored]
    (folder / "metrics.csv").write_text("\n".join((",".join(COLUMNS), *rows)) + "\n")


def _right_metrics(found: Any, _: Any) -> bool:
    numbers = found[["value", "low", "high", "published", "at"]].to_numpy()
    return tuple(found.columns) == COLUMNS and not np.isinf(numbers).any()


def _write_chapter(folder: Path) -> None:
    other = dict.fromkeys(("name", "value", "difference", "limits", "verdict"), "mlp")
    row = dict.fromkeys(("dataset", "anchor", "model", "value", "interval", "note"), "sample")
    chapter = {"study": "mine", "kind": "pixels", "title": "Mine", "synthetic": False, "ran_at": "2026-01-02 10:00"}
    overview = [{**row, "reference": other, "twin": other}]
    (folder / "chapter.json").write_text(
        json.dumps(
            {**chapter, "anchor": "mine", "tuning": "untuned", "overview": overview, "html": "<h2>Mine</h2><p>0.7</p>"}
        )
    )


def _page(folder: Path, output: Path) -> Any:
    write_report(output / "report.html", [folder / "chapter.json"])
    return (output / "report.html").read_text(encoding="utf-8")


TARGETS: Mapping[str, Target] = {
    "config demo": _config((ROOT / "config/config.yaml").read_text()),
    **{
        f"config {kind}": _config((ROOT / f"scripts/hqnn/settings/{kind}/example.yaml").read_text())
        for kind in ("pixels", "photographs", "images", "table")
    },
    "config own files": _config(OWN_FILES),
    **{f"calibration {name}": _calibration(name) for name in ("ibmq_lima.json", "iqm_adonis.json")},
    "calibration by hand": _calibration("published_lima.yaml"),
    "oscd": Target(_write_pairs, _pixels("oscd", bands="below20m"), _plausible),
    "scenes": Target(write_scenes, _pixels("scenes"), _plausible),
    **{f"cube {suffix}": _cube(suffix) for suffix in ("npy", "mat", "tif")},
    "photographs": Target(write_images, _table(_photographs), _plausible),
    "class folders": Target(write_images, _table(prepare_small_images), _plausible),
    "idx": Target(lambda folder: mnist_files(folder), _table(prepare_small_images), _plausible),
    "cifar pickles": Target(lambda folder: write_cifar_python(folder, FEW), _table(prepare_small_images), _plausible),
    "cifar binary": Target(lambda folder: write_cifar_binary(folder, FEW), _table(prepare_small_images), _plausible),
    "image npz": Target(write_image_npz, _table(prepare_small_images), _plausible),
    "csv": Target(write_csv, _rows_of("rows.csv"), _plausible),
    "parquet": Target(write_parquet, _rows_of("rows.parquet"), _plausible),
    "table npz": Target(write_npz, _rows_of("rows.npz"), _plausible),
    "table hdf5": Target(write_hdf5, _rows_of("rows.h5"), _plausible),
    "samples.h5": Target(_write_samples, _samples, same),
    "predictions.h5": Target(_write_predictions, lambda folder, _: read_predictions(folder / "predictions.h5"), same),
    "model.safetensors": Target(_write_model, lambda folder, _: read_model(folder / "model.safetensors"), same),
    "program.json": Target(
        lambda folder: write_program(folder / "program.json", build_for("angle_y-simplified_two_design-1", 3)),
        lambda folder, _: read_program(folder / "program.json"),
        lambda found, good: found.digest == good.digest,
    ),
    "program.qpy": Target(
        lambda folder: save_qpy(folder / "program.qpy", _circuit()),
        lambda folder, _: load_qpy(folder / "program.qpy"),
        lambda found, good: found == good,
    ),
    "history.csv": Target(_write_history, _history, _right_history),
    "metrics.csv": Target(_write_metrics, lambda folder, _: read_metrics(folder / "metrics.csv"), _right_metrics),
    "chapter.json": Target(_write_chapter, _page, lambda found, _: "</html>" in found),
}
