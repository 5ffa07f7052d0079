"""Seeds that share a job come to what each would come to in a job of its own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hqnn.circuits.library import build
from hqnn.data.parts import TEST, TRAIN
from hqnn.settings.fitting import Training
from hqnn.store import read_table, write_table
from hqnn.training.ideal import train_ideal
from hqnn.training.together import SeedRun, train_together

SEEDS = (0, 7)


@pytest.fixture
def common(tmp_path: Path) -> dict[str, Any]:
    """A table of two classes, and a circuit that reads them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=40).astype(np.uint8)
    features = (rng.normal(size=(40, 2)) + labels[:, None]).astype(np.float32)
    split = np.repeat(np.array([TRAIN, TEST], dtype=np.uint8), 20)
    samples = tmp_path / "samples.h5"
    write_table(samples, {"features": features, "labels": labels, "split": split}, {"classes": ["a", "b"]})
    program = tmp_path / "program.json"
    program.write_text(build("angle_y-simplified_two_design-1", 2, ["Z0"]).to_json(), encoding="utf-8")
    training = Training(epochs=3, batch_size=10).model_dump()
    return {
        "samples": samples,
        "program": [program],
        "kind": "pixel",
        "options": {"reading": "sigmoid"},
        "training": training,
    }


def test_every_seed_of_a_job_has_the_bytes_of_its_own_job_and_is_trained_once(
    tmp_path: Path, common: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tables = [common.pop("samples")]
    program = common.pop("program")
    names = ("m.safetensors", "h.csv", "p.h5")
    runs = [SeedRun(seed, tables, *(tmp_path / f"{seed}" / name for name in names), program) for seed in SEEDS]
    about = {"study": "rows", "dataset": "tiny", "model": "tiny"}
    train_together(runs, has_circuit=True, about=about, **common)
    for run in runs:
        alone = tmp_path / "alone" / str(run.seed)
        train_ideal(alone / "m.safetensors", alone / "h.csv", samples=tables, program=program, seed=run.seed, **common)
        assert (alone / "m.safetensors").read_bytes() == Path(run.model).read_bytes()
        assert read_table(run.predictions)[1]["seed"] == run.seed
    first, second = (read_table(run.predictions)[0]["probability"] for run in runs)
    assert not np.array_equal(first, second)

    monkeypatch.setattr("hqnn.training.run.Run.go_on", lambda _: pytest.fail("a finished run is trained again"))
    before = Path(runs[0].model).read_bytes()
    Path(runs[0].model).unlink()
    with caplog.at_level(logging.INFO, "hqnn"):
        train_together(runs, has_circuit=True, about=about, **common)
    assert Path(runs[0].model).read_bytes() == before
    logs = [Path(run.model).with_name("train.log").read_text(encoding="utf-8") for run in runs]
    assert all(log.count("goes on after epoch 3") == 1 for log in logs)
