from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hqnn.errors import UserError
from hqnn.manual import manual, schema
from hqnn.settings.model import read_settings


@pytest.mark.parametrize(("page", "made"), [("README.md", manual), ("schema.json", schema)])
def test_pages_in_config_are_what_the_model_says(root: Path, page: str, made: Any) -> None:
    kept = (root / "config" / page).read_text(encoding="utf-8")
    drift = "\n".join(difflib.unified_diff(kept.splitlines(), made().splitlines(), "kept", "made", lineterm=""))
    assert not drift, f"run `make config`:\n{drift}"


def test_every_config_file_is_valid(root: Path) -> None:
    files = [root / "config/config.yaml", *sorted((root / "config/studies").glob("*.yaml"))]
    assert len(files) >= 2
    for file in files:
        read_settings(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"change": {"training": {"learning_rte": 1}}},
            r"'change.training.learning_rte'.*did you mean 'learning_rate'",
        ),
        ({"evaluatoin": {}}, "did you mean 'evaluation'"),
        ({"execution": {"paths": ["exakt"]}}, r"'execution.paths.0' is 'exakt'.*'exact'"),
        ({"change": {"training": {"learning_rate": 0}}}, "greater than 0"),
        ({"change": {"features": {"stride": "ten"}}}, r"change.features.stride.*integer"),
        ({"data": {"source": "path"}}, "data.path is empty"),
        ({"seeds": []}, "at least 1 item"),
        ({"seeds": [1, 1]}, "'seeds'.*names 1 twice"),
        (
            {"masks": {"splits": [{"train": 70, "validation": 15, "test": 15}, {}]}},
            "'masks.splits'.*names 70_15_15 twice",
        ),
        ({"masks": {"splits": [{"tain": 70}]}}, "'masks.splits.0.tain'.*did you mean 'train'"),
        ({"masks": {"splits": [{"train": -1}]}}, "'masks.splits.0.train' is -1: input should be greater"),
        (
            {"cracks": {"splits": [{}, {"train": 240}]}},
            r"'cracks.splits.1': has shares .* sum to 240.3",
        ),
        ({"masks": {"weights": {"resnet81": "imagenet"}}}, "'masks.weights.resnet81'.*'resnet18'"),
        ({"masks": {"training": {"balanced": True, "class_weights": "balanced"}}}, "even the classes out twice"),
        ({"change": {"unet_small": {"patience": 2}}}, "'change.unet_small.patience' is unknown"),
        ({"masks": {"trainers": {"my-own": {}}}}, "'masks.trainers.my-own'"),
        ({"masks": {"fine_tuning": {"device": "qiskit.aer"}}}, "'masks.fine_tuning.device' is unknown"),
        ({"masks": {"images": {"classes": ["mask"]}}}, "'masks.images'.*names a single one"),
        ({"cracks": {"images": {"layout": "masked", "classes": ["a", "b", "c"]}}}, "'cracks.images'.*of two classes"),
        (
            {"digits": {"quanv": {"training": {"class_weights": "balanced"}}}},
            "'digits.quanv'.*no training.class_weights",
        ),
        ({"digits": {"training": {"patience": 2}}}, "training.patience chooses.*study C has none"),
        ({"change": {"fine_tuning": {"keep": "best_loss"}}}, "fine_tuning.keep chooses.*study A has none"),
        (
            {"masks": {"splits": [{"train": 70, "validation": 0, "test": 30}], "training": {"patience": 2}}},
            "training.patience chooses.*split 70_0_30 has none",
        ),
        ({"digits": {"quanv": {"training": {"differentiation": "adjoint"}}}}, "no training.differentiation"),
        ({"masks": {"splits": [{"train": "all"}]}}, "'masks.splits.0.train' is 'all'"),
        ({"digits": {"analysis": {"qubits": [4, 4]}}}, "'digits.analysis.qubits'.*names 4 twice"),
    ],
)
def test_a_wrong_config_is_one_sentence_that_names_the_key(config: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_settings(config)
    assert "\n" not in str(caught.value)


def test_seeds_trained_apart_may_be_trained_by_any_regime() -> None:
    said = {"sweep": "apart", "training": {"class_weights": "balanced", "differentiation": "adjoint"}}
    assert read_settings({"digits": {"quanv": said}}).digits.quanv.training.differentiation == "adjoint"


def test_values_from_the_command_line_arrive_as_text_and_are_read() -> None:
    split = {"train": "70", "validation": "15", "test": "null"}
    settings = read_settings(
        {
            "seeds": ["1", "2"],
            "change": {"features": {"stride": "5"}},
            "masks": {"splits": [split], "standardise": "null"},
            "digits": {"images": {"channels": "3"}},
        }
    )
    assert (settings.seeds, settings.change.features.stride) == ((1, 2), 5)
    assert (settings.masks.splits[0].sizes, settings.masks.standardise) == ((70, 15, None), None)
    assert settings.digits.images.channels == 3


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({}, "sample"),
        ({"data": {"source": "download"}, "studies": ["change"]}, "oscd"),
        ({"data": {"source": "download"}, "studies": ["digits"]}, "mnist"),
        (
            {
                "data": {"source": "download"},
                "studies": ["masks"],
                "masks": {"images": {"dataset": "face_masks_observations"}},
            },
            "face_masks_observations",
        ),
        ({"data": {"source": "download", "name": "mine"}, "studies": ["cracks"]}, "mine"),
        ({"data": {"source": "path", "path": "some/where/my-set/"}, "studies": ["cracks"]}, "my_set"),
        ({"data": {"source": "path", "path": "x", "name": "mine"}, "studies": ["cracks"]}, "mine"),
    ],
)
def test_results_are_named_after_the_data(config: dict[str, Any], name: str) -> None:
    assert read_settings(config).dataset == name


def test_a_section_that_sets_one_key_keeps_its_own_defaults_of_the_others() -> None:
    change = read_settings({"change": {"fine_tuning": {"epochs": 4}, "unet_full": {"epochs": 4}}}).change
    own = read_settings({}).change
    for name in ("fine_tuning", "unet_full"):
        assert getattr(change, name) == getattr(own, name).model_copy(update={"epochs": 4})
        assert getattr(own, name).learning_rate < own.training.learning_rate
