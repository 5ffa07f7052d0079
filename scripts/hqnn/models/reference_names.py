"""Names of references, known without importing scikit-learn."""

from __future__ import annotations

from hqnn.errors import UserError, nearest

KERNELS = ("fidelity_kernel", "projected_kernel")
OURS = ("change_vector", *KERNELS, "logistic_regression", "mlp")

CLASSIFIERS = (  # of the scikit-learn that is locked; a test compares
    "AdaBoostClassifier",
    "BaggingClassifier",
    "BernoulliNB",
    "CalibratedClassifierCV",
    "CategoricalNB",
    "ComplementNB",
    "DecisionTreeClassifier",
    "DummyClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "GaussianNB",
    "GaussianProcessClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "KNeighborsClassifier",
    "LabelPropagation",
    "LabelSpreading",
    "LinearDiscriminantAnalysis",
    "LinearSVC",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MLPClassifier",
    "MultinomialNB",
    "NearestCentroid",
    "NuSVC",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "QuadraticDiscriminantAnalysis",
    "RadiusNeighborsClassifier",
    "RandomForestClassifier",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "SVC",
)

COMPOSITE = (
    "ClassifierChain",
    "FixedThresholdClassifier",
    "MultiOutputClassifier",
    "OneVsOneClassifier",
    "OneVsRestClassifier",
    "OutputCodeClassifier",
    "SelfTrainingClassifier",
    "StackingClassifier",
    "TunedThresholdClassifierCV",
    "VotingClassifier",
)

KNOWN = (*OURS, *CLASSIFIERS)


def check_reference(name: str) -> None:
    """Refuse what is no reference.

    Args:
        name: one of `OURS`, or the name of a classifier of scikit-learn.

    Raises:
        UserError: there is no such classifier, or it is made of other ones.
    """
    if name in COMPOSITE:
        raise UserError(
            f"{name} of scikit-learn is made of other classifiers, which the config cannot say; name one that stands "
            "alone, such as RandomForestClassifier"
        )
    if name not in KNOWN:
        raise UserError(f"{name!r} is no classifier of scikit-learn and none of ours{nearest(name, KNOWN)}")
