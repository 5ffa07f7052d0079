"""What is wrong with a config is said before anything runs, with its place and the nearest right name."""

from __future__ import annotations

from typing import Any

import pytest

from hqnn.checks import calibrations_of, checked
from hqnn.errors import UserError


def of(kind: str, **keys: Any) -> dict[str, Any]:
    return {"studies": {"mine": {"kind": kind, **keys}}}


def svm(**parameters: Any) -> dict[str, Any]:
    return {"baselines": {"svm": {"estimator": "SVC", **parameters}}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (of("pixels", execution={"backends": ["ibm_brisbne"]}), "'ibm_brisbne' has no calibration; did you mean"),
        (
            of("images", analysis={"enabled": True, "backend": "ibm_brisbne"}),
            "'ibm_brisbne' has no calibration; did you mean",
        ),
        (of("pixels", models=["angle_y-simplified_two_desing-3"]), "did you mean 'simplified_two_design'?"),
        (of("table", data={"source": "path", "path": "nowhere"}), "studies.mine.data.path is 'nowhere', which is no"),
        (of("table", models=[], baselines={}, twins=[]), "study mine has no model that runs by any path"),
        (of("table", baselines={"svm": {"estimator": "SVCC"}}), "studies.mine.baselines.svm: .*did you mean 'SVC'?"),
        (
            of("table", **svm(kernal="rbf")),
            "studies.mine.baselines.svm: .*no parameter 'kernal'; did you mean 'kernel'",
        ),
        (of("table", **svm(random_state=1)), "studies.mine.baselines.svm: .*random_state"),
        (of("table", qubits=4, observables=["Z9"]), "studies.mine, model angle_y-.*: observable 'Z9' names wire 9"),
        (
            of("table", qubits=14, phases=["ideal", "device", "noisy"]),
            "training under noise on 14 wires takes 6.44e.03 MB",
        ),
        (of("pixlse"), "'studies.mine.kind' is 'pixlse'; did you mean 'pixels'?"),
        ({"studies": {"raw": {"kind": "pixels"}}}, "'studies.raw' is called like a folder of results"),
    ],
)
def test_a_name_that_means_nothing_is_a_sentence(config: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        calibrations_of(checked(config)[1].values())


def test_what_is_right_is_taken() -> None:
    two_dates = {
        "change_vector": {},
        "unet_small": {},
        "forest": {"estimator": "RandomForestClassifier", "max_depth": 3},
    }
    _, plans = checked(of("pixels", baselines=two_dates, execution={"backends": ["ibm_brisbane", "ibmq_lima"]}))
    assert set(calibrations_of(plans.values())) == {"ibm_brisbane", "ibmq_lima"}
