"""Training on a machine: gradients from counts are right within their errors, and no step is lost or paid twice."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from hqnn.circuits.library import build_for
from hqnn.data.samples import Samples
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program
from hqnn.execution.machines.iqm import IqmProvider
from hqnn.execution.machines.ledger import Ledger
from hqnn.execution.machines.provider import Task
from hqnn.execution.sampled import averages
from hqnn.interpreters.free_angles import free_angles
from hqnn.models.architectures import load_classifier
from hqnn.settings.hardware_training import HardwareTraining
from hqnn.settings.machines import Hardware, Machine
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.machine import MachineRun, task_maker
from hqnn.training.machine_history import passes_csv
from hqnn.training.shifts import parameter_shifts
from hqnn.training.step_jobs import Ran, Sent, Simulated
from iqm_server import IqmServer, serving
from trained_models import save

LIMA = backend("ibmq_lima")


def samples(number: int) -> Samples:
    rng = np.random.default_rng(0)
    labels = (np.arange(number) % 2).astype(np.uint8)
    features = rng.normal(size=(number, 5)) + 2 * labels[:, None]
    return Samples(np.arange(number), features, labels, ("no", "yes"))


def run_of(model: Path, jobs: Any, machine: Any = LIMA, **options: Any) -> tuple[MachineRun, Any]:
    classifier, _ = load_classifier(model)
    program = classifier.program
    circuit = compile_program(program, machine, seed=0, layouts=1).circuit
    angles = free_angles(circuit, program.observables, inputs=program.inputs, weights=program.weights)
    settings = HardwareTraining(**{"steps": 4, "batch_size": 4, "shots": 100, "learning_rate": 0.1, **options})
    validation = None if settings.keep == "last" else samples(6)
    return MachineRun(classifier, samples(10), angles, machine, jobs, settings, 1, validation), classifier


def tensors(model: Any) -> np.ndarray:
    return np.concatenate([own.ravel() for own in model.tensors().values()])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("start") / "model.safetensors", "dressed", (5,), 2)


def test_gradients_from_counts_lie_within_their_standard_errors_of_the_noisy_engine_s() -> None:
    program = build_for("angle_y-simplified_two_design-1", 3, ("ZII", "IXZ"))
    compiled = compile_program(program, LIMA, seed=0, layouts=1)
    angles = free_angles(compiled.circuit, program.observables, inputs=3, weights=program.weights)
    shots = 2000
    rng = np.random.default_rng(3)
    placed = angles.of(rng.uniform(-1, 1, (4, 3)), rng.uniform(0, 6, program.weights))
    shifts = parameter_shifts(angles.program, np.ones(len(angles.constant), dtype=bool))
    points = shifts.points(placed)
    with torch.no_grad():
        exactly = QuantumLayer(angles.program, LIMA.noise, dtype=torch.float64)(torch.from_numpy(points)).numpy()
    ran = Simulated(LIMA, True, 0)(task_maker(angles, LIMA, shots)(points), 1)
    counted, _ = averages(angles.program, ran.counts.bits, points.shape)
    errors = shifts.errors(np.sqrt((1 - exactly**2) / shots))
    for found, exact, error in zip(shifts.gathered(counted), shifts.gathered(exactly), errors, strict=True):
        seen = error > 0
        scores = (found - exact)[seen] / error[seen]
        assert np.abs(scores).max() < 5
        assert 0.7 < scores.std() < 1.3
        assert np.abs(exact[seen]).max() > 3 * error.max()


@pytest.mark.parametrize("gradient", ["parameter_shift", "spsa"])
def test_a_killed_run_goes_on_at_its_step_and_comes_to_the_same_weights(
    model: Path, tmp_path: Path, gradient: str
) -> None:
    whole, undisturbed = run_of(model, Simulated(LIMA, True, 5), gradient=gradient)
    whole.go_through(Checkpoint(tmp_path / "whole.pt"))
    ran: list[int] = []

    class Killed(Simulated):
        def __call__(self, task: Task, step: int) -> Ran:
            ran.append(step)
            if ran == [1, 2, 3]:
                raise KeyboardInterrupt
            return super().__call__(task, step)

    place = Checkpoint(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        run_of(model, Killed(LIMA, True, 5), gradient=gradient)[0].go_through(place)
    resumed, again = run_of(model, Killed(LIMA, True, 5), gradient=gradient)
    resumed.go_through(place)
    assert ran == [1, 2, 3, 3, 4]
    np.testing.assert_array_equal(tensors(again), tensors(undisturbed))
    assert resumed.steps == whole.steps
    rows = {"parameter_shift": 1 + 2 * 6, "spsa": 2}[gradient]
    assert [step.rows for step in whole.steps] == [4 * rows, 4 * rows, 2 * rows, 4 * rows]
    assert [step.executions for step in whole.steps] == [100 * step.rows for step in whole.steps]
    passes = pd.read_csv(StringIO(passes_csv(whole.steps)))
    np.testing.assert_allclose(
        passes["accuracy"],
        [np.average([s.accuracy for s in whole.steps[:3]], weights=[4, 4, 2]), whole.steps[3].accuracy],
    )
    assert passes["jobs"].tolist() == [3, 1]
    assert passes["rows"].tolist() == [10 * rows, 4 * rows]


def test_validation_samples_keep_the_best_weights_after_a_kill_too(model: Path, tmp_path: Path) -> None:
    options = {"gradient": "spsa", "learning_rate": 2.0, "batch_size": 5, "shots": 50}
    run, kept = run_of(model, Simulated(LIMA, True, 5), steps=5, keep="best_loss", **options)
    run.go_through(Checkpoint(tmp_path / "whole.pt"))
    assert [(check.step, check.rows, check.executions) for check in run.checks] == [(k, 6, 300) for k in (0, 2, 4, 5)]
    best = min(run.checks, key=lambda check: check.loss).step
    assert run.choice == {"kept_step": best} and 0 < best < 5
    before, at_best = run_of(model, Simulated(LIMA, True, 5), steps=best, **options)
    before.go_through(Checkpoint(tmp_path / "before.pt"))
    np.testing.assert_array_equal(tensors(kept), tensors(at_best))
    passes = pd.read_csv(StringIO(passes_csv(run.steps, run.checks, "best_loss")))
    assert passes["jobs"].tolist() == [4, 3, 2]
    assert passes["kept"].tolist() == [int(best == step) for step in (2, 4, 5)]

    class Killed(Simulated):
        ran: ClassVar[list[int]] = []

        def __call__(self, task: Task, step: int) -> Ran:
            self.ran.append(step)
            if len(self.ran) == 7:
                raise KeyboardInterrupt
            return super().__call__(task, step)

    place = Checkpoint(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        run_of(model, Killed(LIMA, True, 5), steps=5, keep="best_loss", **options)[0].go_through(place)
    resumed, again = run_of(model, Killed(LIMA, True, 5), steps=5, keep="best_loss", **options)
    resumed.go_through(place)
    assert Killed.ran == [1, 1, 2, 3, 3, 4, 5, 5, 5, 6]
    assert resumed.checks == run.checks
    np.testing.assert_array_equal(tensors(again), tensors(kept))


def test_training_brings_the_loss_down(model: Path, tmp_path: Path) -> None:
    run, _ = run_of(model, Simulated(LIMA, True, 0), steps=12, learning_rate=0.3)
    run.go_through(Checkpoint(tmp_path / "checkpoint.pt"))
    loss = pd.read_csv(StringIO(passes_csv(run.steps)))["loss"]
    assert loss.iloc[-1] < 0.8 * loss.iloc[0]


def test_steps_on_a_real_machine_wait_for_days_and_are_paid_once(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IQM_TOKEN", "t0ken")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    machine = Machine(provider="iqm", quantum_computer="adonis", wait_s=0, poll_s=0.01)
    place, about = Checkpoint(tmp_path / "checkpoint.pt"), {"study": "s", "seed": "1"}
    with serving(IqmServer()) as server:

        def go(**allowed: bool) -> Any:
            provider = IqmProvider("cold", server.url, "adonis")
            jobs = Sent(provider, Ledger(tmp_path / "cold.jsonl"), machine, Hardware(**allowed), about)
            run, classifier = run_of(model, jobs, backend("iqm_adonis"), steps=3)
            run.go_through(place)
            return run, classifier

        with pytest.raises(UserError, match="nothing was sent: to send it add"):
            go()
        assert server.posts == 0
        server.state = "waiting"
        for _ in range(2):
            with pytest.raises(UserError, match="1 of 1 jobs are still out on machine cold"):
                go(confirm=True)
        assert server.posts == 1
        server.state = "failed"
        with pytest.raises(UserError, match=r"failed \(.*\); run again to send it anew"):
            go(confirm=True)
        server.state = "completed"
        run, first = go(confirm=True)
        assert server.posts == 1 + 3
        assert all(step.jobs in server.jobs for step in run.steps)
        place.path.unlink()
        _, again = go(confirm=True)
        assert server.posts == 1 + 3
        np.testing.assert_array_equal(tensors(again), tensors(first))
