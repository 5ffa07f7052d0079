"""Parameters of classical references, known without importing scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hqnn.circuits.names import parse_name
from hqnn.errors import UserError, nearest
from hqnn.models.reference_names import KERNELS, check_reference

SWITCHES = ("standardise", "calibrate")  # ours, of every classifier
NOT_TO_SAY = {"random_state": "it is the seed of the run", "n_jobs": "threads are the rule's"}

PARAMETERS = {  # of the scikit-learn that is locked, without those that are not for the config to say; a test compares
    "AdaBoostClassifier": "n_estimators learning_rate",
    "BaggingClassifier": (
        "n_estimators max_samples max_features bootstrap bootstrap_features oob_score warm_start verbose"
    ),
    "BernoulliNB": "alpha force_alpha binarize fit_prior class_prior",
    "CalibratedClassifierCV": "method cv ensemble",
    "CategoricalNB": "alpha force_alpha fit_prior class_prior min_categories",
    "ComplementNB": "alpha force_alpha fit_prior class_prior norm",
    "DecisionTreeClassifier": (
        "criterion splitter max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features "
        "max_leaf_nodes min_impurity_decrease class_weight ccp_alpha monotonic_cst"
    ),
    "DummyClassifier": "strategy constant",
    "ExtraTreeClassifier": (
        "criterion splitter max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features "
        "max_leaf_nodes min_impurity_decrease class_weight ccp_alpha monotonic_cst"
    ),
    "ExtraTreesClassifier": (
        "n_estimators criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features "
        "max_leaf_nodes min_impurity_decrease bootstrap oob_score verbose warm_start class_weight ccp_alpha "
        "max_samples monotonic_cst"
    ),
    "GaussianNB": "priors var_smoothing",
    "GaussianProcessClassifier": (
        "kernel optimizer n_restarts_optimizer max_iter_predict warm_start copy_X_train multi_class"
    ),
    "GradientBoostingClassifier": (
        "loss learning_rate n_estimators subsample criterion min_samples_split min_samples_leaf "
        "min_weight_fraction_leaf max_depth min_impurity_decrease init max_features verbose max_leaf_nodes "
        "warm_start validation_fraction n_iter_no_change tol ccp_alpha"
    ),
    "HistGradientBoostingClassifier": (
        "loss learning_rate max_iter max_leaf_nodes max_depth min_samples_leaf l2_regularization max_features "
        "max_bins categorical_features monotonic_cst interaction_cst warm_start early_stopping scoring "
        "validation_fraction n_iter_no_change tol verbose class_weight"
    ),
    "KNeighborsClassifier": "n_neighbors weights algorithm leaf_size p metric metric_params",
    "LabelPropagation": "kernel gamma n_neighbors max_iter tol",
    "LabelSpreading": "kernel gamma n_neighbors alpha max_iter tol",
    "LinearDiscriminantAnalysis": "solver shrinkage priors n_components store_covariance tol covariance_estimator",
    "LinearSVC": "penalty loss dual tol C multi_class fit_intercept intercept_scaling class_weight verbose max_iter",
    "LogisticRegression": (
        "penalty C l1_ratio dual tol fit_intercept intercept_scaling class_weight solver max_iter verbose warm_start"
    ),
    "LogisticRegressionCV": (
        "Cs l1_ratios fit_intercept cv dual penalty scoring solver tol max_iter class_weight verbose refit "
        "intercept_scaling use_legacy_attributes"
    ),
    "MLPClassifier": (
        "hidden_layer_sizes activation solver alpha batch_size learning_rate learning_rate_init power_t max_iter "
        "shuffle tol verbose warm_start momentum nesterovs_momentum early_stopping validation_fraction beta_1 "
        "beta_2 epsilon n_iter_no_change max_fun"
    ),
    "MultinomialNB": "alpha force_alpha fit_prior class_prior",
    "NearestCentroid": "metric shrink_threshold priors",
    "NuSVC": (
        "nu kernel degree gamma coef0 shrinking probability tol cache_size class_weight verbose max_iter "
        "decision_function_shape break_ties"
    ),
    "PassiveAggressiveClassifier": (
        "C fit_intercept max_iter tol early_stopping validation_fraction n_iter_no_change shuffle verbose loss "
        "warm_start class_weight average"
    ),
    "Perceptron": (
        "penalty alpha l1_ratio fit_intercept max_iter tol shuffle verbose eta0 early_stopping validation_fraction "
        "n_iter_no_change class_weight warm_start"
    ),
    "QuadraticDiscriminantAnalysis": "solver shrinkage priors reg_param store_covariance tol covariance_estimator",
    "RadiusNeighborsClassifier": "radius weights algorithm leaf_size p metric outlier_label metric_params",
    "RandomForestClassifier": (
        "n_estimators criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features "
        "max_leaf_nodes min_impurity_decrease bootstrap oob_score verbose warm_start class_weight ccp_alpha "
        "max_samples monotonic_cst"
    ),
    "RidgeClassifier": "alpha fit_intercept copy_X max_iter tol class_weight solver positive",
    "RidgeClassifierCV": "alphas fit_intercept scoring cv class_weight store_cv_results",
    "SGDClassifier": (
        "loss penalty alpha l1_ratio fit_intercept max_iter tol shuffle verbose epsilon learning_rate eta0 power_t "
        "early_stopping validation_fraction n_iter_no_change class_weight warm_start average"
    ),
    "SVC": (
        "C kernel degree gamma coef0 shrinking probability tol cache_size class_weight verbose max_iter "
        "decision_function_shape break_ties"
    ),
}

CIRCUIT = "angle_y-strongly_entangling-2-reupload"  # of quantum kernels, where none is said
KERNEL = "circuit scale C class_weight train_samples backend"
OURS = {
    "fidelity_kernel": KERNEL,
    "projected_kernel": f"{KERNEL} gamma",
    "logistic_regression": PARAMETERS["LogisticRegression"],
    "mlp": f"{PARAMETERS['MLPClassifier']} parameters",
}


def parameter_names(name: str) -> frozenset[str]:
    """What the config can say of a classical reference.

    Args:
        name: of one of ours, or of a classifier of scikit-learn.

    Returns:
        Names of its parameters, `SWITCHES` among them; none of ``change_vector``, which is not fitted.

    Raises:
        UserError: see `check_reference`.
    """
    check_reference(name)
    known = OURS.get(name) or PARAMETERS.get(name)
    return frozenset((*known.split(), *SWITCHES)) if known else frozenset()


def check_parameters(name: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that a classical reference does not have, without fitting it.

    Values are checked where they are ours; of those of scikit-learn, only scikit-learn knows what they may be.

    Args:
        name: of one of ours, or of a classifier of scikit-learn.
        parameters: name to value.

    Raises:
        UserError: there is no such reference, it has no such parameter, or a value of ours is not what it must be; the
            message names the reference, the parameter and the nearest right one.
    """
    known = parameter_names(name)
    if parameters and not known:
        raise UserError(f"the baseline {name} has no parameters; leave {', '.join(map(str, parameters))} out")
    for key, value in parameters.items():
        if key in NOT_TO_SAY:
            raise UserError(
                f"the baseline {name} takes no {key} from the config, since {NOT_TO_SAY[key]}; leave it out"
            )
        if key not in known:
            raise UserError(f"the baseline {name} has no parameter {str(key)!r}{nearest(str(key), known)}")
        if key in SWITCHES and not isinstance(value, bool):
            raise UserError(f"{key} of the baseline {name} is {value!r}; say true or false")
    if name == "mlp":
        _check_width(parameters)
    if name in KERNELS:
        _check_kernel(name, parameters)


def _check_width(parameters: Mapping[str, Any]) -> None:
    """Refuse a perceptron whose hidden layer is said in no number, or twice."""
    wanted = parameters.get("parameters")
    if wanted is None:
        return
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1 or "hidden_layer_sizes" in parameters:
        raise UserError(
            "parameters of the baseline mlp must be a whole number from 1, and sets hidden_layer_sizes; say one of "
            "the two"
        )


def _check_kernel(name: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a quantum kernel's circuit that has no such name, and numbers that are none or not positive."""
    embedding = parse_name(str(parameters.get("circuit", CIRCUIT))).embedding
    if embedding == "amplitude" and parameters.get("backend"):
        raise UserError(
            f"the baseline {name} embeds amplitudes, which have no gates that a backend could run; take an angle "
            "embedding, or leave backend out"
        )
    for key in ("scale", "C", "gamma", "train_samples"):
        value = parameters.get(key)
        whole = key != "train_samples" or isinstance(value, int)
        if value is not None and not (
            isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and whole
        ):
            kind = "number" if key != "train_samples" else "whole number"
            raise UserError(f"{key} of the baseline {name} is {value!r}; give a {kind} above 0")
