"""A job's body in a process of its own: how it ends is told, and nobody is left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hqnn.supervision import HEAD

CODE = """
import os, signal, sys, time
from hqnn.supervision import supervised
supervised(lambda end: print(end.code, end.signal and end.signal.name, round(end.memory_mb), flush=True))
{body}
"""


def run(body: str, head: int | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, **({} if head is None else {HEAD: str(head)})}
    return subprocess.Popen(
        [sys.executable, "-c", CODE.format(body=body)], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("body", "code", "signal"),
    [
        ("held = bytearray(b'x' * 200_000_000)", 0, None),
        ("sys.exit(3)", 3, None),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139, "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "SIGKILL"),
        ("os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)", 143, "SIGTERM"),
    ],
    ids=["memory", "code", "crash", "kill", "terminate"],
)
def test_the_parent_ends_as_its_child_and_tells_how(body: str, code: int, signal: str | None) -> None:
    parent = run(body)
    said = parent.communicate(timeout=60)[0]
    assert parent.returncode == code
    told = re.fullmatch(rf"{code} {signal} (\d+)\n", said)
    assert told and ("bytearray" in body) == (int(told[1]) > 200)


def test_a_job_ends_with_the_head_that_started_it() -> None:
    head = subprocess.Popen(["sleep", "60"])
    job = run("print('ready', flush=True); time.sleep(60)", head.pid)
    assert job.stdout and job.stdout.readline() == "ready\n"
    head.kill()
    head.wait()
    assert job.communicate(timeout=30)[0].startswith("137 SIGKILL")


def test_a_head_that_was_never_seen_ends_nothing() -> None:
    head = subprocess.Popen(["true"])
    head.wait()
    assert run("time.sleep(0.5)", head.pid).communicate(timeout=30)[0].startswith("0 None")


JOB = """
import os, sys
from types import SimpleNamespace
snakemake = SimpleNamespace(log=["log"], rule="r", output=["out"], input={input}, params={params}, threads=1,
    wildcards={{}}, config={{}}, resources={{}})
from hqnn.job import job
with job(secrets={secrets}) as rule:
    print("token", os.environ.get("IQM_TOKEN"), getattr(rule.params, "points", ""), file=rule.terminal)
"""


@pytest.mark.parametrize(
    ("secrets", "provider", "seen"),
    [(True, "iqm", "planted"), (True, "ibm", None), (True, None, None), (False, "iqm", None)],
)
def test_a_script_sees_the_token_of_its_own_machine_alone(
    secrets: bool, provider: str | None, seen: str | None, tmp_path: Path
) -> None:
    params = {"machine": provider and {"provider": provider}}
    said = subprocess.run(
        [sys.executable, "-c", JOB.format(params=params, secrets=secrets, input=[])],
        env={**os.environ, "IQM_TOKEN": "planted"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"token {seen}" in said.stderr


def test_a_param_that_names_an_input_says_where_it_lies_in_a_storage(tmp_path: Path) -> None:
    stored = [f".snakemake/storage/fs/where/results/lie/results/s/{name}.h5" for name in "ab"]
    points = [{"samples": ("results/s/a.h5", "results/s/b.h5"), "seed": 1}, "results/s/c.h5", None]
    code = JOB.format(params={"points": points}, secrets=False, input=["resources/results.csv", *stored])
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str([{"samples": tuple(stored), "seed": 1}, "results/s/c.h5", None]) in said.stderr
