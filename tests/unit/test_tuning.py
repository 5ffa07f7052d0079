"""The search for settings sees train samples alone, comes to the same trials whenever it is killed, and is obeyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.data.folds import Fold, LeakError, deal_folds, fold_groups, refuse_leaks
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.samples import Samples, read_samples
from hqnn.errors import UserError
from hqnn.execution.references import predict_reference
from hqnn.models.architectures import read_classifier
from hqnn.settings.tuning import Range
from hqnn.store import read_table, write_table
from hqnn.training.ideal import train_ideal
from hqnn.tuning.search import Search, best_of, importances, search
from hqnn.tuning.tune import Task, tune

TUNING = {"trials": 3, "budget_s": 600.0, "folds": 2}
SVC = {"parameters": {"estimator": "SVC"}, "balanced": False}
OF_SVC = {"C": {"low": 0.001, "high": 100.0, "log": True}, "kernel": ["linear", "rbf"]}
NET = {
    "kind": "pixel",
    "options": {"reading": "sigmoid"},
    "training": {"epochs": 2, "batch_size": 25},
    "augmentation": None,
    "circuit": {"name": "angle_y-simplified_two_design-1", "inputs": 2, "observables": ["Z0"], "reading": "pixel"},
}
OF_NET = {
    "learning_rate": {"low": 0.001, "high": 0.5, "log": True},
    "layers": {"low": 1, "high": 2},
    "embedding_scale": {"low": 0.5, "high": 2.0},
}


def store(path: Path, *, of_test: float = 0.0) -> Path:
    """A table of two classes; its test samples hold what is said, or what train samples hold."""
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 60).astype(np.uint8)
    features = (rng.normal(size=(120, 2)) + 1.5 * labels[:, None]).astype(np.float32)
    split = np.repeat(np.array([TRAIN, VALIDATION, TEST], dtype=np.uint8), [75, 15, 30])
    features[split == TEST] += of_test
    columns = {"features": features, "labels": labels, "split": split, "group_site": np.arange(120) // 5}
    write_table(path, columns, {"classes": ["a", "b"]})
    return path


def tuned(folder: Path, table: Path, subject: Any, space: Any) -> None:
    """Search, and write what was chosen and what was tried."""
    task = Task([table], {}, subject, space, TUNING, seed=3)
    tune(folder / "settings.json", folder / "trials.csv", task, about={})


@pytest.mark.parametrize(("subject", "space"), [(SVC, OF_SVC), (NET, OF_NET)], ids=["reference", "net"])
def test_a_search_does_not_see_what_test_samples_hold(tmp_path: Path, subject: Any, space: Any) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder, of_test in zip(folders, (0.0, np.nan), strict=True):
        tuned(folder, store(tmp_path / f"{folder.name}.h5", of_test=of_test), subject, space)
    one, other = ((folder / "settings.json").read_bytes() for folder in folders)
    assert one == other


def test_a_test_sample_among_the_folds_is_refused(tmp_path: Path) -> None:
    table = store(tmp_path / "s.h5")
    train = read_samples(table, TRAIN)
    folds = deal_folds(train, 3, 0)
    refuse_leaks(folds, train, table)
    leaked = read_samples(table, TEST)
    planted = Samples(np.append(train.ids, leaked.ids[0]), train.features, np.append(train.labels, 0), train.groups)
    with pytest.raises(LeakError, match="from outside the train part, the first row 90 of part test"):
        refuse_leaks(folds, planted, table)
    twice = Fold(np.append(folds[0].fitted, folds[0].held[0]), folds[0].held)
    with pytest.raises(LeakError, match="1 sample of a fold would be fitted on and scored"):
        refuse_leaks([twice], train, table)
    sites = fold_groups(table, train, {"column": "group_site"})
    with pytest.raises(LeakError, match="groups of a fold would be fitted on and scored"):
        refuse_leaks(folds, train, table, sites)


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(5, 40), st.integers(0, 2**32 - 1))
def test_every_train_sample_is_scored_once_and_groups_stay_whole(folds: int, groups: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    of = np.append(rng.integers(groups, size=60), np.arange(groups))
    labels = rng.integers(2, size=len(of)).astype(np.uint8)
    train = Samples(np.arange(len(of)), np.empty(0), labels, np.empty(0))
    for by in (None, of):
        dealt = deal_folds(train, folds, seed, by)
        assert sorted(np.concatenate([fold.held for fold in dealt])) == list(range(len(of)))
        units = np.arange(len(of)) if by is None else by
        assert all(not np.intersect1d(units[fold.held], units[fold.fitted]).size for fold in dealt)
    shares = [abs(labels[fold.held].mean() - labels.mean()) for fold in deal_folds(train, folds, seed)]
    assert max(shares) <= folds / len(of)


@pytest.mark.parametrize(("within", "block", "kept"), [(False, 4, "scenes"), (True, 4, "blocks"), (True, 0, "pixels")])
def test_pixels_are_folded_by_what_their_split_keeps_whole(tmp_path: Path, within: bool, block: int, kept: str) -> None:
    rows, columns = (grid.ravel() for grid in np.indices((8, 16)))
    scene = columns // 8
    parts = np.where(rows // 4 == 0, TRAIN, TEST) if within else np.where(scene == 0, TRAIN, TEST)
    named = {"scene": scene, "row": rows, "column": columns, "split": parts.astype(np.uint8)}
    write_table(tmp_path / "s.h5", {**named, "features": rows[:, None], "labels": (rows % 2).astype(np.uint8)}, {})
    train = read_samples(tmp_path / "s.h5", TRAIN)
    found = fold_groups(tmp_path / "s.h5", train, {"column": "scene", "block": block})
    assert (0 if found is None else len(np.unique(found))) == {"scenes": 1, "blocks": 4, "pixels": 0}[kept]
    if kept == "scenes":
        with pytest.raises(UserError, match=r"tuning\.folds is 2 but there are 1 group of train samples"):
            deal_folds(train, 2, 0, found)


def asked(journal: Path, **said: Any) -> Search:
    """A search for the top of a hill, of which one choice is higher."""
    space = {"place": Range(low=-2.0, high=2.0), "hill": ("low", "high")}
    given = {"trials": 14, "budget_s": 60.0, "seed": 5, "digest": "d", "first": {"place": 1.9}, **said}
    return Search(space, journal=journal, **given)


def hill(values: Any, report: Any) -> float:
    height = (values["hill"] == "high") - float(values["place"]) ** 2
    report(0, height)
    report(1, height)
    return height


def told(trials: Any) -> list[Any]:
    return [(one.number, dict(one.values), one.score, one.state) for one in trials]


class Killed(BaseException):
    """What ends a process."""


def test_a_killed_search_goes_on_to_the_very_trials_it_would_have_come_to(tmp_path: Path) -> None:
    whole = search(hill, asked(tmp_path / "whole.log"))
    judged = []

    def killed(values: Any, report: Any) -> float:
        if len(judged) == 9:
            raise Killed
        judged.append(values)
        return hill(values, report)

    journal = tmp_path / "killed.log"
    with pytest.raises(Killed):
        search(killed, asked(journal))
    journal.write_bytes(journal.read_bytes() + b'{"op_code":6,"worker')  # a line that was being written
    judged.clear()
    assert told(search(hill, asked(journal))) == told(whole)
    assert whole[0].values["place"] == 1.9
    assert best_of(whole).values["hill"] == "high"
    assert abs(best_of(whole).values["place"]) < 0.5
    share = importances(whole, asked(journal).space)
    assert sum(share.values()) == pytest.approx(1)
    never = search(lambda *_: pytest.fail("a finished search judges again"), asked(journal))
    assert told(never) == told(whole)
    assert search(hill, asked(journal, digest="other", trials=1))[0].number == 0


def test_a_damaged_journal_starts_anew_with_a_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = tmp_path / "journal.log"
    search(hill, asked(journal, trials=3))
    said = journal.read_bytes()
    journal.write_bytes(said[:200] + b"\0\xff garbage\n" + said[230:])
    assert len(search(hill, asked(journal, trials=3))) == 3
    assert "journal.log is no journal of trials that can be read" in caplog.text


def test_a_budget_ends_a_search_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UserError, match=r"tuning\.budget_s of 1e-09 s ended before one trial was judged; raise it"):
        search(hill, asked(tmp_path / "a.log", budget_s=1e-9))
    few = search(hill, asked(tmp_path / "b.log", trials=10_000, budget_s=0.3))
    assert 0 < len(few) < 10_000
    assert f"ended after {len(few)} of 10000 trials" in caplog.text

    def faulty(*_: Any) -> float:
        raise UserError("the loss is no number")

    with pytest.raises(UserError, match="none of 2 trials could be judged; the first: the loss is no number"):
        search(faulty, asked(tmp_path / "c.log", trials=2))


def test_chosen_settings_are_those_that_are_trained_and_fitted(tmp_path: Path) -> None:
    table = store(tmp_path / "s.h5")
    best = {"training": {"learning_rate": 0.2, "epochs": 2}, "options": {"embedding_scale": 0.5, "reading": "scaled"}}
    said = {"chosen": {"circuit": {}, "parameters": {"C": 7.5}, **best}, "trials": 12}
    (tmp_path / "settings.json").write_text(json.dumps(said))
    program = tmp_path / "program.json"
    from hqnn.circuits.library import build

    program.write_text(build("angle_y-simplified_two_design-1", 2, ["Z0"]).to_json(), encoding="utf-8")
    chosen = [tmp_path / "settings.json"]
    of_net = {name: NET[name] for name in ("kind", "options", "training")}
    train_ideal(tmp_path / "m.safetensors", tmp_path / "h.csv", samples=[table], program=[program], seed=0,
                tuned=chosen, **of_net)  # type: ignore[arg-type]  # fmt: skip
    model, about = read_classifier(tmp_path / "m.safetensors")
    assert about["training"]["learning_rate"] == 0.2
    assert len((tmp_path / "h.csv").read_text().splitlines()) == 3
    assert about["tuned"]["trials"] == 12
    assert model.architecture.options == {"reading": "scaled", "embedding_scale": 0.5}
    inputs = np.array([[0.3, -0.4]], dtype=np.float32)
    encode = model.encode
    assert np.allclose(model.circuit_inputs(inputs), 0.5 * encode[0](model.as_input(inputs)).detach().numpy())  # type: ignore[union-attr,operator,index]
    predict_reference(tmp_path / "p.h5", samples=[table], name="svm", parameters=SVC["parameters"], seed=0, about={
        "study": "s", "dataset": "d", "phase": "ideal", "path": "exact"}, tuned=chosen)  # type: ignore[arg-type]  # fmt: skip
    assert read_table(tmp_path / "p.h5")[1]["tuned"] == about["tuned"]
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(UserError, match="holds no settings that a search chose"):
        train_ideal(tmp_path / "m.safetensors", tmp_path / "h.csv", samples=[table], program=[program], seed=0,
                    tuned=chosen, **of_net)  # type: ignore[arg-type]  # fmt: skip
