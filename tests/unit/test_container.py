"""The container's recipe names what is there and installs what is locked; no container is built here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet


@pytest.fixture
def recipe(root: Path) -> str:
    return (root / "resources/container.def").read_text(encoding="utf-8")


def section(recipe: str, name: str) -> list[str]:
    found = re.search(rf"^%{name}\n((?:    .*\n|\n)*)", recipe, flags=re.MULTILINE)
    assert found, name
    return [line for line in textwrap.dedent(found[1]).splitlines() if line.strip()]


def copied(recipe: str) -> list[str]:
    pairs = [shlex.split(line) for line in section(recipe, "files")]
    assert all(target == f"/opt/hqnn/{source}" for source, target in pairs)
    return [source for source, _ in pairs]


def kept(root: Path) -> set[str]:
    """What the repository holds at the top: as git knows it, or in an archive all but what it ignores."""
    if (root / ".git").exists():
        listed = ["git", "ls-tree", "--name-only", "HEAD"]
        return set(subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout.split())
    ignored = [line.rstrip("/") for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines()]
    return {path.name for path in root.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}


def test_the_recipe_has_all_of_the_repository_but_what_is_for_its_developers(root: Path, recipe: str) -> None:
    assert {*copied(recipe), ".ci", ".gitignore", "results", "tests"} == kept(root)


def test_what_is_copied_plans_a_run_elsewhere_for_a_user_without_name_or_home_and_writes_nothing_there(
    root: Path, recipe: str, tmp_path: Path
) -> None:
    code, work = tmp_path / "opt/hqnn", tmp_path / "work"
    work.mkdir()
    for source in copied(recipe):
        copy = shutil.copytree if (root / source).is_dir() else shutil.copy
        (code / source).parent.mkdir(parents=True, exist_ok=True)
        copy(root / source, code / source)
    (code / ".venv").symlink_to(sys.prefix)
    (code / "scripts/sitecustomize.py").write_text("import pwd\npwd.getpwuid = {}.__getitem__\n")
    before = {path: path.stat().st_mtime_ns for path in code.rglob("*") if "__pycache__" not in path.parts}
    script = "\n".join([*section(recipe, "environment"), *section(recipe, "runscript")])
    done = subprocess.run(
        ["sh", "-c", script.replace("/opt/hqnn", str(code)), "runscript", "--cores", "2", "-n"],
        cwd=work,
        env={"PATH": os.defpath, "HOME": "/proc", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert re.search(r"^write_report +1$", done.stdout + done.stderr, re.MULTILINE), done.stdout + done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert {path for path in code.rglob("*") if "__pycache__" not in path.parts} == set(before)
    assert {path.name for path in work.iterdir()} == {".cache", ".snakemake"}


def test_the_recipe_s_python_and_set_up_are_those_of_the_project(root: Path, recipe: str) -> None:
    python = re.search(r"^From: python:([\d.]+)", recipe, flags=re.MULTILINE)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert python and python[1] in SpecifierSet(project["requires-python"])
    assert "make -C /opt/hqnn setup TORCH={{ TORCH }}" in section(recipe, "post")
    assert section(recipe, "runscript")[-1] == 'exec snakemake --snakefile /opt/hqnn/workflow/Snakefile "$@"'
