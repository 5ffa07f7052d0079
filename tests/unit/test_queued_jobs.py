"""Jobs that a scheduler no longer knows of, or does not start."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.queued_jobs import forgotten, main, tell_of_stuck
from hqnn.submission import QUEUED

LOGS = {"done": "1 of 1 steps (100%) done\n", "failed": "Error in rule train_ideal", "none": None}
SQUEUE = """#!/bin/sh
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


def test_a_job_that_is_taken_while_the_scheduler_is_asked_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text(SQUEUE)
    squeue.chmod(0o755)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/7").write_text("7.log")
    monkeypatch.setenv(QUEUED, str(tmp_path))
    assert main([str(squeue), "--name", "run"]) == 0
    assert capfd.readouterr().out == "7|RUNNING\n"
    assert {file.name for file in (tmp_path / "run").iterdir()} == {"7", "8"}


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
