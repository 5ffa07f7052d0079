"""Sessions at IBM's own client: one a run, gone on with after a kill, and closed by whoever comes next."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from hqnn.errors import UserError
from hqnn.execution.machines.ibm import IbmProvider
from hqnn.execution.machines.jobs import main, open_sessions
from hqnn.execution.machines.ledger import ledger_of
from hqnn.execution.machines.provider import Limits
from hqnn.settings.machines import Hardware, Machine
from hqnn.training.step_jobs import Sent

from conftest import Server  # type: ignore[import-not-found]  # isort: skip
from trained import CONFIRMED, SETTINGS, Trained, collect, submit, train  # type: ignore[import-not-found]  # isort: skip

IN_SESSION = {"mode": "session", "wait_s": 60}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("trained"))


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
