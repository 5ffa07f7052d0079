"""What a user's mistake looks like on the terminal: one sentence, no traceback, nothing half-written."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from checkout import Checkout, copy_checkout
from hqnn.data.synthetic.handwritten import write_digits

SAMPLE = "results/raw/sample_pairs_0"


@pytest.fixture(scope="module")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_checkout(root, tmp_path_factory.mktemp("faults") / "hqnn")


@pytest.fixture
def raw(checkout: Checkout, tmp_path: Path) -> Path:
    """A data set of one's own, to be damaged."""
    from hqnn.data.synthetic.pairs import write_sample

    write_sample(tmp_path / "own", seed=1, train=1, test=1, side=60)
    return tmp_path / "own"


def sentence(checkout: Checkout, *arguments: str) -> str:
    """Run, expect failure, and give what stood on the terminal; it holds no traceback."""
    done = checkout.snakemake(*arguments, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            "studies={change: {training: {learning_rte: 0.1}}}",
            "'studies.change.training.learning_rte' is unknown; did you mean 'learning_rate'?",
        ),
        ("studies={rows: {baselines: {svm: {estimator: SVC, kernal: rbf}}}}", "did you mean 'kernel'?"),
    ],
)
def test_a_wrong_config_stops_before_anything_runs(checkout: Checkout, config: str, said: str) -> None:
    last = sentence(checkout, "-n", "--config", config).strip().splitlines()[-1]
    assert last.startswith("config: ")
    assert said in last


def test_a_set_that_no_program_can_fetch_stops_before_anything_runs(checkout: Checkout) -> None:
    out = sentence(
        checkout, "-n", "--config", "studies={mine: {kind: photographs, data: {source: download, set: ozgenel}}}"
    )
    last = out.strip().splitlines()[-1]
    assert last.startswith("config: resources/datasets.yaml: 'ozgenel' has to be fetched by hand")
    assert "https://doi.org/" in last and "data: {source: path, path: FOLDER}" in last


def test_a_dry_run_tells_of_each_job_where_that_is_asked_for(checkout: Checkout) -> None:
    said = checkout.snakemake("-n", "-q", "host", "--", "results/change/metrics.csv").stdout
    jobs = {rule: int(count) for rule, count in re.findall(r"^([a-z_]+) +(\d+)$", said, flags=re.MULTILINE)}
    told = Counter(re.findall(r"^(?:local)?rule (\w+):$", said, flags=re.MULTILINE))
    assert told.total() == jobs.pop("total") > 10
    assert told == jobs


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("masks/sample-70_15_16/resnet18-mlp/ideal", "studies.masks.splits has no '70_15_16'"),
        (
            "masks/sample-70_15_15/resnet18-hadamard_angle_y-dressed-1/ideal-cirq",
            "studies.masks.trainers has no 'cirq'",
        ),
        ("digits/sample-500_99_fresh/cnn1/ideal", "studies.digits.quanv.draws has no '500_99_fresh'"),
    ],
)
def test_a_path_that_names_what_the_config_lacks_says_so(checkout: Checkout, path: str, said: str) -> None:
    last = sentence(checkout, "-n", f"results/{path}/seed0/exact/predictions.h5").strip().splitlines()[-1]
    assert last.startswith(f"config: {said}")


def test_a_backend_may_be_a_file_of_one_s_own(checkout: Checkout, tmp_path: Path) -> None:
    mine = shutil.copy(checkout.folder / "resources/calibrations/published_lima.yaml", tmp_path / "mine.yaml")
    config = f"studies={{change: {{phases: [noisy], execution: {{backends: [{mine}]}}}}}}"
    jobs = checkout.jobs_to_run("--config", config, "--", "results/change/metrics.csv")
    assert (jobs["compile"], jobs["train_noisy"], jobs["execute_hardware"]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: next(folder.rglob("imgs_2/*_B05.tif")).unlink(), "B05"),
        (lambda folder: truncate(next(folder.rglob("imgs_1/*_B02.tif"))), "B02.tif"),
        (lambda folder: (folder / "train.txt").write_text("alder,atlantis"), "no city 'atlantis'"),
    ],
    ids=["missing band", "truncated band", "absent city"],
)
def test_damaged_data_is_named_on_the_terminal_and_explained_in_the_log(
    checkout: Checkout, raw: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(raw)
    for copy in raw.rglob("images/train.txt"):
        copy.unlink()
    out = sentence(
        checkout,
        "--config",
        f"studies={{change: {{data: {{source: path, path: {raw}}}}}}}",
        "--",
        "results/change/own/samples.h5",
    )
    line = next(line for line in out.splitlines() if line.startswith("prepare_pixels: "))
    assert said in line
    assert "Traceback" in (checkout.folder / "results/change/own/samples.log").read_text()
    left = [f.name for f in (checkout.folder / "results/change/own").iterdir()]
    assert left == ["samples.log"]


def two_photographs(folder: Path) -> None:
    """A class with two images, and one without any."""
    for name in ("mask", "no_mask"):
        (folder / name).mkdir(parents=True)
    for number, grey in enumerate((90, 180)):
        gradient = np.tile(np.linspace(0, grey, 40, dtype=np.uint8), (30, 1))
        Image.fromarray(np.rot90(gradient, number)).save(folder / f"mask/{number}.png")


def four_photographs(folder: Path) -> None:
    two_photographs(folder)
    for number in range(2):
        noise = np.random.default_rng(number).integers(256, size=(30, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"no_mask/{number}.png")


def digits_with_another_magic(folder: Path) -> None:
    write_digits(folder)
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(b"\0\0\x08\x07" + gzip.decompress(labels.read_bytes())[4:]))


def folders_that_differ(folder: Path) -> None:
    for part, names in (("train", ("circle", "square")), ("test", ("circle", "sqare"))):
        for name in names:
            (folder / part / name).mkdir(parents=True)
            Image.new("L", (8, 8), len(name)).save(folder / part / name / "0.png")


def weights_of_another_net(folder: Path) -> None:
    four_photographs(folder)
    save_file({"conv1.weight": np.zeros((4, 3, 7, 7), np.float32)}, folder / "other.safetensors")


@pytest.mark.parametrize(
    ("make", "study", "config", "target", "said"),
    [
        (two_photographs, "masks", "{}", "masks/own/samples.h5", "no_mask"),
        (
            four_photographs,
            "masks",
            "{splits: [{train: 40, validation: 1, test: 1}]}",
            "masks/own-40_1_1/seed0/split.h5",
            "40",
        ),
        (
            weights_of_another_net,
            "masks",
            "{weights: {resnet18: FOLDER/other.safetensors}}",
            "masks/own/resnet18/features.h5",
            "other.safetensors",
        ),
        (digits_with_another_magic, "digits", "{}", "digits/own/samples.h5", "t10k-labels-idx1-ubyte.gz"),
        (folders_that_differ, "digits", "{}", "digits/own/samples.h5", "sqare"),
    ],
    ids=["empty class", "split larger than the set", "other weights", "wrong magic", "classes that differ"],
)
def test_images_that_do_not_fit_are_a_sentence(
    checkout: Checkout,
    tmp_path: Path,
    make: Callable[[Path], None],
    study: str,
    config: str,
    target: str,
    said: str,
) -> None:
    folder = tmp_path / "own"
    make(folder)
    data = f"{{data: {{source: path, path: {folder}}}, "
    given = f"studies={{{study}: {config.replace('{', data, 1).replace('FOLDER', str(folder))}}}"
    wanted = checkout.folder / "results" / target
    shutil.rmtree(checkout.folder / "results", ignore_errors=True)
    out = sentence(checkout, "--config", given, "--", f"results/{target}")
    rules = ("prepare_photographs: ", "split_samples: ", "extract_features: ", "prepare_small_images: ")
    lines = [line for line in out.splitlines() if line.startswith(rules) and said in line]
    assert len(lines) == 1, out
    assert lines[0].count(". ") == 0 and ("; " in lines[0] or ", " in lines[0])
    assert not wanted.exists()
    assert list(wanted.parent.glob(".*")) == []


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


@pytest.fixture
def small_disk(checkout: Checkout) -> Iterator[Path]:
    """The results folder on a file system of 300 kB."""
    results = checkout.folder / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", results], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root; run the tests as root to see this one")
    try:
        yield results
    finally:
        subprocess.run(["umount", "-l", results], check=True)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(checkout: Checkout, small_disk: Path) -> None:
    out = sentence(checkout, "--", SAMPLE)
    assert "could not be written because the disk is full; free some space" in out
    assert [f.name for f in (small_disk / "raw").iterdir() if f.suffix != ".log"] == []


def test_a_results_folder_that_cannot_be_written_is_a_sentence(checkout: Checkout, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    out = checkout.snakemake("--", SAMPLE, check=False)
    assert out.returncode != 0
    assert "Read-only file system" in out.stdout
    assert list(small_disk.iterdir()) == []
