"""What reruns, and what does not."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from pathlib import Path

import pytest
import yaml

from checkout import SMALL, Checkout
from forked import LONGEST, PROGRAM

EXECUTION = {"execute_exact", "execute_shots", "execute_noisy", "execute_hardware"}
OF_PIXELS = {"train_ideal", "map_scenes", "explain_device"} | EXECUTION
OF_PHOTOGRAPHS = {"train_ideal", "train_classical", "sample_bitstrings"} | EXECUTION
SWEEP = {"train_seeds_digits"}
ONCE_A_SEED = ("split", "fit_features", "train", "execute")
SCORING = {"evaluate", "collect_metrics", "report_study", "write_report"}
MODULES: dict[str, set[str]] = {
    "report/page.py": {"report_study", "write_report"},
    "execution/noisy.py": {"execute_noisy", "map_scenes"} | SCORING,
    "training/fit.py": OF_PIXELS | OF_PHOTOGRAPHS | SCORING,
    "training/patches.py": {"fit_unet"} | SCORING,
    "models/backbones.py": {"extract_features"} | OF_PHOTOGRAPHS | SCORING,
    "analysis/zx.py": {"analyse_circuit", "report_study", "write_report"},
    "data/images/draws.py": {"draw_images", "execute_shots", "execute_noisy", "execute_hardware"} | SWEEP | SCORING,
    "data/table/features.py": {"fit_features", "train_ideal", "train_classical", "execute_exact", "fit_reference"}
    | SCORING,
    "circuits/ansatze.py": {"trace_circuit", "compile", "analyse_circuit", "fit_reference"}
    | OF_PIXELS
    | OF_PHOTOGRAPHS
    | SWEEP
    | SCORING,
}
KEYS: dict[str, set[str]] = {
    "studies={change: {training: {learning_rate: 0.02}}}": OF_PIXELS | SCORING,
    "studies={masks: {training: {learning_rate: 0.02}}}": OF_PHOTOGRAPHS | SCORING,
    "studies={change: {title: Other}}": {"report_study", "write_report"},
    "execution={shots: 300}": {"execute_shots", "execute_hardware", "sample_bitstrings", "explain_device"} | SCORING,
    "execution={noise: {idle: false}}": {"execute_noisy", "execute_hardware", "explain_device"} | SCORING,
    "evaluation={draws: 99}": SCORING,
}


def test_touching_nothing_runs_nothing_within_ten_seconds(finished: Checkout) -> None:
    """Of computing, imports included: other tests may keep the cores busy."""

    def seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = seconds()
    command = (PROGRAM, "--cores", "2")
    done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, timeout=LONGEST, check=True)
    assert "Nothing to be done" in done.stdout + done.stderr
    assert seconds() - before < 10


def test_a_checkout_that_was_moved_runs_nothing(finished: Checkout) -> None:
    there = finished.folder.with_name("moved to a folder that is called otherwise")
    finished.folder.rename(there)
    try:
        assert not Checkout(there).rules_to_run()
    finally:
        there.rename(finished.folder)


@pytest.mark.parametrize("key", KEYS)
def test_another_value_of_a_key_reruns_what_it_decides_and_nothing_else(finished: Checkout, key: str) -> None:
    assert finished.rules_to_run("--config", key) == KEYS[key]


def test_one_more_study_of_a_kind_reruns_nothing_of_the_others(finished: Checkout) -> None:
    cracks = {"kind": "photographs", "data": {"set": "concrete"}, "qubits": 4, "twins": ["mlp"]}
    more = {**SMALL, "studies": {**SMALL["studies"], "cracks": cracks}}  # type: ignore[dict-item]
    (finished.folder / "more.yaml").write_text(yaml.safe_dump(more))
    config = ("--configfile", "more.yaml")
    jobs = finished.jobs_to_run(*config)
    assert set(jobs) == {
        *("sample_data", "prepare_photographs", "split_samples", "extract_features", "trace_circuit", "compile"),
        *((OF_PHOTOGRAPHS | SCORING) - {"sample_bitstrings"}),
    }
    assert set(jobs.values()) == {1}
    samples = "results/cracks/sample/samples.h5"
    finished.snakemake(*config, "--", samples)
    assert finished.jobs_to_run(*config).keys() == jobs.keys() - {"sample_data", "prepare_photographs"}


@pytest.mark.parametrize("module", MODULES)
def test_a_change_in_a_library_module_reruns_the_rules_that_use_it(finished: Checkout, module: str) -> None:
    file: Path = finished.folder / "scripts/hqnn" / module
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(text + "\nADDED = 1\n", encoding="utf-8")
        assert finished.rules_to_run() == MODULES[module]
    finally:
        file.write_text(text, encoding="utf-8")


def test_other_words_in_library_modules_rerun_nothing(finished: Checkout) -> None:
    files = {file: file.read_text(encoding="utf-8") for file in (finished.folder / "scripts/hqnn" / m for m in MODULES)}
    try:
        for file, text in files.items():
            other = re.sub('"""(.*)', '"""Other words: \\1', text, count=1)
            assert other != text
            file.write_text(other + "\n# a remark\n", encoding="utf-8")
        assert finished.rules_to_run() == set()
    finally:
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")


def test_one_more_seed_reruns_nothing_of_the_others(finished: Checkout) -> None:
    jobs = finished.jobs_to_run("--config", "seeds=[0, 1]")
    expected = {"split_samples": 1, "split_table": 1, "train_ideal": 5, "train_classical": 3}
    assert {rule: jobs[rule] for rule in expected} == expected


def test_a_file_of_one_s_own_that_is_replaced_by_an_older_one_is_read_again(finished: Checkout) -> None:
    own = finished.folder / "own.csv"
    own.write_text("a,b,label\n1,2,x\n3,4,y\n")
    wanted = ("--config", "studies={rows: {data: {source: path, path: own.csv}}}", "--", "results/rows/own/samples.h5")
    finished.snakemake(*wanted)
    own.touch()
    assert finished.rules_to_run(*wanted) == set()
    own.write_text("a,b,label\n1,2,y\n3,4,x\n")
    os.utime(own, (1000, 1000))
    assert finished.rules_to_run(*wanted) == {"prepare_table"}


@pytest.mark.parametrize(
    ("sweep", "jobs"),
    [("together", {"train_seeds_digits": 1}), ("apart", {"train_classical": 2})],
    ids=lambda value: str(value),
)
def test_small_kernels_are_trained_side_by_side_or_each_in_a_job(
    finished: Checkout, sweep: str, jobs: dict[str, int]
) -> None:
    config = ("--config", "seeds=[0, 1]", f"studies={{digits: {{quanv: {{sweep: {sweep}}}}}}}")
    wanted = [f"results/digits/sample-60_40_fresh/cnn1/ideal/seed{seed}/exact/predictions.h5" for seed in (0, 1)]
    ran = finished.jobs_to_run("--force", *config, "--", *wanted)
    assert {rule: ran[rule] for rule in ran if rule.startswith("train")} == jobs


def test_seeds_share_jobs_where_a_study_says_so(finished: Checkout) -> None:
    config = ("--config", "seeds=[0, 1, 2]", "studies={rows: {seeds_a_job: 2}}")
    ran = finished.jobs_to_run("--force", *config, "--", "results/rows/metrics.csv")
    data, models = "rows_sample-70_15_15", ("angle_y-simplified_two_design-3", "dense_twin")
    shared = [f"split_together_{data}", *(f"train_together_{data}_{model}" for model in models)]
    assert {rule: jobs for rule, jobs in ran.items() if rule.startswith(ONCE_A_SEED)} == {
        f"{rule}_{first}": 1
        for rule in shared
        for first in (0, 2)  # of two seeds and of the third
    }


def test_a_single_target_is_rebuilt_alone(finished: Checkout) -> None:
    target = next((finished.folder / "results").rglob("shots/predictions.h5"))
    before = target.stat().st_mtime_ns
    wanted = str(target.relative_to(finished.folder))
    ran = finished.rules_to_run("--forcerun", "execute_shots", "--", wanted)
    assert ran == {"execute_shots"}
    assert target.stat().st_mtime_ns == before
