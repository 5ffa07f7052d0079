"""What a study runs, and where every result lies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hqnn.errors import UserError
from hqnn.settings.model import KINDS, read_settings
from hqnn.settings.plan import Plan
from hqnn.settings.plans import plans_of


def plan(kind: str, **keys: Any) -> Plan[Any]:
    return plans_of(read_settings({"studies": {"mine": {"kind": kind, **keys}}}))["mine"]


def shipped(root: Path) -> dict[str, Plan[Any]]:
    files = [root / "config/config.yaml", *sorted((root / "config/studies").glob("*.yaml"))]
    found = {}
    for file in files:
        plans = plans_of(read_settings(yaml.safe_load(file.read_text(encoding="utf-8"))))
        found |= {f"{file.stem}: {name}": own for name, own in plans.items()}
    return found


def test_no_two_results_of_a_shipped_study_share_a_path(root: Path) -> None:
    for name, own in shipped(root).items():
        for files in (own.predictions(), own.trained_files("model.safetensors"), own.artefacts()):
            assert len(files) == len(set(files)), name


def test_every_path_of_a_result_lies_below_its_study(root: Path) -> None:
    for own in shipped(root).values():
        for file in [*own.predictions(), *own.trained_files("history.csv"), *own.artefacts(), own.table]:
            assert file.startswith(f"results/{own.name}/{own.data}")


def test_every_model_that_runs_has_an_architecture_a_regime_and_samples(root: Path) -> None:
    for own in shipped(root).values():
        for run in own.trained():
            assert own.architecture(run.model).kind
            assert own.training(run.model)["epochs"] >= 1
            assert own.samples(run.dataset, run.model, run.seed)[-1].startswith(own.folder)


@pytest.mark.parametrize("kind", KINDS)
@given(seeds=st.sets(st.integers(0, 50), min_size=1, max_size=4))
def test_one_more_seed_adds_runs_and_moves_none(kind: str, seeds: set[int]) -> None:
    few, more = (plan(kind, seeds=own) for own in (sorted(seeds), [*sorted(seeds), 99]))
    assert set(few.predictions()) < set(more.predictions())
    assert all("seed99" in file for file in set(more.predictions()) - set(few.predictions()))


@pytest.mark.parametrize(
    ("kind", "data", "name"),
    [
        ("pixels", {}, "sample"),
        ("pixels", {"source": "download"}, "oscd"),
        ("images", {"source": "download"}, "mnist"),
        ("photographs", {"source": "download", "set": "face_masks_observations"}, "face_masks_observations"),
        ("photographs", {"source": "download", "name": "mine", "set": "uav75"}, "mine"),
        ("photographs", {"source": "path", "path": "some/where/my-set/"}, "my_set"),
        ("table", {"source": "path", "path": "some/where/my table.v2.csv"}, "my_table"),
        ("table", {"source": "path", "path": "x.csv", "name": "mine"}, "mine"),
    ],
)
def test_results_are_named_after_the_data(kind: str, data: dict[str, Any], name: str) -> None:
    assert plan(kind, data=data).data == name


def test_published_figures_never_stand_beside_synthetic_data() -> None:
    assert plan("pixels", published="change").published is None
    assert plan("pixels", published="change", data={"source": "path", "path": "x"}).published == "change"


def test_phases_and_paths_follow_the_backends() -> None:
    own = plan("table", phases=["ideal", "noisy"], execution={"backends": ["ibmq_lima", "dir/mine.yaml"]})
    assert own.phases() == ["ideal", "noisy-ibmq_lima", "noisy-mine"]
    assert own.paths("noisy-mine") == ("exact", "shots", "noisy-mine", "hardware-mine")
    assert own.paths("ideal")[2:4] == ("noisy-ibmq_lima", "noisy-mine")


@pytest.mark.parametrize(
    ("kind", "keys", "question", "said"),
    [
        ("photographs", {}, ("split", "70_15_16"), "studies.mine.splits has no '70_15_16'"),
        ("table", {}, ("trainer", "x", "cirq"), "studies.mine.trainers has no 'cirq'"),
        ("images", {}, ("draw", "500_99_fresh"), "studies.mine.quanv.draws has no '500_99_fresh'"),
    ],
)
def test_a_path_that_names_what_the_config_lacks_is_a_sentence(
    kind: str, keys: dict[str, Any], question: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        getattr(plan(kind, **keys), question[0])(*question[1:])


def test_a_study_with_nothing_to_run_is_a_sentence() -> None:
    with pytest.raises(UserError, match="study mine has no model that runs"):
        plan("pixels", models=[], twins=[], baselines={})


def test_no_study_is_known_by_its_name(root: Path) -> None:
    """The published studies are entries of the config like any other; synthetic sets have names of their own."""
    studies = "|".join(path.stem for path in (root / "resources/published").glob("*.csv"))
    named = re.compile(rf"""(?<!"no_change", )["'/]({studies})["'/.]""")  # change is a class of pairs, too
    files = [
        path
        for folder in ("scripts", "workflow")
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".smk", ".j2", ".yaml", ".rst", "") and path.is_file()
    ]
    left = [
        path
        for path in files
        if "synthetic" not in path.parts and not {"__pycache__", "hqnn.egg-info"} & set(path.parts)
    ]
    hits = [f"{path.relative_to(root)}: {found[0]}" for path in left for found in named.finditer(path.read_text())]
    assert not hits
