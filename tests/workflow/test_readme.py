"""The README shows what its commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from checkout import copy_checkout


def arrows(text: str) -> set[tuple[str, str]]:
    """Pairs of rules that an edge joins, in a diagram whose nodes are numbered."""
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", text))
    return {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", text)}


def test_the_picture_of_the_dag_is_what_snakemake_draws(root: Path, tmp_path: Path) -> None:
    """For the first study of the default config: nothing need have run."""
    default = copy_checkout(root, tmp_path / "hqnn", yaml.safe_load((root / "config/config.yaml").read_text()))
    shown = (root / "README.md").read_text(encoding="utf-8").split("<!-- dag -->")[1].split("<!-- /dag -->")[0]
    drawn = default.snakemake(
        "--rulegraph", "mermaid-js", "--config", "seeds=[0]", "--", "results/change/report.html"
    ).stdout
    assert len(arrows(drawn)) > 30
    assert arrows(shown) == arrows(drawn)


def test_the_example_of_a_circuit_is_the_one_of_the_library(root: Path) -> None:
    page = (root / "README.md").read_text(encoding="utf-8")
    example = (root / "scripts/hqnn/circuits/custom.py").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    assert all(line.strip() in example for line in code.splitlines())


PAGES = ("README.md", "config/README.md", "config/studies/README.md", "scripts/README.md", "workflow/README.md")


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_to_other_pages_and_their_headings_lead_there(root: Path, name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", (root / name).read_text(encoding="utf-8"))
    for target, anchor in links:
        page = (root / name).parent / target
        page = page / "README.md" if page.is_dir() else page
        assert page.is_file(), target
        assert not anchor or anchor in anchors(page), anchor


@pytest.mark.parametrize("name", PAGES)
def test_files_that_commands_name_are_there(root: Path, name: str) -> None:
    named = set(
        re.findall(r"(?:config/studies|tests|resources|workflow|scripts)/[\w/.-]+\.\w+", (root / name).read_text())
    )
    absent = {file for file in named if not (root / file).exists()}
    assert absent <= {"config/studies/land_cover.yaml"}  # which `make new` writes
