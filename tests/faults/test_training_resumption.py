"""A training run that dies and is started again comes to the numbers of one that never died."""

from __future__ import annotations

import cProfile
import dataclasses
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.partials import remove_partials
from hqnn.settings.fitting import Regime, Training
from hqnn.training.augment import Augmentation
from hqnn.training.batches import Batches
from hqnn.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from hqnn.training.fit import fit
from hqnn.training.history import Epoch, has_ended, kept_epoch
from hqnn.training.objective import Objective
from hqnn.training.run import Run


def traced(name: str, wires: int, *observables: str) -> Program:
    from hqnn.circuits.library import build  # brings PennyLane, which the process that is killed does without

    return build(name, wires, list(observables) or None)


def dressed(name: str = "hadamard_angle_y-dressed-1") -> Program:
    return traced(name, 2)


class Circuits(nn.Module):
    """Everything that has a state of its own around two circuits: batch norm and dropout."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(4)
            self.encode = nn.Sequential(nn.Linear(25, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Tanh())
            self.quantum = QuantumLayer(program, copies=2)
            self.read = nn.Linear(4, 3)

    def forward(self, samples: Tensor) -> Tensor:
        logits: Tensor = self.read(self.quantum(self.encode(samples.flatten(1).float() / 255)))
        return logits


class OneLogit(nn.Sequential):
    """Study A's kind of model."""

    def __init__(self, inputs: int) -> None:
        generator = torch.Generator().manual_seed(1)
        program = traced("angle_y-simplified_two_design-1", inputs, "Z0")
        layer = QuantumLayer(program, generator=generator, dtype=torch.float64)
        super().__init__(layer, nn.Flatten(0))


RNG = np.random.default_rng(0)
IMAGES = RNG.integers(256, size=(60, 5, 5, 1), dtype=np.uint8)
FEATURES = IMAGES.reshape(60, 25).astype(np.float32)
LABELS = (FEATURES[:, 0] // 86).astype(np.uint8)
VALIDATION = IMAGES[:20], RNG.permutation(LABELS[:20])
EPOCHS = 6
RUNS: dict[str, tuple[Callable[[], nn.Module], NDArray[Any], Regime, dict[str, Any]]] = {
    "one_cycle, best epoch, augmented images": (
        lambda: Circuits(dressed()),
        IMAGES,
        Regime(epochs=EPOCHS, batch_size=16, schedule="one_cycle", keep="best_accuracy", fused=True),
        {"validation": VALIDATION, "augment": Augmentation(rotation=10, shift=1, flip=True)},
    ),
    "versions of features, balanced draws, momentum, steps of the rate": (
        lambda: Circuits(dressed()),
        FEATURES,
        Regime(
            optimizer="sgd",
            epochs=EPOCHS,
            batch_size=16,
            momentum=0.9,
            balanced=True,
            schedule="step",
            step_epochs=2,
        ),
        {"versions": FEATURES[:, None] + RNG.normal(size=(60, 3, 1)).astype(np.float32), "test": VALIDATION},
    ),
    "study A's model, cosine, weighted classes, patience": (
        lambda: OneLogit(3),
        FEATURES[:, :3] / 255,
        Regime(
            optimizer="adamw",
            learning_rate=0.3,
            epochs=EPOCHS,
            batch_size=16,
            schedule="cosine",
            class_weights="balanced",
            patience=4,
        ),
        {"validation": (FEATURES[:20, :3] / 255, (LABELS[:20] == 2).astype(np.uint8))},
    ),
}


@pytest.fixture(params=RUNS)
def train(request: pytest.FixtureRequest) -> Callable[..., tuple[dict[str, NDArray[Any]], list[Epoch]]]:
    """Train one of the runs from its start."""
    make, inputs, regime, more = RUNS[request.param]
    labels = LABELS if "study A" not in request.param else (LABELS == 2).astype(np.uint8)

    def trained(checkpoint: Path | None = None) -> tuple[dict[str, NDArray[Any]], list[Epoch]]:
        model = make()
        kept = None if checkpoint is None else Checkpoint(checkpoint)
        history = fit(model, inputs, labels, regime, seed=3, checkpoint=kept, **more)
        weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
        return weights, [dataclasses.replace(epoch, seconds=None) for epoch in history]

    return trained


def dying_after(epochs: int) -> Callable[..., None]:
    left = iter(range(epochs, 0, -1))

    def write_and_die(path: Path, digest: str, state: Mapping[str, Any]) -> None:
        write_checkpoint(path, digest, state)
        if next(left) == 1:
            raise KeyboardInterrupt

    return write_and_die


def test_a_run_that_died_ends_as_one_that_did_not(
    train: Callable[..., tuple[dict[str, NDArray[Any]], list[Epoch]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, history = train()
    for epochs in (1, 4):
        checkpoint = tmp_path / f"{epochs}.pt"
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr("hqnn.training.checkpoints.write_checkpoint", dying_after(epochs))
            train(checkpoint)
        with monkeypatch.context() as patched:
            patched.setattr("hqnn.training.checkpoints.write_checkpoint", written := Written())
            resumed, continued = train(checkpoint)
        assert written.count == len(history) - epochs
        assert continued == history
        np.testing.assert_equal(resumed, weights)


class Written:
    count = 0

    def __call__(self, path: Path, digest: str, state: Mapping[str, Any]) -> None:
        self.count += 1
        write_checkpoint(path, digest, state)


def small_run(checkpoint: Path | None, **changes: Any) -> tuple[dict[str, NDArray[Any]], list[Epoch]]:
    """The run of the process that is killed."""
    model = Circuits(Program.from_json(changes.pop("program", None) or dressed().to_json()))
    chosen = {"epochs": 12, "batch_size": 8, "schedule": "one_cycle", "keep": "best_loss", "learning_rate": 0.003}
    chosen |= {name: changes.pop(name) for name in list(changes) if name in Training.model_fields}
    kept = None if checkpoint is None else Checkpoint(checkpoint, changes.pop("code", ""))
    given = {"seed": 0, "validation": VALIDATION, "checkpoint": kept, **changes}
    history = fit(model, given.pop("inputs", IMAGES), LABELS, Training(**chosen), **given)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return weights, [dataclasses.replace(epoch, seconds=None) for epoch in history]


def test_a_killed_process_loses_at_most_an_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    code = f"import sys, {Path(__file__).stem} as t; t.small_run(t.Path(sys.argv[1]), program=sys.argv[2])"
    arguments = [sys.executable, "-c", code, str(checkpoint), dressed().to_json()]  # so that PennyLane is not needed
    process = subprocess.Popen(arguments, cwd=Path(__file__).parent)
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = len(torch.load(checkpoint, weights_only=True)["state"]["history"]["epoch"])
    assert 1 <= done < 12
    with caplog.at_level(logging.INFO, "hqnn"):
        resumed, continued = small_run(checkpoint)
    assert f"goes on after epoch {done}" in caplog.text
    weights, history = small_run(None)
    assert continued == history
    assert kept_epoch(history, "best_loss") <= 12
    np.testing.assert_equal(resumed, weights)


CHANGES: dict[str, dict[str, Any]] = {
    "rate": {"learning_rate": 0.004},
    "gradients": {"differentiation": "backprop"},
    "seed": {"seed": 1},
    "code or packages": {"code": "another digest"},
    "samples": {"inputs": IMAGES ^ 1},
    "validation": {"validation": (VALIDATION[0] ^ 1, VALIDATION[1])},
    "versions": {"versions": IMAGES[:, None] ^ 1},
    "augmentation": {"augment": Augmentation(flip=True)},
    "circuit": {"program": dressed("angle_y-dressed-1").to_json()},  # with as many weights
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_checkpoint_of_another_run_is_not_gone_on_with(
    changed: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    small_run(checkpoint, epochs=2)
    with caplog.at_level(logging.INFO, "hqnn"):
        small_run(checkpoint, epochs=2, **CHANGES[changed])
    assert "is of other settings, samples, weights or code, so all is computed anew" in caplog.text


def test_an_upgraded_package_ends_a_checkpoint_but_no_run_on_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hqnn")
    for code, goes_on in (("digest", False), ("", True)):
        checkpoint = tmp_path / f"{code}.pt"
        small_run(checkpoint, epochs=2, code=code)
        caplog.clear()
        with monkeypatch.context() as patched:
            patched.setattr("hqnn.store.versions", lambda: {"torch": "0.1"})
            small_run(checkpoint, epochs=2, code=code)
        assert ("goes on after epoch 2" in caplog.text) == goes_on


@pytest.mark.parametrize(
    "torn", [b"", b"PK\x03\x04 torn", b"\x80\x02}q\x00.", None], ids=["empty", "zip", "pickle", "cut"]
)
def test_a_torn_checkpoint_is_said_and_passed_over(
    torn: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    weights, _ = small_run(checkpoint, epochs=2)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-700] if torn is None else torn)
    anew, history = small_run(checkpoint, epochs=2)
    assert "is no checkpoint that can be read" in caplog.text
    assert "weights_only" not in caplog.text  # torch's own words advise to run what is in the file
    assert len(history) == 2
    np.testing.assert_equal(anew, weights)


def test_a_long_history_is_whole_and_costs_a_checkpoint_little(tmp_path: Path) -> None:
    model = Circuits(dressed())
    batches = Batches(IMAGES, LABELS, model)
    run = Run(model, Regime(), Objective(3), train=batches, labels=LABELS, watched={}, augment=None, seed=0)
    run.history = [Epoch(number, 1 / number, 0.9, 0.2, 0.8, seconds=0.1) for number in range(1, 2001)]
    long = list(run.history)
    calls: dict[int, int] = {}
    for size in (1, 2000):
        run.history = long[:size]
        state = run.state()
        with cProfile.Profile() as profile:
            write_checkpoint(tmp_path / f"{size}.pt", "", state)
        calls[size] = sum(entry.callcount for entry in profile.getstats())
    assert calls[2000] < 1.1 * calls[1]
    run.history = []
    run.restore(read_checkpoint(tmp_path / "2000.pt", "") or {})
    assert run.history == long


def test_what_a_kill_left_half_written_goes_and_the_checkpoint_stays(tmp_path: Path) -> None:
    for name in ("checkpoint.pt", ".checkpoint.a1b2c3d4.pt", "other.pt", ".other.a1b2c3d4.pt"):
        (tmp_path / name).touch()
    for name in ("maps", ".maps.a1b2c3d4"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "moor.tif").touch()
    remove_partials(tmp_path / "checkpoint.pt")
    remove_partials(tmp_path / "maps")
    assert {file.name for file in tmp_path.iterdir()} == {"checkpoint.pt", "other.pt", ".other.a1b2c3d4.pt", "maps"}
    assert (tmp_path / "maps/moor.tif").exists()


def test_a_finished_run_that_was_not_written_gives_its_weights_at_once(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    weights, history = small_run(checkpoint, epochs=3)
    assert has_ended(history, Regime(epochs=3))
    written = checkpoint.stat().st_mtime_ns
    again, same = small_run(checkpoint, epochs=3)
    assert checkpoint.stat().st_mtime_ns == written
    assert same == history
    np.testing.assert_equal(again, weights)


def test_every_rule_that_can_go_on_says_by_which_code(root: Path) -> None:
    going_on = (
        "train_ideal(", "train_native(", "train_together(", "train_sweep(", "train_curve(", "fit_curve(",
        "write_noise_curve(", "write_shots_curve(", "extract_features(", "predict_unet(", "tune(",
        "map_test_scenes(", "map_new_scene(",
    )  # fmt: skip
    scripts = [script.read_text(encoding="utf-8") for script in (root / "scripts").glob("*.py")]
    texts = [text for text in scripts if any(f"    {name}" in text for name in going_on)]
    assert len(texts) == 15
    assert all("code=rule.params.code," in text for text in texts)
