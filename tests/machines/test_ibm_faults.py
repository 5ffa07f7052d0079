"""IBM's own client against a server that misbehaves: one sentence, no job lost, none sent twice, the same numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.session import RetrySession

from hqnn.errors import UserError
from hqnn.execution.exact import run_exact
from hqnn.execution.machines import ibm as adapter
from hqnn.execution.machines.collect import Archive
from hqnn.execution.machines.ibm import IbmProvider
from hqnn.execution.machines.ledger import Ledger, ledger_of
from hqnn.execution.machines.provider import Limits
from hqnn.models.architectures import load_classifier

from conftest import TOKEN, Server  # type: ignore[import-not-found]  # isort: skip
from ibm_server import PROPERTIES  # type: ignore[import-not-found]  # isort: skip
from trained import CONFIRMED, Trained, collect, submit, train  # type: ignore[import-not-found]  # isort: skip

FOR_EVER = 1000
DRIFTED = {
    **PROPERTIES,
    "gates": [
        {**g, "parameters": [{**g["parameters"][0], "value": 0.2}, *g["parameters"][1:]]} for g in PROPERTIES["gates"]
    ],
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def undisturbed(trained: Trained, ibm: Server, tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.float64]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{ibm.port}")
        patch.setenv("REQUESTS_CA_BUNDLE", str(ibm.ca))
        patch.setenv("QISKIT_IBM_TOKEN", TOKEN)
        patch.chdir(tmp_path_factory.mktemp("undisturbed"))
        ibm.tell(reset=True)
        submit(trained.remote())
        values: NDArray[np.float64] = collect(trained.remote())
        assert [job["cost"] for job in ibm.jobs] == [600]
    return values


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


def impatient(session: RetrySession, url: str, **said: Any) -> Any:
    return session.request("POST", url, **{**said, "timeout": (1, 0.5)})


def run(remote: Any) -> NDArray[np.float64]:
    if not Path("submission.json").exists():
        submit(remote)
    values: NDArray[np.float64] = collect(remote)
    return values


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_a_sentence_and_loses_and_doubles_nothing(
    fault: Fault, server: Server, trained: Trained, undisturbed: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RetrySession, "post", impatient)
    if fault.collecting:
        submit(trained.remote())
    server.tell(**fault.state)
    try:
        values, said = run(trained.remote(wait_s=0.1 if fault.said else 60)), ""
    except UserError as error:
        said = str(error)
    assert (fault.said in said) if fault.said else not said
    if fault.said:
        assert len(said) < 400
        server.tell(
            faults={},
            results="",
            ends="Completed",
            usage={},
            machines=["ibm_quince"],
            properties=PROPERTIES,
            status={"state": True, "status": "active", "length_queue": 0},
        )
        for job in [] if fault.anew else server.jobs:
            release(server, job["id"])
        if fault.anew:
            Path("submission.json").unlink(missing_ok=True)
        values = run(trained.remote())
    np.testing.assert_array_equal(values, undisturbed)
    assert len(server.jobs) == fault.jobs
    if record := os.environ.get("HQNN_FAULT_TABLE"):
        with Path(record).open("a", encoding="utf-8") as file:
            file.write(f"| {fault.name} | {said or 'nothing: it goes on'} | {len(server.jobs)} | yes |\n")


def clear() -> None:
    for file in [path for path in Path().rglob("*") if path.is_file()]:
        file.unlink()


def release(server: Server, job: str) -> None:
    server.tell(release=job)


def test_of_several_jobs_under_one_tag_the_oldest_stays(
    server: Server, trained: Trained, undisturbed: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IbmProvider, "_send_once", lambda *_: None)  # as the client behaves behind a proxy by itself
    server.tell(**on("post", "after"))
    np.testing.assert_array_equal(run(trained.remote()), undisturbed)
    assert server.posts() == 6
    assert [job["status"] for job in server.jobs] == ["Completed", *["Cancelled"] * 5]


def test_a_lost_answer_without_a_proxy_is_looked_up(
    server: Server, trained: Trained, undisturbed: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"http://127.0.0.1:{server.port}/api/v1"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(adapter, "QiskitRuntimeService", partial(QiskitRuntimeService, url_resolver=lambda *_: base))
    server.tell(**on("post", "after", 1))
    np.testing.assert_array_equal(run(trained.remote()), undisturbed)
    assert server.posts() == len(server.jobs) == 1


def test_jobs_of_a_batch_run_in_one_that_is_closed_after_them(
    server: Server, trained: Trained, undisturbed: NDArray[np.float64]
) -> None:
    np.testing.assert_array_equal(run(trained.remote(mode="batch")), undisturbed)
    assert [job["session"] for job in server.jobs] == ["s0"]
    assert [said for said in server.tell()["requests"] if "sessions" in said] == ["POST sessions", "PATCH sessions"]


def test_results_of_another_job_are_refused(server: Server, trained: Trained) -> None:
    submit(trained.remote(model="other"))
    submit(trained.remote())
    server.tell(results="foreign")
    with pytest.raises(
        UserError, match=r"ran with other weights or samples than were sent, so its results were not stored"
    ):
        collect(trained.remote())
    with pytest.raises(UserError, match=r"the weights of .* are others than were sent to machine quince"):
        collect(trained.remote(model="other"))


def test_many_samples_go_in_several_jobs_and_come_back_in_order(
    server: Server, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IbmProvider, "limits", Limits(executions=5_000))
    remote = trained.remote(rows=3000, shots=4)
    model, fingerprint = load_classifier(remote.model)
    exact = run_exact(model, fingerprint, model.circuit_inputs(remote.samples.features)).values
    found = run(remote)
    assert len(server.jobs) == 3
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.5  # of 4 shots each


POINTS: list[tuple[type, str]] = [
    (Ledger, "append"),
    (IbmProvider, "submit"),
    (IbmProvider, "status"),
    (IbmProvider, "collect"),
    (Archive, "write"),
]


def killed_at(point: int) -> bool:
    """Run in a process of its own that is killed at the so-manieth step; whether it was."""
    child = os.fork()
    if child == 0:
        steps = iter(range(1, FOR_EVER))

        def step() -> None:
            if next(steps) == point:
                os.kill(os.getpid(), 9)

        def stepping(whole: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(*arguments: Any, **said: Any) -> Any:
                step()
                result = whole(*arguments, **said)
                step()
                return result

            return wrapped

        for owner, name in POINTS:
            setattr(owner, name, stepping(getattr(owner, name)))
        try:
            run(TRAINED[0].remote())
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


TRAINED: list[Trained] = []


def test_a_process_killed_anywhere_loses_and_doubles_nothing(
    server: Server, trained: Trained, undisturbed: NDArray[np.float64]
) -> None:
    TRAINED[:] = [trained]
    point = 0
    while True:
        point += 1
        server.tell(reset=True)
        clear()
        if not killed_at(point):
            break
        np.testing.assert_array_equal(run(trained.remote()), undisturbed)
        assert len(server.jobs) == 1, f"killed at step {point}"
    assert point > 12


def test_a_process_killed_after_its_job_was_accepted_finds_it(
    server: Server, trained: Trained, undisturbed: NDArray[np.float64]
) -> None:
    TRAINED[:] = [trained]
    child = os.fork()
    if child == 0:
        server.tell(**on("post", "kill", 1, os.getpid()))
        submit(trained.remote())
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert ledger_of("quince").entries()[0].job is None
    np.testing.assert_array_equal(run(trained.remote()), undisturbed)
    assert len(server.jobs) == 1


def test_nothing_is_sent_without_permission_nor_above_a_cap(server: Server, trained: Trained) -> None:
    for settings, allowed, said in (
        (
            {},
            {},
            "would take 1 job, 384 executions, about 2 QPU seconds; 590 QPU seconds are left; 3 jobs before ours; ",
        ),
        ({"price_per_second": 1.6}, {}, "a price of 3.36"),
        ({}, {"confirm": True, "dry": True}, "nothing was sent, since hardware.dry is true"),
        (
            {"max_shots": 383},
            CONFIRMED,
            "would get 384 executions beside the 0 of its ledger, above execution.machines.",
        ),
        ({"max_seconds": 2}, CONFIRMED, "max_seconds, which is 2"),
        ({"price_per_second": 1.6, "max_price": 3}, CONFIRMED, "max_price, which is 3"),
        ({"instance": "yours"}, CONFIRMED, "has no instance 'yours'; there are mine"),
    ):
        with pytest.raises(UserError) as stopped:
            submit(trained.remote(**settings), allowed)
        assert said in str(stopped.value)
    assert not server.jobs


def test_no_token_is_written_anywhere(server: Server, trained: Trained, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run(trained.remote())
        server.tell(**on("job", "code", what=401))
        Path("predictions.h5").unlink()
    assert TOKEN not in caplog.text
    for file in [path for path in Path().rglob("*") if path.is_file()]:
        assert TOKEN.encode() not in file.read_bytes()
