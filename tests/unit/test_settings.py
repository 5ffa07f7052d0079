from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hqnn.errors import UserError
from hqnn.manual import manual, schema
from hqnn.new import write_example
from hqnn.settings.images.keys import SmallImageStudy
from hqnn.settings.model import KINDS, read_settings
from hqnn.settings.photographs.keys import Photographs
from hqnn.settings.pixels.keys import Pixels


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


def test_every_shipped_study_has_a_name_of_its_own(root: Path) -> None:
    files = sorted((root / "config/studies").glob("*.yaml"))
    names = [name for file in files for name in yaml.safe_load(file.read_text(encoding="utf-8"))["studies"]]
    assert len(names) == len(set(names)) >= len(files)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_study_of_every_kind_is_valid_and_shows_its_name(tmp_path: Path, kind: str) -> None:
    path = write_example(tmp_path, "my_own", kind)
    settings = read_settings(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert settings.studies["my_own"].title == "My own"
    assert settings.studies["my_own"].kind == kind
    with pytest.raises(UserError, match="exists; choose another NAME"):
        write_example(tmp_path, "my_own", kind)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [("raw", "table", "NAME is 'raw'"), ("a b", "table", "NAME is 'a b'"), ("a", "tabel", "did you mean 'table'")],
)
def test_a_new_study_that_cannot_be_is_a_sentence(tmp_path: Path, name: str, kind: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        write_example(tmp_path, name, kind)
    assert not list(tmp_path.iterdir())


def of(kind: str, **keys: Any) -> dict[str, Any]:
    return {"studies": {"mine": {"kind": kind, **keys}}}


WRONG: list[tuple[dict[str, Any], str]] = [
    (of("pixels", training={"learning_rte": 1}), r"'studies.mine.training.learning_rte'.*did you mean 'learning_rate'"),
    ({**of("pixels"), "evaluatoin": {}}, "did you mean 'evaluation'"),
    (of("table", maps=False), "'studies.mine.maps' is unknown in a study of kind table: it belongs to pixels; leave"),
    ({**of("pixels"), "execution": {"paths": ["exakt"]}}, r"'execution.paths.0' is 'exakt'.*'exact'"),
    (of("pixels", execution={"paths": ["exakt"]}), r"'studies.mine.execution.paths.0' is 'exakt'.*'exact'"),
    (of("pixels", training={"learning_rate": 0}), "greater than 0"),
    (of("pixels", features={"stride": "ten"}), r"studies.mine.features.stride.*integer"),
    (of("table", data={"source": "path"}), "studies.mine.data.path is empty"),
    (of("table", data={"path": "mine.csv"}), "studies.mine.data.path names files that are not read"),
    ({**of("table"), "seeds": []}, "give at least one"),
    (of("table", seeds=[1, 1]), "'studies.mine.seeds'.*names 1 twice"),
    (of("photographs", splits=[{"train": 70, "validation": 15, "test": 15}, {}]), "splits'.*names 70_15_15 twice"),
    (of("photographs", splits=[{"tain": 70}]), "'studies.mine.splits.0.tain'.*did you mean 'train'"),
    (of("photographs", splits=[{"train": -1}]), "'studies.mine.splits.0.train' is -1: input should be greater"),
    (of("table", splits=[{}, {"train": 240}]), r"'studies.mine.splits.1': has shares .* sum to 240.3"),
    (of("photographs", weights={"resnet81": "imagenet"}), "'studies.mine.weights.resnet81'.*'resnet18'"),
    (of("photographs", training={"balanced": True, "class_weights": "balanced"}), "even the classes out twice"),
    (of("pixels", unet_small={"patience": 2}), "'studies.mine.unet_small.patience' is unknown"),
    (of("photographs", trainers={"my-own": {}}), "'studies.mine.trainers' is 'my-own'"),
    (of("photographs", fine_tuning={"device": "qiskit.aer"}), "'studies.mine.fine_tuning.device' is unknown"),
    (of("photographs", images={"classes": ["mask"]}), "'studies.mine.images'.*names a single one"),
    (of("photographs", images={"layout": "masked", "classes": ["a", "b", "c"]}), "'studies.mine.images'.*two classes"),
    (of("photographs", data={"set": "facse"}), "no synthetic data called 'facse'; did you mean 'faces'"),
    (
        of("images", quanv={"training": {"class_weights": "balanced"}}),
        "'studies.mine.quanv'.*no training.class_weights",
    ),
    (of("images", quanv={"training": {"differentiation": "adjoint"}}), "no training.differentiation"),
    (of("pixels", fine_tuning={"keep": "best_loss"}), "fine_tuning.keep chooses.*the study has none"),
    (
        of("table", splits=[{"train": 70, "validation": 0, "test": 30}], training={"patience": 2}),
        "training.patience chooses.*split 70_0_30 has none",
    ),
    (of("photographs", splits=[{"train": "all"}]), "'studies.mine.splits.0.train' is 'all'"),
    (of("images", analysis={"qubits": [4, 4]}), "'studies.mine.analysis.qubits'.*names 4 twice"),
    (of("pixels", scenes={"layout": "cube"}), "no synthetic data of the layout 'cube'"),
    (of("table", baselines={"forest": {"n_estimators": 3}}), "baselines.forest says no estimator"),
    (of("table", baselines={"logistic_regresion": {}}), "did you mean 'logistic_regression'"),
    (of("pixles"), "'studies.mine.kind' is 'pixles'; did you mean 'pixels'"),
    ({"studies": {"mine": {}}}, "'studies.mine.kind' is missing; name one of images, photographs, pixels, table"),
    ({"studies": {"mine": 3}}, "'studies.mine"),
    ({"studies": {"my study": {"kind": "table"}}}, "'studies.my study'"),
    ({"studies": {"raw": {"kind": "table"}}}, "'studies.raw' is called like a folder of results"),
    ({"studies": {}}, "'studies'.*give at least one"),
    ({"studies": ["land_cover"]}, "'studies' must map names to studies"),
    ({}, "'studies' must map names to studies"),
]


@pytest.mark.parametrize(("config", "message"), WRONG)
def test_a_wrong_config_is_one_sentence_that_names_the_key(config: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_settings(config)
    assert "\n" not in str(caught.value)


def test_seeds_trained_apart_may_be_trained_by_any_regime() -> None:
    said = {"sweep": "apart", "training": {"class_weights": "balanced", "differentiation": "adjoint"}}
    study = read_settings(of("images", quanv=said)).studies["mine"]
    assert isinstance(study, SmallImageStudy)
    assert study.quanv.training.differentiation == "adjoint"


def test_values_from_the_command_line_arrive_as_text_and_are_read() -> None:
    settings = read_settings(
        {
            "seeds": ["1", "2"],
            "studies": {
                "a": {"kind": "pixels", "features": {"stride": "5"}},
                "b": {
                    "kind": "photographs",
                    "splits": [{"train": "70", "validation": "15", "test": "null"}],
                    "standardise": "null",
                },
                "c": {"kind": "images", "images": {"channels": "3"}},
                "d": {"kind": "table", "baselines": {"forest": {"estimator": "SVC", "C": "10", "probability": "true"}}},
            },
        }
    )
    pixels, photographs, images, table = settings.studies.values()
    assert isinstance(pixels, Pixels) and isinstance(photographs, Photographs) and isinstance(images, SmallImageStudy)
    assert (pixels.seeds, pixels.features.stride) == ((1, 2), 5)
    assert (photographs.splits[0].sizes, photographs.standardise) == ((70, 15, None), None)
    assert images.images.channels == 3
    assert table.baselines["forest"].model_dump() == {"estimator": "SVC", "C": 10, "probability": True}


def test_a_study_overrides_key_by_key_what_stands_at_the_top() -> None:
    shared = {"seeds": [7], "execution": {"shots": 99, "paths": ["exact"]}, "evaluation": {"draws": 5}}
    own = {"kind": "table", "seeds": [1, 2], "execution": {"shots": 50}}
    settings = read_settings({**shared, "studies": {"a": own, "b": {"kind": "table"}}})
    a, b = settings.studies["a"], settings.studies["b"]
    assert (a.seeds, a.execution.shots, a.execution.paths, a.evaluation.draws) == ((1, 2), 50, ("exact",), 5)
    assert (b.seeds, b.execution.shots, b.execution.paths, b.evaluation.draws) == ((7,), 99, ("exact",), 5)


def test_a_section_that_sets_one_key_keeps_its_own_defaults_of_the_others() -> None:
    set_, own = (
        read_settings(config).studies["mine"]
        for config in (of("pixels", fine_tuning={"epochs": 4}, unet_full={"epochs": 4}), of("pixels"))
    )
    assert isinstance(set_, Pixels) and isinstance(own, Pixels)
    for name in ("fine_tuning", "unet_full"):
        assert getattr(set_, name) == getattr(own, name).model_copy(update={"epochs": 4})
        assert getattr(own, name).learning_rate < own.training.learning_rate
