"""What reruns, and what does not."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from checkout import Checkout

TRAINING = {
    "train_ideal",
    "execute_exact",
    "execute_shots",
    "execute_noisy",
    "execute_hardware",
    "map_changes",
    "explain_device",
}
SCORING = {"evaluate_change", "write_report"}


def test_touching_nothing_runs_nothing_within_ten_seconds(finished: Checkout) -> None:
    started = time.monotonic()
    assert "Nothing to be done" in finished.snakemake().stdout
    assert time.monotonic() - started < 10


def test_a_new_learning_rate_reruns_training_and_what_follows(finished: Checkout) -> None:
    ran = finished.rules_to_run("--config", "change={training: {learning_rate: 0.02, epochs: 2}}")
    assert ran == TRAINING | SCORING


def test_a_new_number_of_shots_reruns_only_what_samples(finished: Checkout) -> None:
    ran = finished.rules_to_run("--config", "execution={shots: 300, subset: 40}")
    assert ran == {"execute_shots", "execute_hardware", "explain_device"} | SCORING


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("report/page.py", {"write_report"}),
        ("execution/noisy.py", {"execute_noisy"} | SCORING),
        ("training/fit.py", TRAINING | SCORING),
        ("training/patches.py", {"fit_unet"} | SCORING),
    ],
)
def test_a_change_in_a_library_module_reruns_the_rules_that_use_it(
    finished: Checkout, module: str, rules: set[str]
) -> None:
    file: Path = finished.folder / "scripts/hqnn" / module
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(text + "\nADDED = 1\n", encoding="utf-8")
        assert finished.rules_to_run() == rules
        file.write_text(re.sub('"""(.*)', '"""Other words: \\1', text, count=1) + "\n# a remark\n", encoding="utf-8")
        assert finished.rules_to_run() == set()
    finally:
        file.write_text(text, encoding="utf-8")


def test_a_single_target_is_rebuilt_alone(finished: Checkout) -> None:
    target = next((finished.folder / "results").rglob("shots/predictions.h5"))
    before = target.stat().st_mtime_ns
    wanted = str(target.relative_to(finished.folder))
    ran = finished.rules_to_run("--forcerun", "execute_shots", "--", wanted)
    assert ran == {"execute_shots"}
    assert target.stat().st_mtime_ns == before
