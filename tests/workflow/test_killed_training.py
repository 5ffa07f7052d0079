"""A training job that is killed."""

from __future__ import annotations

import re
import signal
import subprocess
import time

import pandas as pd

from checkout import Checkout
from forked import PROGRAM

EPOCHS = 100
RUN = "results/masks/sample-70_15_15/resnet18-linear/ideal/seed0"  # which no other result needs
ARGUMENTS = (
    "--config",
    f"studies={{masks: {{twins: [mlp, linear], training: {{epochs: {EPOCHS}}}}}}}",
    "--",
    f"{RUN}/model.safetensors",
)


def test_a_killed_training_job_goes_on_from_its_checkpoint(finished: Checkout) -> None:
    run = finished.folder / RUN
    (run / "checkpoint.pt").unlink(missing_ok=True)  # of an earlier run
    child = subprocess.Popen(
        [PROGRAM, "--cores", "1", *ARGUMENTS],
        cwd=finished.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while not (run / "checkpoint.pt").exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    subprocess.run(["pkill", "-KILL", "-s", str(child.pid)], check=False)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (run / "checkpoint.pt").exists() and not (run / "model.safetensors").exists()
    finished.snakemake("--unlock")
    finished.snakemake(*ARGUMENTS)
    gone_on = re.search(r"goes on after epoch (\d+)", (run / "train.log").read_text(encoding="utf-8"))
    assert gone_on and 1 <= int(gone_on[1]) < EPOCHS
    assert list(pd.read_csv(run / "history.csv")["epoch"]) == list(range(1, EPOCHS + 1))
