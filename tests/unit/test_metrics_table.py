"""Predictions files and training runs as tidy rows, with the papers' figures beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hqnn.errors import UserError
from hqnn.metrics.evaluate import evaluate, evaluate_study
from hqnn.metrics.facts import training_facts
from hqnn.metrics.published import PUBLISHED_COLUMNS, published_beside, read_published
from hqnn.metrics.runs import read_history
from hqnn.metrics.table import COLUMNS, collect, read_metrics, write_metrics, write_parquet
from hqnn.store import read_table, write_model, write_table, write_text

RESOURCES = Path(__file__).resolve().parents[2] / "resources" / "published"
PREDICTIONS = 400
CITIES = ["rio", "norcia", "paris"]


MASKS = {
    "study": "masks",
    "dataset": "photos-240_50_120",
    "model": "resnet18-hadamard_angle_y-dressed-1",
    "phase": "ideal-qiskit",
    "path": "exact",
    "backend": "engine",
    "seed": 3,
}
CHANGE = {**MASKS, "study": "change", "dataset": "oscd", "model": "angle_y-simplified_two_design-3", "phase": "ideal"}


def pick(table: pd.DataFrame, metric: str, sampling: str = "all", group: str = "pooled") -> pd.Series:
    rows = table.query("metric == @metric and sampling == @sampling and group == @group")
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(6)
    labels = (rng.random(1000) < 0.1).astype(np.uint8)
    samples, predictions = tmp_path / "samples.h5", tmp_path / "predictions.h5"
    city = rng.integers(len(CITIES), size=1000).astype(np.int16)
    write_table(samples, {"labels": labels, "scene": city}, {"scenes": CITIES})
    chosen = np.arange(1000)[-PREDICTIONS:]
    write_predictions(predictions, chosen, labels[chosen], rng.random(PREDICTIONS))
    return predictions, samples


def write_predictions(
    file: Path, sample: np.ndarray, labels: np.ndarray, probability: np.ndarray, **about: object
) -> None:
    predicted = probability > 0.5 if probability.ndim == 1 else probability.argmax(axis=1)
    columns = {"sample": sample, "label": labels, "probability": probability, "predicted": predicted.astype(np.uint8)}
    write_table(file, columns, {**CHANGE, **about})


def test_a_predictions_file_becomes_tidy_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, samples = files
    subset = list(range(700, 800))
    table = evaluate(predictions, samples, subset, read_published(RESOURCES / "change.csv"), draws=20)
    assert tuple(table.columns) == COLUMNS
    assert set(table["sampling"]) == {"all", "balanced", "subset", "subset_balanced"}
    assert set(table["group"]) == {"pooled", *CITIES}
    assert pick(table, "accuracy")["samples"] == PREDICTIONS
    assert pick(table, "accuracy", "subset")["samples"] == len(subset)
    per_city = table.query("sampling == 'all' and metric == 'tp' and group != 'pooled'")["value"].sum()
    assert per_city == pick(table, "tp")["value"]
    assert pick(table, "accuracy", "balanced")["published"] == 0.74
    assert np.isnan(pick(table, "accuracy")["published"])
    assert table[table["group"] != "pooled"]["published"].isna().all()

    hardware = tmp_path / "hardware.h5"
    columns, about = read_table(predictions)
    write_table(hardware, columns, {**about, "path": "hardware", "backend": "ibm_brisbane"})
    device_run = evaluate(hardware, samples, subset, read_published(RESOURCES / "change.csv"), draws=0)
    assert pick(device_run, "accuracy", "subset_balanced")["published"] == 0.56694

    write_metrics(tmp_path / "metrics.csv", [table, table.assign(seed=1)])
    read = read_metrics(tmp_path / "metrics.csv")
    assert list(read["seed"].unique()) == [1, 3]
    np.testing.assert_allclose(read["value"][len(table) :], table["value"], rtol=1e-8)

    write_parquet(tmp_path / "metrics.parquet", tmp_path / "metrics.csv")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "metrics.parquet"), read)


def test_a_file_that_cannot_be_scored_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, samples = files
    with pytest.raises(UserError, match=r"predictions\.h5 lacks sample 3 of the subset"):
        evaluate(predictions, samples, [3, 700])
    broken = tmp_path / "broken.h5"
    write_predictions(broken, np.arange(3), np.array([0, 1, 1]), np.array([0.2, np.nan, 0.4]))
    with pytest.raises(UserError, match=r"broken\.h5 cannot be scored \(probabilities"):
        evaluate(broken, samples)
    with pytest.raises(UserError, match=r"absent\.csv cannot be read as a table"):
        read_metrics(tmp_path / "absent.csv")


def test_each_test_set_has_its_own_subset(tmp_path: Path) -> None:
    """Two seeds with a split each, one of which also ran on few samples, and a dataset that always ran on all."""
    rng = np.random.default_rng(1)

    def write(dataset: str, seed: int, path: str, ids: range) -> Path:
        file = tmp_path / f"{dataset}{seed}{path}.h5"
        probability = rng.dirichlet(np.ones(3), size=len(ids))
        about = {"dataset": dataset, "seed": seed, "path": path, "classes": ["zero", "one", "two"]}
        write_predictions(file, np.array(ids), rng.integers(3, size=len(ids)), probability, **about)
        return file

    predictions = [
        write("a", 0, "exact", range(90)),
        write("a", 0, "shots", range(10, 30)),
        write("a", 1, "exact", range(50, 140)),
        write("b", 0, "exact", range(50)),
    ]
    evaluate_study(tmp_path / "metrics.csv", predictions=predictions, draws=10)
    table = read_metrics(tmp_path / "metrics.csv")
    counts = table[table["group"] == "pooled"].groupby(["dataset", "seed", "path", "sampling"])["samples"].first()
    assert counts.to_dict() == {
        ("a", 0, "exact", "all"): 90,
        ("a", 0, "exact", "subset"): 20,
        ("a", 0, "shots", "subset"): 20,
        ("a", 1, "exact", "all"): 90,
        ("b", 0, "exact", "all"): 50,
    }
    assert set(table["group"]) == {"pooled", "zero", "one", "two"}
    assert set(table[table["group"] == "one"]["metric"]) == {"recall", "precision", "f1"}


def test_seeds_that_share_a_test_set_share_its_subset(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    predictions = [tmp_path / name for name in ("first.h5", "few.h5", "second.h5")]
    for file, ids, seed in zip(predictions, (range(60), range(20), range(60)), (0, 0, 1), strict=True):
        labels = rng.integers(2, size=len(ids))
        write_predictions(file, np.array(ids), labels, rng.random(len(ids)), seed=seed, path=file.stem)
    evaluate_study(tmp_path / "metrics.csv", predictions=predictions, draws=0)
    subsets = read_metrics(tmp_path / "metrics.csv").query("sampling == 'subset'")
    assert set(zip(subsets["seed"], subsets["path"], strict=True)) == {(0, "first"), (0, "few"), (1, "second")}


HISTORY = """epoch,loss,accuracy,validation_loss,validation_accuracy,test_accuracy,seconds
1,0.7,0.5,0.6,0.8,0.7,2.5
2,0.6,0.6,0.5,0.9,0.8,1.5
3,0.5,0.7,0.4,0.9,0.9,1.0
4,0.4,0.8,0.45,0.9,0.95,1.0
"""


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "masks/photos-240_50_120/resnet18-hadamard_angle_y-dressed-1/ideal-qiskit/seed3"
    history, model = folder / "history.csv", folder / "model.safetensors"
    about = {"parameters": 2066, "executions": {"forward": 960, "backward": 17280}, "train_samples": 240}
    write_model(model, {"weights": np.zeros(4)}, about)
    write_text(history, HISTORY)
    return history, model


def test_a_training_run_becomes_tidy_rows(trained: tuple[Path, Path]) -> None:
    table = training_facts(*trained, read_published(RESOURCES / "masks.csv"))
    assert tuple(table.columns) == COLUMNS
    expected = {**MASKS, "backend": "qiskit", "sampling": "train", "group": "pooled", "samples": 240}
    for name, value in expected.items():
        assert (table[name] == value).all(), name
    values = table.set_index("metric")["value"].to_dict()
    epochs = {name: values.pop(name) for name in list(values) if "_epoch_" in name}
    assert values == {
        "epochs": 4,
        "kept_epoch": 4,
        "train_loss": 0.4,
        "train_accuracy": 0.8,
        "validation_loss": 0.45,
        "validation_accuracy": 0.9,
        "test_accuracy": 0.95,
        "best_epoch": 3,
        "best_validation_accuracy": 0.9,
        "best_validation_loss": 0.4,
        "parameters": 2066,
        "executions_forward": 960,
        "executions_backward": 17280,
        "training_s": 6,
    }
    assert len(epochs) == 5 * 4
    assert epochs["validation_loss_epoch_2"] == 0.5
    published = table.set_index("metric")["published"]
    assert published[["train_accuracy", "train_accuracy_epoch_1", "training_s"]].tolist() == [0.970833, 0.6875, 13192]


@pytest.mark.parametrize(
    ("keep", "kept", "best"), [("last", 4, 3), ("best_accuracy", 3, 3), ("best_loss", 2, 2), (None, 4, 3)]
)
def test_the_best_epoch_is_the_one_that_was_kept(
    trained: tuple[Path, Path], keep: str | None, kept: int, best: int
) -> None:
    history, model = trained
    write_text(history, HISTORY.replace("0.6,0.5,0.9", "0.6,0.3,0.8"))
    write_model(model, {"weights": np.zeros(4)}, {"training": {"keep": keep}} if keep else {})
    facts = training_facts(history, model).set_index("metric")["value"]
    assert facts[["kept_epoch", "best_epoch"]].tolist() == [kept, best]
    assert facts["best_validation_loss"] == {2: 0.3, 3: 0.4}[best]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "cannot be read as a training history"),
        (b"epoch,loss\n1,2\n", "has no column 'accuracy'"),
        (b"epoch,loss,accuracy\n1,0.5,0.5\n2,0.4", "is damaged: it does not count epochs from 1"),
        (b"epoch,loss,accuracy\n1,0.5,0.5\n3,0.4,0.5\n", "is damaged"),
        (b"epoch,loss,accuracy\n1,0.5,0.5\n2,0.4,0.x5\n", "is damaged"),
        (b"epoch,loss,accuracy\n1,0.5,0.5\n2,0.4,\xff\n", "cannot be read as a training history"),
        (b"epoch,loss,accuracy\n", "is damaged"),
    ],
)
def test_a_damaged_history_names_its_cure(trained: tuple[Path, Path], text: bytes, words: str) -> None:
    history, model = trained
    history.write_bytes(text)
    with pytest.raises(UserError, match=rf"history\.csv {words}.*; delete it and its model, and run again"):
        training_facts(history, model)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.integers(0, 10**9), st.floats(0, 1e300) | st.just(np.nan)),
        min_size=1,
        max_size=6,
    )
)
def test_a_history_is_read_as_pandas_reads_it(trained: tuple[Path, Path], rows: list[tuple[float, ...]]) -> None:
    lines = [",".join(map(repr, (epoch, *row))) for epoch, row in enumerate(rows, start=1)]
    write_text(trained[0], "\n".join(["epoch,loss,accuracy,rows,qpu_s", *lines]) + "\n")
    expected = pd.read_csv(trained[0], float_precision="round_trip")
    pd.testing.assert_frame_equal(read_history(trained[0])[1], expected, check_exact=True)


def test_a_damaged_table_of_metrics_names_its_cure(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(b"study,dataset\n\xff,1\n")
    with pytest.raises(UserError, match=r"metrics\.csv cannot be read as a table .*; delete it and run again"):
        read_metrics(tmp_path / "metrics.csv")
    with pytest.raises(UserError, match=r"metrics\.csv cannot be read as a table .*; restore it from the repository"):
        read_published(tmp_path / "metrics.csv")


def test_of_many_epochs_the_first_and_last_are_told(trained: tuple[Path, Path]) -> None:
    history, model = trained
    rows = [f"{epoch},{1 / epoch},0.5" for epoch in range(1, 101)]
    write_text(history, "\n".join(["epoch,loss,accuracy", *rows]) + "\n")
    metrics = training_facts(history, model)["metric"]
    told = {int(name.rpartition("_")[2]) for name in metrics if name.startswith("train_loss_epoch_")}
    assert told == {1, 2, 3, 4, *range(91, 101)}
    assert not metrics.str.startswith("best").any()


def test_facts_stand_beside_scores_and_studies_in_one_table(trained: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, one, both = tmp_path / "predictions.h5", tmp_path / "one.csv", tmp_path / "both.csv"
    rng = np.random.default_rng(0)
    write_predictions(predictions, np.arange(50), rng.integers(2, size=50), rng.random(50), **MASKS)
    history, model = trained
    evaluate_study(one, predictions=[predictions], histories=[history], models=[model], draws=5)
    assert set(read_metrics(one)["sampling"]) == {"all", "train"}
    write_metrics(tmp_path / "two.csv", [read_metrics(one).assign(study="cracks", dataset="2024")])
    collect(both, [one, tmp_path / "two.csv"])
    assert both.read_text().splitlines()[len(read_metrics(one)) + 1 :] == one.read_text().splitlines()[1:]
    assert set(read_metrics(both)["dataset"]) == {"2024", MASKS["dataset"]}


@pytest.mark.parametrize(
    ("place", "beside"),
    [
        ({}, True),
        ({"dataset": "cracks-4_4_92"}, True),
        ({"dataset": "-4_4_92"}, True),
        ({"dataset": "cracks"}, True),
        ({"dataset": "-70_15_15"}, False),
        ({"dataset": "4_4_92"}, False),
        ({"phase": ""}, True),
        ({"phase": "ideal"}, False),
        ({"phase": "ideal-cirq"}, True),
        ({"path": "hardware-ibmq_lima"}, True),
        ({"path": "hardware-ibmq_kolkata"}, False),
        ({"sampling": "balanced"}, False),
        ({"metric": "f1"}, False),
    ],
)
def test_a_published_figure_stands_where_its_row_says(place: dict[str, str], beside: bool) -> None:
    figure = dict.fromkeys(PUBLISHED_COLUMNS, "") | {"phase": "ideal-cirq", "path": "hardware", "sampling": "all"}
    published = pd.DataFrame([{**figure, "model": "m", "metric": "accuracy", "value": 0.9, **place}])
    ours = {"dataset": "cracks-4_4_92", "phase": "ideal-cirq", "model": "m", "path": "hardware", "sampling": "subset"}
    table = pd.DataFrame([{**ours, "metric": "accuracy", "backend": "ibmq_lima", "group": "pooled"}])
    assert published_beside(table, published).notna().item() == beside


@pytest.mark.parametrize("study", ["change", "masks", "digits", "cracks"])
def test_published_figures_are_complete_rows(study: str) -> None:
    table = read_published(RESOURCES / f"{study}.csv")
    assert tuple(table.columns) == PUBLISHED_COLUMNS
    assert table["value"].notna().all()
    assert (table[["model", "metric", "sampling", "source"]] != "").all(axis=None)
    assert not table.duplicated(["dataset", "model", "phase", "path", "sampling", "metric"]).any()
