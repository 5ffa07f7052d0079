"""What other code imports: the examples hold, and nothing is loaded before it is asked for."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hqnn
from hqnn import closure, public


@pytest.mark.filterwarnings("ignore")
def test_every_example_of_the_public_names_gives_what_it_says() -> None:
    failed, tried = doctest.testmod(public)
    assert tried > 20 and failed == 0


def test_the_readme_shows_code_of_these_examples(root: Path) -> None:
    section = (root / "README.md").read_text(encoding="utf-8").split("## In your own code")[1].split("\n## ")[0]
    shown = [
        line for block in re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL) for line in block.split("\n")
    ]
    examples = doctest.DocTestParser().get_examples(public.__doc__ or "")
    tried = {line for example in examples for line in example.source.split("\n")}
    assert len(shown) > 10 and not [line for line in shown if line not in tried]


def test_public_names_are_documented_and_loaded_when_asked_for() -> None:
    assert hqnn.__all__ == public.__all__ == sorted(public.__all__, key=lambda name: (name.islower(), name))
    assert all(getattr(hqnn, name).__doc__ for name in hqnn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'QuantumLater'"):
        _ = hqnn.QuantumLater
    code = "import sys, hqnn; from hqnn import store; print([m for m in ('torch', 'qiskit') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_nothing_of_ours_imports_by_the_public_names() -> None:
    names = {f"hqnn.{name}" for name in ("public", *hqnn.__all__)}
    for file, source in closure._sources(closure.SCRIPTS).items():
        if file != closure.SURFACE:
            assert not names & set(source.imports), f"{file}: the digest of its rules would miss what stands behind"


def test_a_wheel_holds_calibrations_and_types(root: Path, tmp_path: Path) -> None:
    """Built from a copy of what is packed, so that no build folder stays in the tree."""
    build = (
        "import os, sys; from setuptools import build_meta; os.chdir(sys.argv[1]); build_meta.build_wheel(sys.argv[2])"
    )
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "scripts", "resources"):
        (source / name).symlink_to(root / name)
    subprocess.run([sys.executable, "-c", build, source, tmp_path], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"hqnn/py.typed", "hqnn/noise/calibrations/ibm_brisbane.json"} <= set(names)
    assert not any(name.endswith(".pyc") or "egg-info" in name for name in names)
