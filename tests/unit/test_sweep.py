"""A sweep leaves for every seed what that seed's own jobs would leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits_nets import quanv_circuit, quanv_options
from hqnn.data.images.draws import write_draw
from hqnn.data.samples import read_samples
from hqnn.execution.exact import run_exact
from hqnn.execution.predict import predict
from hqnn.execution.twin import predict_classical
from hqnn.settings.images.keys import QuanvTraining
from hqnn.store import read_model, read_table, write_table
from hqnn.training.ideal import train_ideal
from hqnn.training.sweep import Sweep, train_sweep

SEEDS = (0, 5)
TRAINING = QuanvTraining(batch_size=10, epochs=2).model_dump()
FILES = ("model.safetensors", "history.csv", "predictions.h5")


@pytest.mark.parametrize("kind", ["quanv", "cnn1"])
def test_every_seed_gets_the_files_of_its_own_run(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=80).astype(np.uint8)
    images = (rng.integers(100, size=(80, 12, 12, 1)) + 70 * labels[:, None, None, None]).astype(np.uint8)
    samples, program = tmp_path / "samples.h5", tmp_path / "program.json"
    split = np.repeat(np.array([0, 1], dtype=np.uint8), 40)
    write_table(samples, {"images": images, "labels": labels, "split": split}, {"classes": ["a", "b", "c"]})
    draws = [tmp_path / f"{seed}/draw.h5" for seed in SEEDS]
    for output, seed in zip(draws, SEEDS, strict=True):
        write_draw(samples, output, train=25, test=15, seed=seed)
    if kind == "quanv":
        program.write_text(quanv_circuit().to_json(), encoding="utf-8")
    circuit = program if kind == "quanv" else None
    options = quanv_options(1 if kind == "cnn1" else 4)
    about = {"study": "digits", "dataset": "tiny", "model": kind}
    files = [[tmp_path / f"{seed}/{name}" for seed in SEEDS] for name in FILES]
    train_sweep(
        Sweep(draws, *files),
        samples=samples,
        program=circuit,
        kind=kind,
        options=options,
        training=TRAINING,
        seeds=SEEDS,
        about=about,
    )
    for seed, draw in zip(SEEDS, draws, strict=True):
        tables, own = [draw, samples], tmp_path / f"own{seed}"
        model, history, predictions = (own / name for name in FILES)
        common = {"kind": kind, "options": options, "training": TRAINING, "seed": seed}
        train_ideal(model, history, samples=tables, program=[circuit] if circuit else [], **common)
        said = {**about, "seed": seed}
        test = read_samples(tables)
        if circuit:
            path = {"phase": "ideal", "path": "exact"}
            predict(predictions, samples=test, model=model, path=run_exact, about={**said, **path})
        else:
            predict_classical(predictions, samples=test, model=model, about=said)
        same(tmp_path / str(seed), own)
        assert (tmp_path / str(seed) / "train.log").is_file()
    assert read_model(files[0][0])[1]["fingerprint"] != read_model(files[0][1])[1]["fingerprint"]


def same(swept: Path, own: Path) -> None:
    """Files of two folders that say the same, but for the last digits of float32 and for clocks."""
    weights, models = zip(*(read_model(folder / FILES[0]) for folder in (swept, own)), strict=True)
    assert weights[0].keys() == weights[1].keys()
    for name, values in weights[0].items():
        np.testing.assert_allclose(values, weights[1][name], rtol=0, atol=1e-4)
    for key in ("architecture", "training", "seed", "train_samples", "parameters"):
        assert models[0][key] == models[1][key]
    epochs = [pd.read_csv(folder / FILES[1]).drop(columns="seconds", errors="ignore") for folder in (swept, own)]
    pd.testing.assert_frame_equal(*epochs, check_exact=False, atol=1e-3)
    columns, facts = zip(*(read_table(folder / FILES[2]) for folder in (swept, own)), strict=True)
    for name in ("sample", "label"):
        np.testing.assert_array_equal(columns[0][name], columns[1][name])
    for name in ("probability", "expectation"):
        np.testing.assert_allclose(columns[0][name], columns[1][name], rtol=0, atol=1e-4)
    assert columns[0]["probability"].shape == (15, 3)
    assert facts[0].keys() == facts[1].keys()
    for key in ("study", "dataset", "model", "phase", "path", "backend", "seed", "classes"):
        assert facts[0][key] == facts[1][key]
    assert facts[0]["weights_fingerprint"] == models[0]["fingerprint"]
