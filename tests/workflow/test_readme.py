"""The README shows what its commands print."""

from __future__ import annotations

import re
from pathlib import Path

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
