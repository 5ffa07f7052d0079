"""The same weights under each part of a device's noise, and what is said of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.data.samples import Samples
from hqnn.errors import UserError
from hqnn.execution import ablation as ablations
from hqnn.execution.ablation import COLUMNS, Setting, noisy_layers, sampled, untrained, write_ablation
from hqnn.metrics.published import read_published
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot
from hqnn.report.ablation import explain, imbalance_answer, published_steps, read_ablation, sureness_answer
from hqnn.report.ablation import write_explanation as write_shown
from hqnn.store import write_table

WIRES, SAMPLES = 3, 240
P10, P01 = 0.03, 0.11
ARCHITECTURE = Architecture("pixel", (WIRES,), options={"reading": "sigmoid"})
MODEL = "angle_y-simplified_two_design-3"


@pytest.fixture(scope="module")
def program() -> Program:
    return replace(build("angle_y-simplified_two_design-2", WIRES, ["Z1"]), native_wires=(2, 0, 1))


@pytest.fixture(scope="module")
def calibration() -> Snapshot:
    ones = [GateCalibration("RY", (q,), 200.0, 0.002) for q in range(WIRES)]
    pairs = [(a, b) for a in range(WIRES) for b in range(WIRES) if a != b]
    return Snapshot(
        name="made_up",
        date="2026-01-01",
        source="test",
        qubits=tuple(Qubit(20.0, 15.0, P10, P01) for _ in range(WIRES)),
        gates=(*ones, *(GateCalibration("CZ", pair, 600.0, 0.05) for pair in pairs)),
        readout_ns=1000.0,
    )


@pytest.fixture(scope="module")
def samples() -> Samples:
    rng = np.random.default_rng(5)
    labels = (rng.random(SAMPLES) < 0.2).astype(np.uint8)
    features = rng.normal(size=(SAMPLES, WIRES)).astype(np.float32) + labels[:, None]
    return Samples(np.arange(SAMPLES), features, labels, np.zeros(SAMPLES, dtype=np.int64))


def value(table: pd.DataFrame, metric: str, noise: str = "none", shots: int = 0, sampling: str = "all") -> float:
    rows = table[(table["metric"] == metric) & (table["noise"] == noise) & (table["shots"] == shots)]
    (found,) = rows.loc[(rows["sampling"] == sampling) & (rows["source"] == "trained"), "value"]
    return float(found)


@pytest.fixture(scope="module")
def scored(program: Program, calibration: Snapshot, samples: Samples) -> tuple[HybridClassifier, pd.DataFrame]:
    model = build_classifier(ARCHITECTURE, program, seed=3)
    trained = ablations.Weights("trained", 0, model.quantum_weights())
    settings = [*(Setting(noise) for noise in ablations.NOISES), Setting("none", 4), Setting("none", 40_000)]
    layers = noisy_layers(program, calibration)
    table = ablations.ablation(model, layers, [trained], settings, samples, np.random.default_rng(0))
    return model, table


def test_without_noise_scores_are_those_of_the_model(
    scored: tuple[HybridClassifier, pd.DataFrame], samples: Samples
) -> None:
    model, table = scored
    with torch.no_grad():
        probability = torch.sigmoid(model(torch.from_numpy(samples.features).double())).numpy()
    off = np.abs(probability - 0.5)
    of_class = [off[samples.labels == c].mean() for c in (0, 1)]
    assert value(table, "accuracy") == pytest.approx(np.mean((probability > 0.5) == samples.labels))
    assert value(table, "sureness") == pytest.approx(2 * off.mean())
    assert value(table, "sureness", sampling="balanced") == pytest.approx(np.mean(of_class) * 2)
    expected = balanced_accuracy_score(samples.labels, probability > 0.5)
    assert value(table, "accuracy", sampling="balanced") == pytest.approx(expected)
    assert value(table, "imbalance") == pytest.approx(SAMPLES - 2 * np.sum(probability > 0.5))


def test_each_part_is_that_part_of_the_noise(scored: tuple[HybridClassifier, pd.DataFrame]) -> None:
    _, table = scored
    mean, spread = ({n: value(table, f"expectation_{m}", n) for n in ablations.NOISES} for m in ("mean", "std"))
    assert mean["readout"] == pytest.approx((1 - P10 - P01) * mean["none"] + P01 - P10, abs=1e-9)
    assert spread["readout"] == pytest.approx((1 - P10 - P01) * spread["none"], abs=1e-9)
    assert spread["none"] > max(spread[part] for part in ablations.PARTS)
    assert min(spread[part] for part in ablations.PARTS) > spread["all"]


def test_few_shots_raise_sureness_and_many_do_not(scored: tuple[HybridClassifier, pd.DataFrame]) -> None:
    _, table = scored
    exact = value(table, "sureness")
    assert value(table, "sureness", shots=4) > exact + 0.01
    assert value(table, "sureness", shots=40_000) == pytest.approx(exact, abs=1e-3)


def test_shots_have_the_mean_and_the_variance_of_a_parity() -> None:
    exact = np.repeat([[-1.0], [-0.3], [0.0], [0.8], [1.0]], 20_000, axis=1)
    drawn = sampled(exact, 10, np.random.default_rng(1))
    assert set(np.unique(np.round((drawn + 1) * 5, 9))) <= set(range(11))
    error = np.sqrt((1 - exact[:, 0] ** 2) / 10 / exact.shape[1])
    assert (np.abs(drawn.mean(axis=1) - exact[:, 0]) <= 5 * error + 1e-12).all()
    assert drawn.var(axis=1) == pytest.approx((1 - exact[:, 0] ** 2) / 10, rel=0.05)
    assert sampled(exact, 0, np.random.default_rng(1)) is exact


def test_a_part_that_the_calibration_lacks_changes_nothing(program: Program, calibration: Snapshot) -> None:
    silent = replace(calibration, qubits=tuple(replace(q, p10=0.0, p01=0.0) for q in calibration.qubits))
    layers = noisy_layers(program, silent)
    assert layers["readout"].noise is None
    assert layers["all"].noise is not None
    elsewhere = replace(calibration, gates=(GateCalibration("ecr", (0, 1), 600.0, 0.05),))
    with pytest.raises(UserError, match="no gate of the program gets noise"):
        noisy_layers(program, elsewhere)


def test_untrained_weights_are_uniform_angles(program: Program) -> None:
    values = np.concatenate([w.values for w in untrained(program, 400, np.random.default_rng(0))])
    assert values.min() >= 0 and values.max() < 2 * np.pi
    assert np.histogram(values, bins=4)[0] == pytest.approx(len(values) / 4, rel=0.1)


@pytest.fixture
def written(
    tmp_path: Path,
    program: Program,
    calibration: Snapshot,
    samples: Samples,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    (tmp_path / "program.json").write_text(program.to_json())
    (tmp_path / "calibration.json").write_text(calibration.to_json())
    columns = {"features": samples.features, "labels": samples.labels, "scene": samples.groups.astype(np.int16)}
    write_table(tmp_path / "samples.h5", {**columns, "split": np.ones(SAMPLES, dtype=np.uint8)}, {})
    for seed in range(2):
        model = build_classifier(ARCHITECTURE, program, seed=seed)
        save_classifier(tmp_path / f"{seed}.safetensors", model, {})
    monkeypatch.chdir(tmp_path)
    write(Path("ablation.csv"))
    return tmp_path / "ablation.csv"


def write(output: Path) -> None:
    write_ablation(
        output,
        samples="samples.h5",
        models={seed: f"{seed}.safetensors" for seed in range(2)},
        program="program.json",
        backend="calibration.json",
        noise={},
        shots=100,
        few_shots=(4, 100),
        draws=3,
        seed=7,
        about={"dataset": "made", "model": MODEL},
    )


def test_equal_seeds_give_equal_files_and_every_run_is_there(written: Path, root: Path) -> None:
    table = read_ablation(written)
    assert tuple(table.columns) == COLUMNS
    runs = table[["source", "seed", "draw", "noise", "shots"]].drop_duplicates()
    assert len(runs) == 2 * (1 + 3) * (5 + 1 + 2)
    assert not table["value"].isna().any()
    write(written.with_name("again.csv"))
    assert written.read_bytes() == written.with_name("again.csv").read_bytes()


def test_the_figure_and_the_sentences_are_written(written: Path, root: Path) -> None:
    published = read_published(root / "resources/published/change.csv")
    figure, answers = written.with_name("a.png"), written.with_name("a.md")
    write_shown(figure, answers, ablation=written, published=published)
    assert figure.read_bytes().startswith(b"\x89PNG")
    text = answers.read_text()
    assert "sureness" in text and "● 0.118 to ● 0.298" in text
    assert "imbalance" in text and "● −0.121 to ● −0.712" in text
    told = explain(written, published)
    assert len(told.panels.images) == 4
    assert all(re.match(r"<svg [^>]*role=\"img\"", image.content) for image in told.panels.images)
    assert len(told.table.rows) == 2 * 8


def test_a_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="explain_device"):
        read_ablation(tmp_path / "x.csv")


def test_published_imbalance_is_in_our_terms(root: Path) -> None:
    steps = published_steps(read_published(root / "resources/published/change.csv"), MODEL)
    samples = (192 + 839) / 0.56694
    assert steps["imbalance"].device == pytest.approx(2 * (192 - 839) / samples)
    assert (steps["sureness"].simulator, steps["sureness"].device) == (0.118, 0.298)
    assert published_steps(read_published(root / "resources/published/change.csv"), "amplitude-bellman-4") == {}


@pytest.mark.parametrize(("shift", "cause"), [(0.0, "is not"), (-0.8, "can be")])
def test_relaxation_is_called_the_cause_only_where_it_moves_imbalance_so_far(
    root: Path, shift: float, cause: str
) -> None:
    steps = published_steps(read_published(root / "resources/published/change.csv"), MODEL)
    rows = told({"relaxation": shift})
    assert imbalance_answer(rows, steps["imbalance"]).startswith(f"Relaxation {cause} the cause")
    assert imbalance_answer(rows, None).startswith(f"Relaxation {cause} the cause")


@pytest.mark.parametrize(("shift", "verdict"), [(-0.02, "does not raise"), (0.05, "raises")])
def test_noise_is_said_to_raise_sureness_only_where_it_does(shift: float, verdict: str) -> None:
    assert f"Noise {verdict} sureness" in sureness_answer(told({"readout": shift}), None)


def told(shifts: dict[str, float]) -> pd.DataFrame:
    """An ablation of four sets of weights in which each part shifts both metrics by a number."""
    level = {("trained", 0): 0.2, ("untrained", 0): 0.1, ("untrained", 1): 0.15, ("untrained", 2): 0.3}
    return pd.DataFrame(
        {
            "source": source,
            "seed": 0,
            "draw": draw,
            "noise": noise,
            "shots": shots,
            "sampling": "balanced",
            "metric": metric,
            "value": base + shifts.get(noise, 0.0 if noise == "none" else -0.001),
        }
        for (source, draw), base in level.items()
        for noise, shots in [*((n, 0) for n in ablations.NOISES), ("none", 16), ("none", 1024)]
        for metric in ("sureness", "imbalance_normalised")
    )
