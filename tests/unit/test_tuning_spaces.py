"""What is searched of each model, which mistakes in it are told before anything runs, and what the page says of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from hqnn.checks import checked
from hqnn.errors import UserError
from hqnn.models.reference_names import CLASSIFIERS
from hqnn.report.chapter import Chapter, Material, Shown, section
from hqnn.report.tables import Cell, Table
from hqnn.report.tuning import read_searches, tuned_words, with_tuning
from hqnn.settings.spaces import SPACES, circuit_name
from hqnn.tuning.search import Trial, importances
from hqnn.tuning.tune import _as_csv

TABLE: dict[str, Any] = {
    "seeds": [0, 1],
    "studies": {
        "rows": {
            "kind": "table",
            "baselines": {"svc": {"estimator": "SVC", "C": 2.0}},
            "execution": {"paths": ["exact"]},
            "tuning": {},
        }
    },
}


def with_space(space: Any, **keys: Any) -> dict[str, Any]:
    config = copy.deepcopy(TABLE)
    config["studies"]["rows"]["tuning"] = {"space": space}
    config["studies"]["rows"].update(keys)
    return config


def test_every_space_that_ships_is_one_of_what_it_is_for(root: Path) -> None:
    config = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    shipped = yaml.safe_load(SPACES.read_text(encoding="utf-8"))
    for study in config["studies"].values():
        study["tuning"] = {}
    estimators = set(shipped["baselines"]) & set(CLASSIFIERS)
    assert len(estimators) > 12
    config["studies"]["measurements"]["baselines"] = {f"b_{name}": {"estimator": name} for name in shipped["baselines"]}
    _, plans = checked(config)
    assert {study.study.kind for study in plans.values()} == set(shipped["nets"]) == set(shipped["circuits"])
    for plan in plans.values():
        trained = [*plan.searches.quantum, *plan.searches.twins, *plan.references()]
        assert set(trained) - set(plan.searches.models()) <= {"change_vector"}


def test_each_seed_has_a_search_of_its_own_where_it_deals_its_own_samples(root: Path) -> None:
    config = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    config["seeds"] = [3, 4]
    for study in config["studies"].values():
        study["tuning"] = {}
    _, plans = checked(config)
    seeds = {name: {Path(file).parent.name for file in plan.searches.files()} for name, plan in plans.items()}
    assert seeds["measurements"] == seeds["cracks"] == {"seed3", "seed4"}
    assert seeds["change"] == seeds["land_cover"] == {"seed3"}
    assert seeds["digits"] == {"seed3", "seed0"}  # small kernels have seeds of their own
    shared = plans["change"].searches
    assert shared.program("sample", "angle_y-simplified_two_design-3", 4).endswith("tuned/seed3/program.json")
    assert plans["masks"].fixed_circuit("resnet18-hadamard_angle_y-dressed-1")  # compiled once for seeds that differ
    del config["studies"]["change"]["tuning"]
    _, plans = checked(config)
    assert plans["change"].searches.files() == []
    assert plans["change"].traced("sample", "dense_twin", 3) == [
        "results/change/sample/angle_y-simplified_two_design-3/program.json"
    ]


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        ({"quantun": {"layers": [1]}}, r"space\.quantun' is no model of the study; did you mean 'quantum'\?"),
        ({"svc": {"gama": [1]}}, r"space\.svc\.gama' is no parameter of SVC; did you mean 'gamma'\?"),
        ({"quantum": {"learning_rat": [0.1]}}, r"space\.quantum\.learning_rat' is nothing .* mean 'learning_rate'\?"),
        ({"quantum": {"ansatz": ["dresed"]}}, r"space\.quantum\.ansatz' has the value \"?'dresed'\"?: .*'dressed'"),
        ({"quantum": {"layers": {"low": 0, "high": 2}}}, r"space\.quantum\.layers' has the value 0"),
        ({"twins": {"layers": [1, 2]}}, r"space\.twins\.layers' is nothing that is searched of dense_twin"),
        ({"dense_twin": {"batch_size": [0]}}, r"dense_twin\.batch_size' has the value 0: input should be greater"),
        ({"quantum": {"embedding_scale": [0]}}, r"embedding_scale' has the value 0; give numbers from 0\.001"),
        ({"quantum": {"reading": ["scald"]}}, r"reading' has the value 'scald'; did you mean 'scaled'\?"),
        ({"svc": {"C": {"low": 2, "high": 1}}}, r"tuning\.space\.svc\.C.*runs from 2 to 1; let low be less than high"),
        ({"svc": {"C": {"low": 0, "high": 1, "log": True}}}, r"starts at 0, which has no logarithm"),
        ({"svc": {"C": []}}, r"tuning\.space\.svc\.C' is \[\]: give a list of values to choose from"),
        ({"svc": {"C": {"low": 1, "hihg": 2}}}, r"tuning\.space\.svc\.C"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_space_is_told_with_the_nearest_right_name(space: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        checked(with_space(space))


def test_other_mistakes_are_told(root: Path) -> None:
    for said, sentence in (
        ({"trials": 0}, r"tuning\.trials' is 0: input should be greater than or equal to 1"),
        ({"folds": 1}, r"tuning\.folds' is 1: input should be greater than or equal to 2"),
        ({"budget_s": 0}, r"tuning\.budget_s' is 0: input should be greater than 0"),
        ({"trails": 3}, r"tuning\.trails' is unknown; did you mean 'trials'\?"),
    ):
        config = copy.deepcopy(TABLE)
        config["studies"]["rows"]["tuning"] = said
        with pytest.raises(UserError, match=sentence):
            checked(config)
    native = with_space({"quantum": {"layers": [1, 2]}}, execution={"paths": ["exact", "noisy"]})
    with pytest.raises(UserError, match=r"layers' cannot be searched: each seed has a search of its own"):
        checked(native)
    _, plans = checked(with_space({"svc": {}}))
    assert "svc" not in plans["rows"].searches.models()


def test_a_net_that_normalises_nothing_learns_at_a_lower_rate_where_nobody_says_one() -> None:
    study: dict[str, Any] = {"kind": "images", "tuning": {}}
    for said, rate in (({}, 0.001), ({"training": {"learning_rate": 0.02}}, 0.02)):
        _, plans = checked({"studies": {"small": {**study, **said}}})
        assert plans["small"].training("cnn")["learning_rate"] == rate
        assert plans["small"].searches.subject("cnn")["training"]["learning_rate"] == rate
    assert plans["small"].training("parallel")["learning_rate"] == 0.02
    _, plans = checked({"studies": {"small": {**study, "cnn": {"normalised": ["convolutions"]}}}})
    assert plans["small"].training("cnn")["learning_rate"] == 0.01


def test_parts_of_a_circuit_s_name_are_chosen_and_others_stay() -> None:
    name = "angle_y-quanvolutional-1-reupload-axis_x"
    assert circuit_name(name, {"layers": 3, "embedding": "angle_x"}) == "angle_x-quanvolutional-3-reupload-axis_x"
    assert circuit_name(name, {"ansatz": "dressed"}) == "angle_y-dressed-1-reupload"


def test_the_page_says_beside_numbers_how_models_were_tuned(tmp_path: Path) -> None:
    trials = [Trial(place, {"C": 10.0**place}, place / 8, "complete", 1.0) for place in range(6)]
    trials.append(Trial(6, {"C": 0.5}, 0.9, "pruned", 1.0))
    for model in ("net", "svm"):
        file = tmp_path / f"{model}/settings.json"
        file.parent.mkdir()
        chosen: dict[str, Any] = {part: {} for part in ("training", "options", "circuit", "parameters")}
        said = {"dataset": "d", "model": model, "seed": 0, "chosen": chosen, "trials": 7, "asked": 7, "best": 5,
                "score": 5 / 8, "folds": 3, "importances": {"C": 1.0}}  # fmt: skip
        file.write_text(json.dumps(said))
        (file.parent / "trials.csv").write_text(_as_csv(trials))
    found = read_searches(sorted(tmp_path.glob("*/settings.json")))
    assert found[0].best_so_far.tolist()[-2:] == [5 / 8, 5 / 8]
    assert tuned_words(["net", "svm"], []) == "untuned"
    assert tuned_words(["net", "svm", "unet"], found) == "tuned with 7 trials each; untuned: unet"
    found[1].said["trials"] = 4  # type: ignore[index]
    assert tuned_words(["net", "svm"], found) == "tuned unequally: net with 7 trials, svm with 4 trials"
    metrics = pd.DataFrame({"dataset": "d", "model": ["net", "svm"]})
    material = Material(metrics, [], [], [], metrics)
    of_models = Shown(Table("Scores.", ("model", "value"), ((Cell("net"), Cell(".9")),), 1))
    of_data = Shown(Table("Samples.", ("class", "number"), ((Cell("a"), Cell("3")),), 1))
    chapter = Chapter("s", "d", ("ran",), (), True, "", (section("scores", "Scores", of_models, of_data),))
    told = with_tuning(chapter, material, found)
    scores, data = (block.table.caption for block in told.sections[0].blocks if isinstance(block, Shown))
    assert scores == "Scores. Tuned unequally: net with 7 trials, svm with 4 trials."
    assert data == "Samples."
    assert "ended after 4 of 7 trials" in told.sections[-1].blocks[0].paragraphs[1]  # type: ignore[union-attr]
    (tmp_path / "svm/trials.csv").unlink()
    with pytest.raises(UserError, match=r"trials\.csv cannot be read as the trials of a search"):
        read_searches([tmp_path / "svm/settings.json"])


def test_importances_are_none_where_scores_do_not_vary() -> None:
    trials = [Trial(place, {"C": 1.0 + place}, 0.5, "complete", 1.0) for place in range(6)]
    assert importances(trials, {}) == {}
