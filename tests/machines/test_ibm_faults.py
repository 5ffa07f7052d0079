"""IBM's own client against a server that misbehaves: one sentence, no job lost, none sent twice, the same numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
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
from hqnn.execution.machines.jobs import main, open_sessions
from hqnn.execution.machines.ledger import Ledger, ledger_of
from hqnn.execution.machines.provider import Limits
from hqnn.models.architectures import load_classifier
from hqnn.settings.machines import Hardware, Machine
from hqnn.training.step_jobs import Sent

from conftest import TOKEN, Server  # type: ignore[import-not-found]  # isort: skip
from ibm_faults import FAULTS, FOR_EVER, Fault, on  # type: ignore[import-not-found]  # isort: skip
from ibm_server import PROPERTIES  # type: ignore[import-not-found]  # isort: skip
from trained import CONFIRMED, SETTINGS, Trained, collect, submit, train  # type: ignore[import-not-found]  # isort: skip

IN_SESSION = {"mode": "session", "wait_s": 60}


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


def killed_between_two_jobs(trained: Trained) -> None:
    """Send an order of three jobs in a process of its own that's killed once the second one was accepted."""
    child = os.fork()
    if child == 0:
        sent: list[str] = []
        whole: Callable[..., str] = IbmProvider.submit

        def submit_two(self: IbmProvider, task: object, tag: str) -> str:
            sent.append(whole(self, task, tag))
            if len(sent) == 2:
                os.kill(os.getpid(), 9)
            return sent[-1]

        setattr(IbmProvider, "submit", submit_two)  # noqa: B010 - which mypy holds for a method
        try:
            submit(trained.remote(**IN_SESSION))
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_run_that_comes_back_goes_on_in_its_session_and_closes_it(
    server: Server, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IbmProvider, "limits", Limits(executions=128))
    killed_between_two_jobs(trained)
    assert [one.session for one in open_sessions()] == ["s0"]
    submit(trained.remote(**IN_SESSION))
    assert [job["session"] for job in server.jobs] == ["s0"] * 3
    (session,) = server.tell()["sessions"].values()
    assert (session["accepting_jobs"], session["mode"], session["max_ttl"]) == (False, "dedicated", 600)
    assert not open_sessions()
    assert len(collect(trained.remote(**IN_SESSION))) == 6


def test_the_next_command_closes_the_session_of_a_killed_process(
    server: Server, trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(IbmProvider, "limits", Limits(executions=128))
    killed_between_two_jobs(trained)
    main([])
    assert "session s0 of machine quince, open since" in capsys.readouterr().out
    server.tell(faults={"sessions": ["code", 1, 403]})
    main(["quince", "s0"])
    assert [one.session for one in open_sessions()] == ["s0"]
    main(["quince", "s0"])
    assert "open since" not in capsys.readouterr().out.splitlines()[-1]
    assert not server.tell()["sessions"]["s0"]["accepting_jobs"]
    with pytest.raises(SystemExit, match="has no open session s0"):
        main(["quince", "s0"])


def test_steps_of_a_training_run_share_a_session_until_it_ends(server: Server, trained: Trained) -> None:
    machine = Machine.model_validate({**SETTINGS, **IN_SESSION})
    provider, task = IbmProvider("quince", machine), trained.remote()._order().task
    jobs = Sent(provider, ledger_of("quince"), machine, Hardware(**CONFIRMED), {"study": "s", "seed": "0"})
    with pytest.raises(UserError, match="1 of 1 jobs are still out"), jobs.together():
        jobs(task, 1)
        jobs(task, 2)
        server.tell(end="s0", ends=None)
        object.__setattr__(machine, "wait_s", 0.0)
        jobs(task, 3)
    assert [job["session"] for job in server.jobs] == ["s0", "s0", "s1"]
    assert not any(one["accepting_jobs"] for one in server.tell()["sessions"].values())
    with jobs.together():
        pass
    assert len(server.tell()["sessions"]) == 2
    assert not open_sessions()
