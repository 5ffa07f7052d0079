"""Results that checkouts share through a cache are those of the same data, names included, and the same code."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from checkout import SMALL, Checkout, copy_checkout
from hqnn.cache_folder import VARIABLE, check_cache_folder
from hqnn.errors import UserError
from hqnn.store import read_table

STUDY = {"kind": "photographs", "data": {"source": "path", "path": "own"}, "images": {}, "qubits": 2}
SAMPLES = "results/trees/own/samples.h5"
SPLIT = "own-70_15_15"
TARGETS = (SAMPLES, f"results/trees/{SPLIT}/resnet18-hadamard_angle_y-dressed-1/compiled/ibmq_lima/program.qpy")
CACHED = {"prepare_photographs", "compile"}


def checkout(root: Path, folder: Path) -> Checkout:
    """One with the same photographs of two classes as every other."""
    made = copy_checkout(root, folder, {**SMALL, "studies": {"trees": STUDY}})
    for name, level in (("ash", 40), ("oak", 200)):
        (folder / "own" / name).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(np.full((16, 16, 3), level + number, np.uint8)).save(
                folder / f"own/{name}/{level + number}.png"
            )
    return made


def computed(made: Checkout, cache: Path, *targets: str) -> set[str]:
    """Rules of which a job ran; what is fetched from the cache has no last line of a job's."""
    said = made.snakemake("--cache", "--", *targets, environment={VARIABLE: str(cache)}).stdout
    return set(re.findall(r"^(\w+) +[\d.]+ s  results/", said, flags=re.MULTILINE))


def test_a_second_checkout_computes_nothing_anew_and_another_label_or_module_does(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first, second = (checkout(root, tmp_path / name) for name in ("first", "second"))
    assert computed(first, cache, *TARGETS) >= CACHED
    assert not computed(second, cache, *TARGETS) & CACHED
    for target in TARGETS:
        assert (second.folder / target).read_bytes() == (first.folder / target).read_bytes()

    (second.folder / "own/ash/40.png").rename(second.folder / "own/oak/40.png")
    assert computed(second, cache, SAMPLES) == {"prepare_photographs"}
    labels = [np.bincount(read_table(made.folder / SAMPLES)[0]["labels"]).tolist() for made in (first, second)]
    assert labels == [[8, 8], [7, 9]]

    module = second.folder / "scripts/hqnn/store.py"
    module.write_text(module.read_text(encoding="utf-8") + "\nADDED = 1\n", encoding="utf-8")
    assert computed(second, cache, SAMPLES) == {"prepare_photographs"}


def test_a_folder_that_cannot_be_a_cache_is_a_sentence_before_anything_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_cache_folder(str(tmp_path))
    check_cache_folder("s3://elsewhere/cache")
    for folder, words in (("", "name one by"), (str(tmp_path / "none"), "no folder"), (__file__, "no folder")):
        with pytest.raises(UserError, match=words):
            check_cache_folder(folder)
    with pytest.raises(UserError, match="cannot be written"):
        check_cache_folder("/proc/self")
    usage = type(shutil.disk_usage(tmp_path))(10**12, 10**12, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"0\.0 GB are free"):
        check_cache_folder(str(tmp_path))
    os.environ.pop(VARIABLE, None)
    refused = checkout(root, tmp_path / "first").snakemake("-n", "--cache", check=False)
    assert refused.returncode != 0 and "shares results through a folder" in refused.stdout
    assert "Traceback" not in refused.stdout
