"""References by name: ours, those of quantum kernels, and every classifier of scikit-learn that stands alone."""

from __future__ import annotations

import inspect
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

from hqnn.errors import UserError
from hqnn.models.reference_names import KERNELS
from hqnn.models.reference_parameters import SWITCHES, check_parameters
from hqnn.models.widths import matched_width, outputs_of

OTSU_BINS = 256

log = logging.getLogger(__name__)


def change_vector_probability(lengths: NDArray[Any], train_lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Untrained score: the length of the change vector, 1/2 where it meets Otsu's threshold.

    Args:
        lengths: of the samples to score, shape (samples,).
        train_lengths: of the train samples, from which the threshold comes; their labels are not used.

    Returns:
        ``length / (length + threshold)``, in [0, 1): it rises with the length, so ranks are kept.
    """
    threshold = otsu_threshold(train_lengths)
    values = np.asarray(lengths, dtype=np.float64)
    return values / (values + threshold)


def otsu_threshold(values: NDArray[Any]) -> float:
    """The threshold that parts values into two groups with the largest variance between them.

    Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), equation 18.
    """
    counts, edges = np.histogram(values, bins=OTSU_BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(edges[1 + np.nanargmax(between)])


def reference(
    name: str,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    features: int,
    classes: int,
    of_kernels: Mapping[str, Any] | None = None,
) -> Any:
    """A classifier with scikit-learn's interface, not yet fitted.

    Args:
        name: ``logistic_regression``; ``mlp``, a perceptron whose parameter ``parameters`` says how many trainable
            numbers its hidden layer brings it nearest to, or else is as wide as scikit-learn's; a quantum kernel's, see
            `hqnn.models.kernel_machines`; or the name of a classifier of scikit-learn.
        parameters: of the classifier. Two are added to each: ``standardise`` puts a `StandardScaler` in front, and
            ``calibrate`` fits probabilities by `CalibratedClassifierCV`; both are off by default.
        seed: the ``random_state`` of what has one.
        features: numbers a sample has.
        classes: how many.
        of_kernels: what else quantum kernels take: ``native`` and ``memory_limit_mb``.

    Raises:
        UserError: see `check_parameters`.
    """
    check_parameters(name, parameters)
    said = dict(parameters)
    standardise, calibrate = (said.pop(key, False) for key in SWITCHES)
    if name == "logistic_regression":
        made = _made(LogisticRegression, {"max_iter": 5000, **said}, seed)
    elif name == "mlp":
        made = _made(MLPClassifier, _mlp_parameters(said, features, classes), seed)
    elif name in KERNELS:
        from hqnn.models.kernel_machines import KERNEL_MACHINES

        said.pop("backend", None)
        made = _made(KERNEL_MACHINES[name], {**said, **(of_kernels or {})}, seed)
    else:
        made = _made(dict(all_estimators(type_filter="classifier"))[name], said, seed)
    if calibrate:
        made = CalibratedClassifierCV(made)
    return make_pipeline(StandardScaler(), made) if standardise else made


def fit_reference(classifier: Any, features: NDArray[Any], labels: NDArray[np.uint8]) -> Any:
    """Fit a classifier of `reference`; what scikit-learn warns of is logged.

    Args:
        classifier: changed in place.
        features: shape (samples, features).
        labels: shape (samples,).

    Returns:
        The same classifier.

    Raises:
        UserError: scikit-learn refuses a parameter's value or the samples; the message has its words.
    """
    with _explained(classifier):
        return classifier.fit(features, labels.astype(np.int64))  # so that parameters can name labels by plain integers


def reference_probability(fitted: Any, features: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Probabilities of a fitted classifier.

    What gives none has its decision values taken as logits, uncalibrated: sigmoid of two classes', softmax of more.

    Args:
        fitted: see `fit_reference`.
        features: shape (samples, features).
        classes: how many; one without train samples has the probability zero.

    Returns:
        Of class 1 of two, shape (samples,), or of every class, shape (samples, classes).

    Raises:
        UserError: it gives no probabilities, or such as do not sum to 1.
    """
    with _explained(fitted):
        found = (
            fitted.predict_proba(features)
            if hasattr(fitted, "predict_proba")
            else _of_decisions(fitted, fitted.decision_function(features))
        )
    if not np.allclose(found.sum(axis=1), 1):
        raise UserError(
            f"the baseline {_name_of(fitted)} gives samples no probabilities that sum to 1; set other parameters"
        )
    probability = np.zeros((len(features), classes))
    probability[:, fitted.classes_] = found
    return probability[:, 1] if classes == 2 else probability


def fitted_numbers(fitted: Any) -> int | None:
    """How many numbers a fitted linear model or perceptron has; None of a classifier that has no such count."""
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    for names in (("coef_", "intercept_"), ("coefs_", "intercepts_")):
        if all(hasattr(last, name) for name in names):
            return sum(np.size(array) for name in names for array in _arrays(getattr(last, name)))
    return None


def _arrays(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _mlp_parameters(said: Mapping[str, Any], features: int, classes: int) -> dict[str, Any]:
    rest = {"max_iter": 2000, **said}
    wanted = rest.pop("parameters", None)
    if wanted is None:
        return rest
    return {**rest, "hidden_layer_sizes": (matched_width(wanted, features, outputs_of(classes)),)}


def _made(kind: type, parameters: Mapping[str, Any], seed: int) -> Any:
    made = kind(**parameters)
    return made.set_params(random_state=seed) if "random_state" in made.get_params(deep=False) else made


def _of_decisions(fitted: Any, decisions: NDArray[Any]) -> NDArray[np.float64]:
    """Decision values as probabilities, shape (samples, classes that were seen)."""
    if decisions.ndim == 1:
        second = expit(decisions)
        return np.stack([1 - second, second], axis=1)
    if decisions.shape[1] != len(fitted.classes_):
        raise UserError(
            f"the baseline {_name_of(fitted)} decides by pairs of classes; leave decision_function_shape out"
        )
    values: NDArray[np.float64] = softmax(decisions, axis=1)
    return values


@contextmanager
def _explained(classifier: Any) -> Iterator[None]:
    name = _name_of(classifier)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise UserError(
                f"scikit-learn refuses the baseline {name}{_said(classifier)}: {_words_of(error)}; mend its "
                "parameters, or take another"
            ) from error
    for words in sorted({_words_of(one.message) for one in caught if not _is_for_developers(one)}):
        log.warning("the baseline %s: %s", name, words)


def _words_of(message: Warning | Exception | str) -> str:
    words = re.sub(r"<class '([^']*)'>", r"\1", str(message))
    return shorten(words, 400, placeholder=" ...").rstrip(".")


def _is_for_developers(warning: warnings.WarningMessage) -> bool:
    return issubclass(warning.category, FutureWarning | DeprecationWarning)


def _named(classifier: Any) -> Any:
    """The classifier that the config names, whatever stands around it or is made of copies inside it."""
    last = classifier[-1] if hasattr(classifier, "steps") else classifier
    calibrated = isinstance(last, CalibratedClassifierCV) and last.estimator is not None
    return last.estimator if calibrated else last


def _name_of(classifier: Any) -> str:
    return type(_named(classifier)).__name__


def _said(classifier: Any) -> str:
    """The parameters that are not scikit-learn's own, for a message: it need not name the one that it refuses."""
    named = _named(classifier)
    usual = inspect.signature(type(named)).parameters
    said = {key: value for key, value in named.get_params(deep=False).items() if value != usual[key].default}
    said.pop("random_state", None)
    words = ", ".join(f"{key} {value!r}" for key, value in said.items())
    return f" with {shorten(words, 200, placeholder=' ...')}" if said else ""
