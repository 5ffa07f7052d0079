"""Classical references by name: ours, and scikit-learn's."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators
from threadpoolctl import threadpool_limits

from hqnn.data.parts import TEST, TRAIN
from hqnn.errors import UserError
from hqnn.execution.references import predict_reference
from hqnn.models.baselines import fit_reference, reference, reference_probability
from hqnn.models.reference_names import CLASSIFIERS, COMPOSITE, check_reference
from hqnn.models.reference_parameters import PARAMETERS, check_parameters, parameter_names
from hqnn.store import read_table, write_table

ABOUT = {"study": "any", "dataset": "any", "phase": "ideal", "path": "exact"}
WHOLE_NUMBERS = ("CategoricalNB", "ComplementNB", "MultinomialNB")  # take counts, which our features are not


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As a rule has it; threads that wait for each other take minutes on busy cores."""
    with threadpool_limits(1):
        yield


def clouds(classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Forty samples a class around a corner each, in five features."""
    labels = np.repeat(np.arange(classes), 40).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(size=(len(labels), 5))
    return (noise + 3 * np.eye(5)[labels]).astype(np.float32), labels


def store(path: Path, classes: int = 3, **columns: np.ndarray) -> Path:
    """A table of samples, half of them to train on."""
    features, labels = clouds(classes)
    split = np.where(np.arange(len(labels)) % 2, TEST, TRAIN).astype(np.uint8)
    names = [f"class {label}" for label in range(classes)]
    write_table(path, {"features": features, "labels": labels, "split": split, **columns}, {"classes": names})
    return path


def predicted(folder: Path, samples: Path, name: str, **more: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    said: dict[str, Any] = {"parameters": {}, "seed": 0, "about": ABOUT, **more}
    predict_reference(folder / "predictions.h5", samples=samples, name=name, **said)
    return read_table(folder / "predictions.h5")


def test_the_names_are_those_of_the_locked_scikit_learn() -> None:
    installed = dict(all_estimators(type_filter="classifier"))
    assert set(CLASSIFIERS) | set(COMPOSITE) == set(installed) and not set(CLASSIFIERS) & set(COMPOSITE)
    empty = inspect.Parameter.empty
    needing = {
        name
        for name, kind in installed.items()
        if any(parameter.default is empty for parameter in inspect.signature(kind).parameters.values())
    }
    assert needing | {"SelfTrainingClassifier"} == set(COMPOSITE)
    assert not {
        name
        for name in CLASSIFIERS
        if getattr(inspect.signature(installed[name]).parameters.get("n_jobs"), "default", None) is not None
    }


def test_the_parameters_are_those_of_the_locked_scikit_learn() -> None:
    installed = dict(all_estimators(type_filter="classifier"))
    assert set(PARAMETERS) == set(CLASSIFIERS)
    for name, names in PARAMETERS.items():
        theirs = set(inspect.signature(installed[name]).parameters) - {"random_state", "n_jobs", "estimator"}
        assert set(names.split()) == theirs, name
        assert parameter_names(name) == theirs | {"standardise", "calibrate"}


def test_parameters_are_checked_without_scikit_learn() -> None:
    code = (
        "import sys; from hqnn.models.reference_parameters import check_parameters;"
        "check_parameters('RandomForestClassifier', {'n_estimators': 3, 'calibrate': True});"
        "check_parameters('mlp', {'parameters': 90, 'alpha': 0.1}); check_parameters('change_vector', {});"
        "print(sorted({'sklearn', 'scipy', 'numpy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        (
            "RandomForestClassifier",
            {"n_estimator": 9},
            "RandomForestClassifier has no parameter 'n_estimator'; did you",
        ),
        ("mlp", {"hidden_layers": [3]}, "mlp has no parameter 'hidden_layers'; did you mean 'hidden_layer_sizes'"),
        ("mlp", {"parameters": True}, "must be a whole number from 1"),
        ("logistic_regression", {"calibrate": 1}, "calibrate of the baseline logistic_regression is 1; say true or"),
        ("change_vector", {"bins": 3, "standardise": True}, "has no parameters; leave bins, standardise out"),
        ("AdaBoostClassifier", {3: 4}, "has no parameter '3'"),
        ("SVM", {}, "did you mean 'SVC'"),
    ],
)
def test_a_parameter_is_refused_before_anything_is_fitted(name: str, parameters: dict[Any, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_parameters(name, parameters)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", [n for n in CLASSIFIERS if n not in WHOLE_NUMBERS])
def test_every_classifier_says_what_it_predicts(name: str, classes: int) -> None:
    features, labels = clouds(classes)
    fitted = fit_reference(reference(name, {}, seed=0, features=5, classes=classes), features, labels)
    probability = reference_probability(fitted, features, classes)
    assert probability.shape == ((len(labels),) if classes == 2 else (len(labels), classes))
    said = probability > 0.5 if classes == 2 else probability.argmax(axis=1)
    assert (said == fitted.predict(features)).mean() > 0.97  # ties, and what SVC decides by pairs


@pytest.mark.parametrize(
    ("name", "parameters", "theirs"),
    [
        ("RandomForestClassifier", {"n_estimators": 20}, RandomForestClassifier(20, random_state=7)),
        ("SVC", {"kernel": "rbf", "standardise": True}, make_pipeline(StandardScaler(), SVC())),
    ],
)
def test_a_reference_is_scikit_learn_s_own(
    tmp_path: Path, name: str, parameters: dict[str, Any], theirs: RandomForestClassifier
) -> None:
    columns, about = predicted(tmp_path, store(tmp_path / "s.h5"), name, parameters=parameters, seed=7)
    features, labels = clouds(3)
    theirs.fit(features[::2], labels[::2])
    np.testing.assert_array_equal(columns["predicted"], theirs.predict(features[1::2]))
    np.testing.assert_allclose(columns["probability"].sum(axis=1), 1)
    assert (about["model"], about["seed"], about["backend"]) == (name, 7, "scikit-learn")
    assert about["seconds"] > 0 and about["classes"] == ["class 0", "class 1", "class 2"]


def test_ours_have_as_many_numbers_as_they_say(tmp_path: Path) -> None:
    samples = store(tmp_path / "s.h5")
    _, about = predicted(tmp_path, samples, "mlp", parameters={"parameters": 93})
    assert about["parameters"] == 10 * (5 + 1 + 3) + 3
    _, about = predicted(tmp_path, samples, "logistic_regression", balanced=True)
    assert about["parameters"] == 3 * (5 + 1)
    _, about = predicted(tmp_path, samples, "mlp")
    assert about["parameters"] == 100 * (5 + 1 + 3) + 3
    _, about = predicted(tmp_path, samples, "bayes", parameters={"estimator": "GaussianNB"})
    assert "parameters" not in about and about["model"] == "bayes"


def test_decision_values_become_calibrated_where_that_is_asked_for() -> None:
    features, labels = clouds(3)
    for calibrate in (False, True):
        made = reference("LinearSVC", {"calibrate": calibrate}, seed=0, features=5, classes=3)
        assert hasattr(made, "predict_proba") == calibrate
        probability = reference_probability(fit_reference(made, features, labels), features, 3)
        np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_a_class_without_train_samples_is_named_and_never_predicted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, labels = clouds(3)
    split = np.where((labels == 1) | (np.arange(len(labels)) % 2 == 1), TEST, TRAIN).astype(np.uint8)
    samples = store(tmp_path / "s.h5", split=split)
    with caplog.at_level(logging.WARNING):
        columns, _ = predicted(tmp_path, samples, "LinearSVC")
    assert "no train sample is of class class 1" in caplog.text
    assert columns["probability"].shape[1] == 3 and not columns["probability"][:, 1].any()


def test_what_scikit_learn_warns_of_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        predicted(tmp_path, store(tmp_path / "s.h5"), "MLPClassifier", parameters={"max_iter": 2})
    assert "the baseline MLPClassifier" in caplog.text and "Maximum iterations" in caplog.text


def test_of_several_views_the_first_is_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    features, _ = clouds(3)
    views = np.stack([features, np.zeros_like(features)], axis=1)
    with caplog.at_level(logging.WARNING):
        several, _ = predicted(tmp_path, store(tmp_path / "v.h5", views=views), "GaussianNB")
    one, _ = predicted(tmp_path, store(tmp_path / "s.h5"), "GaussianNB")
    np.testing.assert_array_equal(several["probability"], one["probability"])
    assert "first view" in caplog.text


def test_the_change_vector_reads_its_column_in_whatever_table_has_it(tmp_path: Path) -> None:
    samples = store(tmp_path / "s.h5", classes=2)
    lengths = np.linspace(0, 1, 80)
    write_table(tmp_path / "more.h5", {"change_vector_length": lengths}, {})
    predict_reference(
        tmp_path / "p.h5",
        samples=[samples, tmp_path / "more.h5"],
        name="change_vector",
        parameters={},
        seed=0,
        about=ABOUT,
    )
    probability = read_table(tmp_path / "p.h5", "probability")[0]["probability"]
    assert (np.diff(probability) > 0).all()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("RandomForestClasifier", "did you mean 'RandomForestClassifier'"),
        ("RandomForestRegressor", "'RandomForestRegressor' is no classifier"),
        ("PCA", "'PCA' is no classifier"),
        ("logistic_regresion", "did you mean 'logistic_regression'"),
        ("VotingClassifier", "made of other classifiers"),
    ],
)
def test_a_name_that_is_no_reference_is_a_sentence(name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_reference(name)


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("SVC", {"kernal": "rbf"}, "baseline SVC has no parameter 'kernal'; did you mean 'kernel'"),
        ("logistic_regression", {"c": 1}, "baseline logistic_regression has no parameter 'c'"),
        (
            "SVC",
            {"kernel": "rbff"},
            "refuses the baseline SVC with kernel 'rbff': The 'kernel' parameter .* Got 'rbff'",
        ),
        (
            "RandomForestClassifier",
            {"n_estimators": -3},
            "baseline RandomForestClassifier with n_estimators -3: .* int",
        ),
        ("ExtraTreesClassifier", {"max_depth": 0, "calibrate": True}, "baseline ExtraTreesClassifier with max_depth 0"),
        ("BaggingClassifier", {"max_samples": -1}, "baseline BaggingClassifier with max_samples -1"),
        ("CalibratedClassifierCV", {"cv": [1, 2]}, r"baseline CalibratedClassifierCV with cv \[1, 2\]"),
        ("mlp", {"hidden_layer_sizes": {"a": 1}}, "baseline MLPClassifier with hidden_layer_sizes {'a': 1}, max_iter"),
        ("RandomForestClassifier", {"random_state": 1}, "takes no random_state from the config"),
        ("RandomForestClassifier", {"n_jobs": 8}, "threads are the rule's"),
        ("SVC", {"standardise": "maybe"}, "standardise of the baseline SVC is 'maybe'; say true or false"),
        ("SVC", {"decision_function_shape": "ovo"}, "leave decision_function_shape out"),
        ("MultinomialNB", {}, "Negative values"),
        ("RadiusNeighborsClassifier", {"radius": 1e-9}, "No neighbors found"),
        ("RadiusNeighborsClassifier", {"radius": 1e-9, "outlier_label": 9}, "sum to 1"),
        ("mlp", {"parameters": 0}, "parameters of the baseline mlp must be a whole number from 1"),
        ("mlp", {"parameters": 90, "hidden_layer_sizes": [3]}, "say one of the two"),
        ("forest", {}, "'forest' is no classifier"),
        ("change_vector", {}, "tells two classes apart and the samples are of 4"),
        ("change_vector", {"bins": 3}, "has no parameters"),
    ],
)
def test_what_a_reference_cannot_do_is_a_sentence(
    tmp_path: Path, name: str, parameters: dict[str, Any], says: str
) -> None:
    samples = store(tmp_path / "s.h5", classes=4)
    with pytest.raises(UserError, match=says) as refused:
        predicted(tmp_path, samples, name, parameters=parameters)
    assert len(str(refused.value)) < 1000 and "0x" not in str(refused.value) and "<class" not in str(refused.value)
    assert not (tmp_path / "predictions.h5").exists()


def test_the_change_vector_of_one_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs two dates, and .*no column 'change_vector_length'"):
        predicted(tmp_path, store(tmp_path / "s.h5", classes=2), "change_vector")


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_images_are_vectors_of_their_pixels(tmp_path: Path, depth: type[np.generic]) -> None:
    flat = store(tmp_path / "s.h5", classes=2)
    numbers = read_table(flat, "features")[0]["features"]
    low, high = numbers.min(), numbers.max()
    pictures = ((numbers - low) / (high - low) * 250).round().astype(depth).reshape(len(numbers), 1, -1, 1)
    columns, _ = predicted(tmp_path, store(tmp_path / "i.h5", classes=2, features=pictures), "LogisticRegression")
    assert (columns["predicted"] == columns["label"]).mean() > 0.8
