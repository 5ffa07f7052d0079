"""Jobs given to a scheduler that refuses them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.errors import UserError
from hqnn.submission import check_scheduler, config_of_jobs, submit, within_limit

STUB = """#!/bin/sh
echo "$@" >> {said}
test $(wc -l < {said}) -gt {refusals} && echo 17 && exit 0
echo "sbatch: error: {words}" >&2
exit 1
"""
QUOTA = "QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy"
RESTARTED = "Batch job submission failed: Unable to contact slurm controller (connect failure)"


def stub(folder: Path, words: str, refusals: int) -> tuple[str, Path]:
    """A scheduler's command that refuses so many jobs with these words, and the file of what it was asked."""
    file, said = folder / "sbatch", folder / "said"
    file.write_text(STUB.format(said=said, refusals=refusals, words=words))
    file.chmod(0o755)
    return str(file), said


@pytest.mark.parametrize("words", [QUOTA, RESTARTED])
def test_a_job_refused_for_a_time_is_given_again_until_it_is_taken(tmp_path: Path, words: str) -> None:
    command, said = stub(tmp_path, words, refusals=2)
    told: list[str] = []
    slept: list[float] = []
    done = submit([command, "--wrap", "a 'b'"], None, told.append, slept.append)
    assert (done.returncode, done.stdout, slept) == (0, b"17\n", [5, 10])
    assert said.read_text().splitlines() == ["--wrap a 'b'"] * 3
    assert len(told) == 1 and words.splitlines()[-1] in told[0]


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("invalid partition specified: x", "sinfo -s"),
        ("Batch job submission failed: Invalid account or account/partition combination specified", "slurm_account"),
        ("Memory specification can not be satisfied", "mem_mb"),
        ("Batch job submission failed: Requested node configuration is not available", "threads"),
        ("Invalid generic resource (gres) specification", "GPU"),
        ("Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)", "runtime"),
    ],
)
def test_a_job_refused_for_good_is_given_once_and_its_mend_is_said(tmp_path: Path, words: str, mend: str) -> None:
    command, said = stub(tmp_path, words, refusals=9)
    done = submit([command], None, lambda _: pytest.fail("told"), lambda _: pytest.fail("slept"))
    assert done.returncode == 1 and len(said.read_text().splitlines()) == 1
    assert words in done.stderr.decode() and mend in done.stderr.decode()


@settings(max_examples=40)
@given(st.text() | st.lists(st.text(), max_size=3) | st.dictionaries(st.text() | st.integers(), st.text(), max_size=3))
def test_a_config_reaches_jobs_as_it_is(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = config_of_jobs({"key": value}, tmp_path_factory.getbasetemp())
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == {"key": value}


@pytest.mark.parametrize(
    ("limit", "asks"),
    [("1:00:00", "60"), ("1:00", "1"), ("1-02:30:00", "1590"), ("infinite", "9999"), ("30-00:00:00", "9999")],
)
def test_a_job_asks_for_no_more_time_than_its_partition_gives(limit: str, asks: str) -> None:
    told: list[str] = []
    command = ["sbatch", "-p", "main", "-t", "9999", "--wrap=snakemake -t 7"]
    capped = within_limit(command, f"short 0:30\nmain {limit}\n", told.append)
    assert capped == [asks if word == "9999" else word for word in command]
    assert bool(told) == (asks != "9999")
    assert within_limit(["sbatch", "-t", "5"], "", pytest.fail) == ["sbatch", "-t", "5"]


def test_slurm_s_executor_without_slurm_s_commands_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check_scheduler("kubernetes")
    with pytest.raises(UserError, match=r"sbatch, which is not on the search path here.* leave --workflow-profile out"):
        check_scheduler("slurm")
    stub(tmp_path, "", refusals=0)
    check_scheduler("slurm")
