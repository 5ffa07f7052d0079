"""The container's recipe names what is there and installs what is locked; no container is built here."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet


@pytest.fixture
def recipe(root: Path) -> str:
    return (root / "resources/container.def").read_text(encoding="utf-8")


def section(recipe: str, name: str) -> list[str]:
    found = re.search(rf"^%{name}\n((?:    .*\n|\n)*)", recipe, flags=re.MULTILINE)
    assert found, name
    return [line.strip() for line in found[1].splitlines() if line.strip()]


def test_the_recipe_has_every_file_that_set_up_and_runs_need(root: Path, recipe: str) -> None:
    copied = [shlex.split(line) for line in section(recipe, "files")]
    assert all((root / source).exists() and target == f"/opt/hqnn/{source}" for source, target in copied)
    built = re.findall(r"^\$\(VENV\)/\.set-up-\$\(CHOSEN\): (.*)", (root / "Makefile").read_text(), flags=re.MULTILINE)
    needed = {"Makefile", "README.md", "workflow", "scripts", "resources", "config", "environment.yml"}
    assert needed | set(built[0].split()) <= {source for source, _ in copied}


def test_the_recipe_s_python_and_set_up_are_those_of_the_project(root: Path, recipe: str) -> None:
    python = re.search(r"^From: python:([\d.]+)", recipe, flags=re.MULTILINE)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert python and python[1] in SpecifierSet(project["requires-python"])
    assert "make -C /opt/hqnn setup TORCH={{ TORCH }}" in section(recipe, "post")
    assert section(recipe, "runscript")[-1] == 'exec snakemake --snakefile /opt/hqnn/workflow/Snakefile "$@"'
