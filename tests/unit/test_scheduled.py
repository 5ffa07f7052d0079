"""What schedulers' logs say of jobs that they ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hqnn.scheduled import ended_jobs

RESOURCES = "    resources: tmpdir=/tmp, mem_mb=220, mem=220 MB, mem_mib=210, disk_mb=1000, runtime=60\n"
POLLED = "slurmstepd-n1: error: StepId=4.0 exceeded memory limit (306208768 > 230686720), being killed"
CGROUP = "slurmstepd: error: Detected 1 oom_kill event in StepId=4.0. Some of the step tasks have been OOM Killed."
TIME = "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-11-30T06:49:02 DUE TO TIME LIMIT ***"
NODE = "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-11-30T06:49:02 DUE TO NODE FAILURE, SEE SLURMCTLD LOG ***"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (POLLED, "ran out of memory: it held 292 MB of 220 MB asked for"),
        (CGROUP, "ran out of memory of 220 MB asked for"),
        (TIME, "reached its time limit of 60 min asked for"),
        (NODE, "lost its node"),
    ],
)
def test_a_job_that_the_scheduler_ended_is_a_sentence(tmp_path: Path, words: str, said: str) -> None:
    log = tmp_path / "rule_train_ideal/change_seed0/4.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{RESOURCES}{words}\nsrun: error: n1: task 0: Killed\n")
    other = log.with_name("5.log")
    other.write_text(f"{RESOURCES}Error in rule train_ideal:\n")
    (sentence,) = ended_jobs(tmp_path, since=log.stat().st_mtime - 1)
    assert sentence.startswith("train_ideal: job 4 ") and said in sentence and str(log) in sentence
    os.utime(log, (1, 1))
    assert not list(ended_jobs(tmp_path, since=2))
