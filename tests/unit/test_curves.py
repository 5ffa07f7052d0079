"""A study along its axes: what is run at each point, what is scored, and what is said of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.checks import checked
from hqnn.circuits.library import build_for
from hqnn.data.parts import TRAIN, UNUSED
from hqnn.data.samples import read_samples
from hqnn.data.smaller import nested_order, write_smaller_split
from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.execution.curves import Trained, write_noise_curve, write_shots_curve
from hqnn.execution.noisy import Noisy
from hqnn.metrics.points import SAME
from hqnn.metrics.table import COLUMNS, along_axes, as_set, read_metrics, write_metrics
from hqnn.models.architectures import load_classifier
from hqnn.noise.scales import PARTS
from hqnn.report.chapter import Figures, Material, Words
from hqnn.report.curve_figures import Curve
from hqnn.report.curves import curve_section
from hqnn.report.noise_budget import WHOLE, budget, crossing
from hqnn.settings.axes import curve_tables, points
from hqnn.settings.fitting import Training
from hqnn.store import read_model, write_table
from hqnn.training.curves import Place, Point, fit_curve, train_curve
from hqnn.training.draws import usual_batch
from hqnn.training.ideal import train_ideal
from trained_models import compiled, save

ABOUT = {"study": "mine", "dataset": "rows", "model": "net"}
NOISE = {"idle": True, "zz_khz": 0.0, "over_rotation": 0.0}


def store(folder: Path, samples: int = 60) -> str:
    """Two classes that differ in their first feature; every third sample is tested on."""
    rng = np.random.default_rng(0)
    labels = (np.arange(samples) % 2).astype(np.uint8)
    features = rng.normal(size=(samples, 3)).astype(np.float32)
    features[:, 0] += 2.0 * labels
    columns = {"features": features, "labels": labels, "split": (np.arange(samples) % 3 == 0).astype(np.uint8)}
    write_table(folder / "samples.h5", columns, {"classes": ["no", "yes"]})
    return str(folder / "samples.h5")


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5), seed=st.integers(0, 99), share=st.floats(0.01, 1.0))
def test_every_beginning_of_the_order_has_each_classs_share(sizes: list[int], seed: int, share: float) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    order = nested_order(labels, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(labels)))
    assert set(labels[order[: len(sizes)]]) == set(range(len(sizes)))
    first = order[: max(1, round(share * len(labels)))]
    for label, size in enumerate(sizes):
        assert abs(np.sum(labels[first] == label) - size * len(first) / len(labels)) <= len(sizes)


def test_smaller_train_sets_lie_in_the_larger_and_touch_nothing_else(tmp_path: Path) -> None:
    samples, kept = store(tmp_path), {}
    for train in (2, 10, 40):
        write_smaller_split(tmp_path / "split.h5", [samples], train, seed=3, key="curves.train_sizes")
        kept[train] = read_samples([tmp_path / "split.h5", samples], TRAIN)
        assert len(kept[train].ids) == train
        np.testing.assert_array_equal(read_samples([tmp_path / "split.h5", samples]).ids, read_samples(samples).ids)
    assert set(kept[2].ids) < set(kept[10].ids) < set(kept[40].ids)
    assert read_samples([tmp_path / "split.h5", samples], TRAIN).ids.size + UNUSED >= 40
    for train in (1, 41):
        with pytest.raises(UserError, match=f"curves.train_sizes names {train} train samples, .* from 2 to 40"):
            write_smaller_split(tmp_path / "split.h5", [samples], train, seed=3, key="curves.train_sizes")


def test_scaled_noise_is_the_noisy_path_at_one_and_the_exact_path_at_nothing(tmp_path: Path) -> None:
    samples, native = store(tmp_path), compiled(tmp_path, 3)
    models = [save(tmp_path / f"{seed}.safetensors", "pixel", (3,), 2) for seed in (0, 1)]
    given = {"trajectories": 10, "subset": 10, "seed": 0}
    trained = [Trained(seed, model, samples) for seed, model in enumerate(models)]
    about = {**ABOUT, "backend": "ibmq_lima"}
    common: dict[str, Any] = {"program": native[0], "backend": "ibmq_lima", "noise": NOISE, "about": about, **given}
    write_noise_curve(tmp_path / "noise.csv", trained, factors=[1], **common)
    table = read_metrics(tmp_path / "noise.csv")
    assert set(table["axis"]) == {"noise", *(f"noise_{part}" for part in PARTS)}
    assert set(table["at"]) == {0, 1}
    assert along_axes(table).equals(table) and as_set(table).empty
    assert table.groupby(["axis", "at", "metric"])["seed"].nunique().eq(2).all()
    net, fingerprint = load_classifier(models[0])
    test = read_samples(samples)
    exact = net.classify(test.features)
    noisy = net.probabilities(
        Noisy(native[0], "ibmq_lima", NOISE)(net, fingerprint, net.circuit_inputs(test.features)).values
    )
    one = table[(table["seed"] == 0) & (table["axis"] == "noise")].set_index(["at", "metric"])["value"]
    for at, probability in ((0, exact), (1, noisy)):
        assert one[at, "accuracy"] == pytest.approx(np.mean((probability > 0.5) == test.labels))
        assert one[at, SAME] == pytest.approx(np.mean((probability > 0.5) == (exact > 0.5)))


def test_a_part_that_a_calibration_lacks_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, native = store(tmp_path), compiled(tmp_path, 3)
    lima = snapshot("ibmq_lima")
    silent = replace(lima, qubits=tuple(replace(qubit, p10=0.0, p01=0.0) for qubit in lima.qubits))
    monkeypatch.setattr("hqnn.execution.noisy.snapshot", lambda name: silent)
    trained = [Trained(0, save(tmp_path / "0.safetensors", "pixel", (3,), 2), samples)]
    common: dict[str, Any] = {
        "program": native[0],
        "backend": "ibmq_lima",
        "noise": NOISE,
        "about": {**ABOUT, "backend": "x"},
    }
    write_noise_curve(tmp_path / "n.csv", trained, factors=[900], trajectories=2, subset=9, seed=0, **common)
    same = read_metrics(tmp_path / "n.csv").query("metric == @SAME and at == 900").set_index("axis")["value"]
    assert same["noise_readout"] == 1
    assert same["noise"] < 1


def test_many_shots_answer_as_exact_values_do(tmp_path: Path) -> None:
    trained = [Trained(0, save(tmp_path / "0.safetensors", "pixel", (3,), 2), store(tmp_path))]
    write_shots_curve(tmp_path / "s.csv", trained, shots=[1, 4000], subset=15, seed=1, about=ABOUT)
    same = read_metrics(tmp_path / "s.csv").query("metric == @SAME").set_index("at")
    assert same["samples"].eq(15).all()
    assert same["value"][1] < 0.9 < same["value"][4000]


def point(folder: Path, samples: str, at: int, train: int | None, circuit: dict[str, Any] | None) -> Point:
    training = Training(batch_size=16, epochs=2).model_dump()
    kind = "dense_twin" if circuit is None else "pixel"
    place = (at, 0, str(folder / str(at)), [samples], train, ())
    return Point(*place, circuit, (), kind, {"reading": "scaled"}, training)


def test_a_point_is_what_training_on_its_samples_gives(tmp_path: Path) -> None:
    samples, name = store(tmp_path), "angle_y-simplified_two_design-1"
    circuit = {"name": name, "inputs": 3, "observables": ["Z1"], "reading": "pixel"}
    of_sizes = [point(tmp_path / "sizes", samples, at, at, circuit) for at in (8, 40)]
    more: dict[str, Any] = {"has_circuit": True, "table": samples, "about": ABOUT}
    train_curve(tmp_path / "sizes.csv", of_sizes, axis="train_sizes", **more)
    program = tmp_path / "program.json"
    program.write_text(build_for(name, 3, ("Z1",)).to_json())
    whole = of_sizes[-1]
    train_ideal(
        tmp_path / "whole.safetensors",
        tmp_path / "whole.csv",
        samples=[samples],
        program=[str(program)],
        kind=whole.kind,
        options=whole.options,
        training=whole.training,
        seed=0,
    )
    kept = [read_model(path)[1] for path in (tmp_path / "whole.safetensors", Path(whole.folder) / "model.safetensors")]
    assert kept[0]["fingerprint"] == kept[1]["fingerprint"]
    histories = [pd.read_csv(Path(one.folder) / "history.csv") for one in of_sizes]
    assert [len(history) for history in histories] == [6, 2]  # epochs of 1 and 3 steps
    usual = replace(of_sizes[0], folder=str(tmp_path / "usual"), training={**whole.training, "batch_size": None})
    train_curve(tmp_path / "usual.csv", [usual], axis="train_sizes", **more)
    steps = [ceil(size / usual_batch(size)) for size in (8, 40)]
    assert len(pd.read_csv(tmp_path / "usual/history.csv")) == ceil(2 * steps[1] / steps[0])
    table = read_metrics(tmp_path / "sizes.csv")
    assert set(table["at"]) == {8, 40} and set(table["axis"]) == {"train_sizes"}
    sized = [point(tmp_path / "qubits", samples, at, None, {**circuit, "inputs": at}) for at in (2, 3)]
    train_curve(tmp_path / "qubits.csv", sized, axis="qubits", **more)
    parameters = read_metrics(tmp_path / "qubits.csv").query("metric == 'parameters'").set_index("at")["value"]
    assert parameters[2] < parameters[3] == kept[0]["parameters"]
    places = [Place(at, 0, str(tmp_path / "ref" / str(at)), [samples], at, ()) for at in (8, 40)]
    fit_curve(
        tmp_path / "ref.csv", places, axis="train_sizes", parameters={}, about={**ABOUT, "model": "logistic_regression"}
    )
    assert read_metrics(tmp_path / "ref.csv").query("metric == 'accuracy'")["value"].gt(0.5).all()


def of(kind: str, **keys: Any) -> dict[str, Any]:
    return {"studies": {"mine": {"kind": kind, **keys}}}


WRONG = [
    (of("table", models=[], curves={"qubits": [4]}), "curves.qubits is an axis of quantum models, of which.*has none"),
    (of("images", models=[], curves={"noise": [1]}), "curves.noise is an axis of quantum models"),
    (of("table", curves={"layers": []}), r"'studies.mine.curves.layers' is \[\]: give at least one"),
    (of("table", curves={"noise": [-0.5]}), "'studies.mine.curves.noise.0' is -0.5: .*greater than or equal to 0"),
    (of("table", curves={"shots": [0]}), "'studies.mine.curves.shots.0' is 0"),
    (of("table", curves={"depth": [1]}), "'studies.mine.curves.depth' is unknown"),
    (of("table", curves={"noise": [1]}, execution={"backends": []}), "curves.noise scales.*backends, which are empty"),
    (of("table", observables=["Z5"], curves={"qubits": [8, 4]}), "curves.qubits 4, model .*Z5"),
    (of("table", evaluation={"margin": None}), "'studies.mine.evaluation.margin' is null: .*number"),
]


@pytest.mark.parametrize(("config", "message"), WRONG)
def test_an_axis_that_cannot_be_is_one_sentence(config: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        checked(config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "twins"), [("table", 1), ("photographs", 1), ("images", 1)])
def test_circuits_of_every_kind_and_the_twins_of_their_size_follow_the_axis(kind: str, twins: int) -> None:
    _, plans = checked(of(kind, seeds=[4], curves={"qubits": [2, 3], "layers": [5], "train_sizes": [50]}))
    plan = plans["mine"]
    files = curve_tables(plan)
    assert sum(file.endswith("qubits.csv") for file in files) == len(plan.models()) + twins
    assert sum(file.endswith("train_sizes.csv") for file in files) == len(
        [*plan.models(), *plan.twins(), *plan.references()]
    )
    dataset, model = plan.datasets()[0], plan.models()[0]
    assert [point["circuit"]["inputs"] for point in points(plan, "qubits", dataset, model)] == [2, 3]
    (layered,) = points(plan, "layers", dataset, model)
    assert layered["circuit"]["name"].split("-")[2] == "5"
    assert points(plan, "train_sizes", dataset, model)[0]["circuit"] == plan.circuit(model).plain()


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.floats(0.01, 2), min_size=2, max_size=6),
    losses=st.lists(st.floats(-0.2, 0.4), min_size=6, max_size=6),
    limit=st.floats(0.005, 0.2),
)
def test_a_model_breaks_where_its_loss_first_passes_the_margin(
    steps: list[float], losses: list[float], limit: float
) -> None:
    at = tuple(np.concatenate([[0.0], np.cumsum(steps)]))
    values = np.array([0.0, *losses[: len(steps)]])
    found, fine = crossing(at, values, limit), np.linspace(0, at[-1], 20_001)
    above = fine[np.interp(fine, at, values) > limit]
    if found is None:
        assert not above.size
    elif above.size:
        assert found == pytest.approx(above[0], abs=1e-3 * at[-1] + 1e-9)


def curve(name: str, *mean: float) -> Curve:
    at = (0.0, 0.5, 1.0, 2.0, 4.0)
    return Curve(name, at, mean, (0.0,) * len(at), {0: mean, 1: mean})


def test_the_page_says_what_breaks_a_model_and_how_much_better_the_machine_must_be() -> None:
    score = {
        WHOLE: curve(WHOLE, 0.8, 0.76, 0.7, 0.6, 0.5),
        "gates": curve("gates", 0.8, 0.8, 0.8, 0.76, 0.6),
        "readout": curve("readout", 0.8, 0.79, 0.78, 0.72, 0.7),
        "idling": curve("idling", *(0.8,) * 5),
    }
    same = {name: curve(name, *(1 - (own.mean[0] - np.array(own.mean)) / 2)) for name, own in score.items()}
    said = budget("net", "ibm_x", score, same, 0.02)
    assert said[0].startswith(
        "net: balanced accuracy 0.800 without noise and 0.700 under that of ibm_x, which changes 5"
    )
    assert "from 0.25 times that noise on: the machine must be 4 times better" in said[1]
    assert "What breaks it alone: readout from 1 times what it is; gates from 1.5 times" in said[2]
    assert said[2].endswith("idling not up to 4 times.")
    assert "must be 4 times better for no more than 1 % of the answers to change; readout alone" in said[3]
    good = dict.fromkeys(score, score["idling"])
    assert "the machine is good enough" in budget("net", "x", good, {n: curve(n, *(1.0,) * 5) for n in good}, 0.02)[1]


def test_the_data_beside_a_figure_are_the_numbers_of_the_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        [
            {
                **dict.fromkeys(COLUMNS, np.nan),
                **ABOUT,
                "model": model,
                "backend": backend,
                "seed": seed,
                "metric": "balanced_accuracy",
                "value": rng.random(),
                "samples": 30,
                "axis": "train_sizes",
                "at": at,
            }
            for model, backend in (("</script>&", "engine"), ("twin", "torch"), ("a", "sk"), ("b", "sk"))
            for seed in (0, 1)
            for at in (10, 100)
        ]
    )
    write_metrics(tmp_path / "metrics.csv", [rows])
    table = read_metrics(tmp_path / "metrics.csv")
    shown = curve_section(Material(as_set(table), [], [], [], pd.DataFrame(), points=along_axes(table)))
    (figures,) = [block for block in shown.blocks if isinstance(block, Figures)]
    content = str(figures.panels.images[0].content)
    (text,) = re.findall(r'<script type="application/json" class="curve">(.*?)</script>', content, re.DOTALL)
    data = json.loads(text)
    assert data["axis"] == "train_sizes" and data["dataset"] == "rows"
    means = table.groupby(["model", "at"])["value"].mean()
    best = max(("a", "b"), key=lambda name: means[name, 100])
    assert [series["name"] for series in data["series"]] == ["</script>&", "twin", best]
    for series in data["series"]:
        np.testing.assert_allclose(series["mean"], means[series["name"]].to_numpy(), atol=1e-6)
    said = [sentence for block in shown.blocks if isinstance(block, Words) for sentence in block.paragraphs]
    assert len(said) == 3 and yaml.safe_dump(said)
