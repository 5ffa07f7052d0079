"""A training job that is killed, and the run that started it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pandas as pd

from checkout import Checkout
from forked import PROGRAM
from hqnn.working_folder import LIFTED
from kills import in_order_of_start

EPOCHS = 600
RUN = "results/masks/sample-70_15_15/resnet18-linear/ideal/seed0"  # which no other result needs
ARGUMENTS = (
    "--config",
    f"studies={{masks: {{twins: [mlp, linear], training: {{epochs: {EPOCHS}}}}}}}",
    "--",
    f"{RUN}/model.safetensors",
)


def begun(finished: Checkout) -> subprocess.Popen[str]:
    """A run in a session of its own that has written a checkpoint of its own."""
    checkpoint = finished.folder / RUN / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    child = subprocess.Popen(
        [PROGRAM, "--cores", "1", *ARGUMENTS],
        cwd=finished.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while child.poll() is None and time.monotonic() < deadline:
        if checkpoint.exists() and checkpoint.stat().st_mtime_ns > before:
            return child
        time.sleep(0.005)
    raise AssertionError(child.communicate()[0])


def jobs_of(run: subprocess.Popen[str]) -> list[int]:
    """The processes of its job, the one that computes last."""
    return in_order_of_start(run, "snakemake/scripts|hqnn.forkserver")


def test_a_killed_job_is_explained_and_a_killed_run_goes_on_by_the_same_command(finished: Checkout) -> None:
    folder = finished.folder / RUN
    (folder / "checkpoint.pt").unlink(missing_ok=True)  # of an earlier run
    run = begun(finished)
    os.kill(jobs_of(run)[-1], signal.SIGKILL)
    said = run.communicate()[0]
    assert run.returncode != 0
    words = rf"train_classical: killed by SIGKILL after \d+ s, while it made {RUN}/model.safetensors; it held (\d+) MB"
    told = re.search(words, said)
    assert told and 100 < int(told[1]) < 4000
    assert re.search(r"of 18\d\d MB asked for", said) and "--set-resources train_classical:mem_mb=" in said
    assert '"code": 137}' in (folder / "train.log").read_text(encoding="utf-8")

    run = begun(finished)
    second = finished.snakemake(*ARGUMENTS, check=False)
    assert second.returncode != 0
    assert f"another run works in this folder (process {run.pid} user" in second.stdout
    assert jobs_of(run)
    run.kill()
    run.wait()
    deadline = time.monotonic() + 30
    while jobs_of(run) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not jobs_of(run) and not (folder / "model.safetensors").exists()

    assert LIFTED in finished.snakemake(*ARGUMENTS).stdout
    gone_on = re.search(r"goes on after epoch (\d+)", (folder / "train.log").read_text(encoding="utf-8"))
    assert gone_on and 1 <= int(gone_on[1]) < EPOCHS
    assert list(pd.read_csv(folder / "history.csv")["epoch"]) == list(range(1, EPOCHS + 1))
    assert not list(folder.glob(".*.*")) and not list((finished.folder / ".snakemake/scripts").glob("*"))
