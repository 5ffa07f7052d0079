"""Damaged files, configs and calibrations, drawn from a seed: a sentence or a right result, and nothing else.

More of them, and others: ``HQNN_FUZZ=5000 HQNN_FUZZ_SEED=7 pytest tests/faults/test_fuzz.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz_targets import TARGETS, Target

from hqnn.errors import UserError, plain, quoted

DAMAGES, SEED = int(os.environ.get("HQNN_FUZZ", "300")), int(os.environ.get("HQNN_FUZZ_SEED", "0"))
LONGEST = 1000  # letters of a sentence; known names may be many
OF_CONFIGS = ("config key", "studies", "study", "backend", "calibration")  # how keys are named
FOREIGN = re.compile(  # addresses, and names of types and packages that a user did not write
    r"0x[0-9a-f]{9,}|<class|object at|Traceback|(?<!it wants )\bnumpy\b(?!\.save)|h5py|pandas|pydantic|(?<![.`])dtype"
    r"|NoneType|\w(Error|Exception|Warning)\b"
)


def fault_of(sentence: str, names: Iterable[str]) -> str:
    """What is wrong with a sentence; empty where nothing is."""
    if not sentence.isprintable():
        return "not one line of printable text"
    if len(sentence) > LONGEST:
        return f"{len(sentence)} letters"
    if FOREIGN.search(sentence):
        return "Python's words"
    named = any(name in sentence for name in names if len(name) > 1)
    return "" if named else "neither file nor key"


def judge(target: Target, data: Path, output: Path, good: Any) -> str:
    """How a damage was met: `sentence`, `right`, or what is wrong."""
    names = {data.name, *OF_CONFIGS, *(name for path in data.rglob("*") for name in (path.name, path.stem))}
    output.mkdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = target.read(data, output)
    except UserError as error:
        fault, left = fault_of(str(error), names), [path.name for path in output.rglob("*") if path.is_file()]
        return f"{fault}: {error}" if fault else f"left {left}" if left else "sentence"
    except Exception:
        return traceback.format_exc(limit=-4)
    return "right" if target.right(found, good) else "a wrong result without a word"


@pytest.mark.parametrize("name", TARGETS)
def test_a_damage_is_a_sentence_or_changes_nothing(name: str, tmp_path: Path) -> None:
    target, whole, met = TARGETS[name], tmp_path / "whole", []
    whole.mkdir()
    target.write(whole)
    (tmp_path / "good").mkdir()
    good = target.read(whole, tmp_path / "good")
    for number in range(list(TARGETS).index(name), DAMAGES, len(TARGETS)):
        data, output = tmp_path / f"data{number}", tmp_path / f"output{number}"
        shutil.copytree(whole, data)
        damage = target.damage(data, np.random.default_rng(np.random.SeedSequence([SEED, number])))
        verdict = judge(target, data, output, good)
        if verdict not in ("sentence", "right"):
            met.append(f"damage {number} of seed {SEED}, {damage}: {verdict}")
        shutil.rmtree(data)
        shutil.rmtree(output)
    assert not met, "\n\n".join(met)


def test_words_of_others_are_one_line_without_python_s_objects() -> None:
    assert plain(ValueError("cannot identify image file <_io.BytesIO object at 0x7f0a1b2c3d4e>\nand more")) == (
        "cannot identify image file"
    )
    assert plain(TypeError("expected <class 'int'> here")) == "expected here"
    assert plain(FileNotFoundError(2, "No such file or directory", "a")) == "No such file or directory"
    assert plain(MemoryError()) == "it is damaged"
    assert [quoted(value) for value in ("a\nb", None, [1, "ü"], 1e999)] == [r"'a\nb'", "null", '[1, "ü"]', "Infinity"]
    assert len(quoted(["long"] * 1000)) < 100
    assert str(UserError("a\nb \0 " + "c" * 5000 + " d")) == rf"a\nb \x00 {'c' * 80}…{'c' * 20} d"
