"""What the server does wrong, and what the user then reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ibm_server import PROPERTIES  # type: ignore[import-not-found]

FOR_EVER = 1000
DRIFTED = {
    **PROPERTIES,
    "gates": [
        {**g, "parameters": [{**g["parameters"][0], "value": 0.2}, *g["parameters"][1:]]} for g in PROPERTIES["gates"]
    ],
}


@dataclass(frozen=True)
class Fault:
    """What the server does while a model is submitted or collected.

    Attributes:
        name: of the test.
        state: of the server.
        said: part of the sentence that the user reads; none where the run goes on.
        jobs: that were accepted in the end; one of them gives the numbers.
        collecting: whether it begins after the job was sent.
        anew: whether the user has to send again, because the job gave nothing.
    """

    name: str
    state: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    jobs: int = 1
    collecting: bool = False
    anew: bool = False


def on(route: str, kind: str, times: int = FOR_EVER, what: Any = None) -> dict[str, Any]:
    return {"faults": {route: [kind, times, what]}}


FAULTS = [
    Fault("401", on("usage", "code", what=401), "export a valid QISKIT_IBM_TOKEN"),
    Fault("403", on("post", "code", what=403), "refused a job (HTTP 403)"),
    Fault("404", on("post", "code", what=404), "runs no such machine any more"),
    Fault("409", on("post", "code", what=409), "no QPU time left"),
    Fault("429", on("post", "code", what=429), "run again in a minute"),
    Fault("500 once", on("post", "code", 1, 500)),
    Fault("500 for ever", on("post", "code", what=500), "has no such job, nothing is out; run again"),
    Fault("time-out", on("post", "hang", 1, 1.0)),
    Fault("reset before the job was accepted", on("post", "before", 1)),
    Fault("reset after the job was accepted", on("post", "after", 1)),
    Fault("truncated answer", on("post", "truncate", 1)),
    Fault("answer that is no JSON", on("post", "text", 1)),
    Fault(
        "lost answer, and no list of jobs",
        {"faults": {"post": ["after", 1, None], "list": ["code", FOR_EVER, 500]}},
        "is in doubt, so nothing was sent again; run again",
    ),
    Fault("identity service down", on("token", "code", what=500), "instances could not be listed"),
    Fault("calibration is not told", on("properties", "code", what=500), "gave no answer about its calibration"),
    Fault("maintenance", {"status": {"state": True, "status": "maintenance", "length_queue": 0}}, "takes no jobs now"),
    Fault("retired", {"machines": ["ibm_quinze"]}, "did you mean 'ibm_quinze'?"),
    Fault(
        "no quota",
        {"usage": {"usage_consumed_seconds": 600, "usage_limit_seconds": 600, "usage_limit_reached": True}},
        "the account has 0 left",
    ),
    Fault("drift", {"properties": DRIFTED}, "--forcerun calibrate"),
    Fault("clock an hour ahead", {"token_age_s": 7200}),
    Fault("token expired meanwhile", on("job", "code", what=401), "nothing is lost", collecting=True),
    Fault("500 for ever while waiting", on("job", "code", what=500), "1 of 1 jobs are still out", collecting=True),
    Fault("server restarts", on("job", "before", 1), collecting=True),
    Fault("stuck", {"ends": None}, "1 of 1 jobs are still out on machine quince (job job0 is queued, number 2 in the"),
    Fault("machine retired while the job waits", {"machines": []}, collecting=True),
    Fault("truncated results", on("results", "truncate", 1), collecting=True),
    Fault("results that are no JSON", on("results", "text"), "gave no results of job job0 but str", collecting=True),
    Fault("rows are missing", {"results": "short"}, "has 5 rows of 64 shots instead of 6", 2, True, True),
    Fault("failed", {"ends": "Failed"}, "the fridge is warm", 2, anew=True),
    Fault("cancelled", {"ends": "Cancelled"}, "was cancelled", 2, anew=True),
]
