"""Copies of the checkout to run Snakemake in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

SMALL = {
    "seeds": [0],
    "change": {"training": {"epochs": 2}},
    "execution": {"subset": 40, "shots": 256},
    "evaluation": {"draws": 50},
}
KEPT = ("workflow", "scripts", "config", "resources", "environment.yml", "pyproject.toml")


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout with a small config."""

    folder: Path

    def snakemake(
        self, *arguments: str, cores: int = 2, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there; stdout and stderr come back together."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "snakemake"), "--cores", str(cores), *arguments],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            timeout=600,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    def rules_to_run(self, *arguments: str) -> set[str]:
        """Names of the rules a dry run would run, read from its table of jobs."""
        rows = re.findall(r"^(\w+) +\d+$", self.snakemake("-n", *arguments).stdout, flags=re.MULTILINE)
        return set(rows) - {"all", "total"}


def copy_checkout(root: Path, folder: Path, config: dict[str, object] | None = None) -> Checkout:
    """Copy what a run needs, and write a config."""
    for name in KEPT:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(SMALL if config is None else config))
    return Checkout(folder)
