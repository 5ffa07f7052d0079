"""A curve whose job dies goes on at its next point, to the bytes of one that never died, and to no other curve."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hqnn.data.parts import TEST
from hqnn.execution.curves import Trained, write_noise_curve, write_shots_curve
from hqnn.store import write_table
from hqnn.training import checkpoints
from hqnn.training.curves import Place, fit_curve
from trained_models import compiled, save

ABOUT = {"study": "mine", "dataset": "rows", "model": "logistic_regression"}
NOISE = {"idle": True, "zz_khz": 0.0, "over_rotation": 0.0}
AT = (8, 40)

Write = Callable[[Path, Sequence[int], str], None]


def write_samples(path: Path, tested_as: int = 0) -> None:
    """Two classes; every third sample is tested on, as of its class or of the other."""
    labels, split = np.arange(60) % 2, (np.arange(60) % 3 == 0).astype(np.uint8)
    features = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    features[:, 0] += labels
    told = np.where(split == TEST, labels ^ tested_as, labels).astype(np.uint8)
    write_table(path, {"features": features, "labels": told, "split": split}, {"classes": ["no", "yes"]})


@pytest.fixture(params=["noise", "shots", "train_sizes"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Writes a curve of two points or more."""
    samples = str(tmp_path / "samples.h5")
    trained = [Trained(0, save(tmp_path / "0.safetensors", "pixel", (3,), 2), samples)]
    native = compiled(tmp_path, 3) if request.param == "noise" else []

    def noise(output: Path, at: Sequence[int], code: str) -> None:
        given: dict[str, Any] = {"program": native[0], "backend": native[2], "noise": NOISE, "trajectories": 2}
        about = {**ABOUT, "backend": native[2]}
        write_noise_curve(output, trained, factors=at, subset=9, seed=0, about=about, code=code, **given)

    def shots(output: Path, at: Sequence[int], code: str) -> None:
        write_shots_curve(output, trained, shots=at, subset=20, seed=1, about=ABOUT, code=code)

    def train_sizes(output: Path, at: Sequence[int], code: str) -> None:
        places = [Place(size, 0, str(tmp_path / f"{output.stem}/{size}"), [samples], size, ()) for size in at]
        fit_curve(output, places, axis="train_sizes", parameters={}, about=ABOUT, code=code)

    found: Write = {"noise": noise, "shots": shots, "train_sizes": train_sizes}[request.param]
    return found


def kill_after(points: int, patch: pytest.MonkeyPatch) -> None:
    """Let a curve die as soon as so many of its points are on disk."""
    write_checkpoint = checkpoints.write_checkpoint

    def write_and_die(path: Path, digest: str, state: dict[str, Any]) -> None:
        write_checkpoint(path, digest, state)
        if len(state["points"]) == points:
            raise KeyboardInterrupt

    patch.setattr(checkpoints, "EVERY_S", 0.0)
    patch.setattr(checkpoints, "write_checkpoint", write_and_die)


def test_a_killed_curve_goes_on_at_its_next_point_and_no_other_curve_does(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hqnn")
    write_samples(tmp_path / "samples.h5")
    write(tmp_path / "whole.csv", AT, "this")
    whole = (tmp_path / "whole.csv").read_bytes()
    killed = tmp_path / "killed.checkpoint.pt"
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        kill_after(1, patched)
        write(tmp_path / "killed.csv", AT, "this")
    assert not (tmp_path / "killed.csv").exists()

    def goes_on(name: str, at: Sequence[int] = AT, code: str = "this") -> bool:
        """Whether a curve takes the points of the one that was killed."""
        caplog.clear()
        shutil.copy(killed, tmp_path / f"{name}.checkpoint.pt")
        write(tmp_path / f"{name}.csv", at, code)
        taken = "goes on after 1 of" in caplog.text
        assert taken != ("is of other settings, samples, weights or code, so all is computed anew" in caplog.text)
        return taken

    assert goes_on("again")
    assert (tmp_path / "again.csv").read_bytes() == whole
    assert not goes_on("code", code="other")
    assert (tmp_path / "code.csv").read_bytes() == whole
    assert not goes_on("points", at=AT[:1])
    write_samples(tmp_path / "samples.h5", tested_as=1)
    assert not goes_on("samples")
    assert (tmp_path / "samples.csv").read_bytes() != whole
