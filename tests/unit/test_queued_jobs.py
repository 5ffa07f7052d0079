"""Jobs that a scheduler no longer knows of, or does not start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.queued_jobs import forgotten, main, tell_of_stuck
from hqnn.submission import QUEUED, TERMINAL

LOGS = {"done": "1 of 1 steps (100%) done\n", "failed": "Error in rule train_ideal", "none": None}
ASKED = """#!/bin/sh
echo 8 > "$HQNN_QUEUED/run/8"
echo "7|RUNNING"
"""


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(1, 99).map(str),
        st.tuples(
            st.sampled_from(["", "PENDING", "RUNNING", "COMPLETED", "FAILED", "TIMEOUT"]), st.sampled_from([*LOGS])
        ),
        max_size=6,
    )
)
def test_each_job_ends_once_as_the_scheduler_says_or_as_its_log_does(jobs: dict[str, tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        queued = Path(folder) / "queued"
        queued.mkdir()
        for number, (_, log) in jobs.items():
            (queued / number).write_text(f"{folder}/{number}.log")
            if text := LOGS[log]:
                Path(folder, f"{number}.log").write_text(text)
        states = {number: state for number, (state, _) in jobs.items() if state}
        told: list[str] = []
        ends = forgotten(sorted(queued.glob("*")), states, told.append)
        unknown = {number: log for number, (state, log) in jobs.items() if not state}
        assert ends == {number: "COMPLETED" if log == "done" else "FAILED" for number, log in unknown.items()}
        assert len(told) == list(ends.values()).count("FAILED")
        assert {file.name for file in queued.glob("*")} == {
            number for number, state in states.items() if state in ("PENDING", "RUNNING")
        }
        assert forgotten(sorted(queued.glob("*")), states, pytest.fail) == {}


@pytest.fixture
def ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str, str], str]:
    """Asks a command, by its name and script, for the jobs of a run that submitted 6 and 7; gives what is printed."""
    (tmp_path / "run").mkdir()
    for number in "67":
        (tmp_path / "run" / number).write_text(f"{number}.log")
    monkeypatch.setenv(QUEUED, str(tmp_path))
    monkeypatch.setenv(TERMINAL, str(tmp_path / "terminal"))

    def asked(name: str, script: str) -> str:
        command = tmp_path / name
        command.write_text(script)
        command.chmod(0o755)
        assert main([str(command), "--name", "run"]) == 0
        return capfd.readouterr().out

    return asked


def test_a_job_that_is_taken_while_the_scheduler_is_asked_is_not_forgotten(
    ask: Callable[[str, str], str], tmp_path: Path
) -> None:
    assert ask("squeue", ASKED) == "7|RUNNING\n6|FAILED\n"
    assert {file.name for file in (tmp_path / "run").iterdir()} == {"7", "8"}


def test_accounting_may_learn_of_a_job_later(ask: Callable[[str, str], str]) -> None:
    assert ask("sacct", ASKED) == "7|RUNNING\n"


def test_jobs_wait_as_long_as_the_scheduler_says_nothing(
    ask: Callable[[str, str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hqnn.queued_jobs.PATIENCE_S", 0.1)
    (tmp_path / "terminal").touch()
    for script in ("#!/bin/sh\nexit 1", "#!/bin/sh\nexec sleep 5", "#!/bin/sh\nexit 1"):
        assert ask("sacct", script) == ask("squeue", script) == "6|PENDING\n7|PENDING\n"
    assert ask("squeue", '#!/bin/sh\necho "6|COMPLETED\n7|RUNNING"') == "6|COMPLETED\n7|RUNNING\n"
    assert (tmp_path / "terminal").read_text().count("the run waits until it does") == 1


def test_a_job_that_never_starts_is_said_once_with_its_reason(tmp_path: Path) -> None:
    queued = [tmp_path / number for number in "123"]
    for file in queued:
        file.write_text(f"{file}.log")
    told: list[str] = []
    for held in ("JobHeldUser", "JobHeldUser", "launch failed requeued held"):
        tell_of_stuck(queued, {"1": held, "2": "Priority"}, told.append)
    assert [sentence.partition(":")[0] for sentence in told] == [
        "SLURM keeps job 1 waiting (JobHeldUser)",
        "SLURM keeps job 1 waiting (launch failed requeued held)",
    ]
    assert forgotten(queued, {"1": "PENDING", "2": "PENDING", "3": "PENDING"}, pytest.fail) == {}
