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

# Importing torch and Qiskit takes most of the time, so there are few jobs; cracks run through the rules of masks.
SMALL: dict[str, object] = {
    "studies": ["change", "masks", "digits"],
    "seeds": [0],
    "change": {"qubits": 4, "training": {"epochs": 2}},
    "masks": {"twins": ["mlp"], "delta": 1.0, "training": {"epochs": 2}},
    "cracks": {"twins": ["mlp"], "training": {"epochs": 2}},
    "digits": {
        "twins": ["parallel_twin"],
        "parallel": {"channels": [4, 8], "circuits": 2, "qubits": 3, "layers": 1},
        "training": {"epochs": 1},
        "quanv": {"kernels": [], "draws": [{"train": 60, "test": 40}], "training": {"epochs": 1}},
        "analysis": {"draws": 4, "pairs": 100, "qubits": [2, 3], "depths": [1]},
    },
    "execution": {"backends": ["ibmq_lima"], "layouts": 1, "subset": 24, "shots": 256},
    "explanation": {"draws": 2, "few_shots": [16]},
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

    def jobs_to_run(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run would run, read from its table of jobs."""
        rows = re.findall(r"^(\w+) +(\d+)$", self.snakemake("-n", *arguments).stdout, flags=re.MULTILINE)
        return {rule: int(jobs) for rule, jobs in rows if rule not in ("all", "total")}

    def rules_to_run(self, *arguments: str) -> set[str]:
        """Names of the rules a dry run would run."""
        return set(self.jobs_to_run(*arguments))


def copy_checkout(
    root: Path, folder: Path, config: dict[str, object] | None = None, *, kernels: bool = False
) -> Checkout:
    """Copy what a run needs, and write a config.

    Compiled `kernels` that lie in the checkout go along where wanted: they take half a minute to compile.
    """
    left = ("*.pyc*", "*.tmp*") if kernels else ("__pycache__",)
    for name in KEPT:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*left))
        else:
            shutil.copy(source, folder / name)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(SMALL if config is None else config))
    return Checkout(folder)
