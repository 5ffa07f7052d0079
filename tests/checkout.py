"""Copies of the checkout to run Snakemake in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from forked import PROGRAM, run_forked

# Importing torch and Qiskit takes most of the time, so there are few jobs: a study a kind, and one of a second layout.
SMALL: dict[str, object] = {
    "seeds": [0],
    "execution": {"backends": ["ibmq_lima"], "layouts": 1, "subset": 24, "shots": 256},
    "evaluation": {"draws": 50},
    "studies": {
        "change": {
            "kind": "pixels",
            "published": "change",
            "qubits": 4,
            "observables": ["Z1"],
            "reading": "sigmoid",
            "twins": [],
            "baselines": {
                "change_vector": {},
                "logistic_regression": {},
                "mlp": {"parameters": 114},
                "unet_small": {},
            },
            "training": {"balanced": True, "epochs": 2},
            "explanation": {"enabled": True, "draws": 2, "few_shots": [16]},
        },
        "cover": {
            "kind": "pixels",
            "scenes": {"layout": "scenes"},
            "features": {"bands": "all", "components": 4},
            "qubits": 4,
            "twins": [],
            "training": {"epochs": 2},
            "baselines": {"forest": {"estimator": "RandomForestClassifier", "n_estimators": 10}},
            "execution": {"paths": ["exact"]},
        },
        "masks": {
            "kind": "photographs",
            "images": {"classes": ["no_mask", "mask"]},
            "qubits": 4,
            "bitstrings": True,
            "twins": ["mlp"],
            "delta": 1.0,
            "training": {"epochs": 2},
        },
        "digits": {
            "kind": "images",
            "twins": ["parallel_twin"],
            "parallel": {"channels": [4, 8], "circuits": 2, "qubits": 3, "layers": 1},
            "training": {"epochs": 1, "batch_size": 32},
            "quanv": {
                "kernels": [{}],
                "twins": ["cnn1"],
                "draws": [{"train": 60, "test": 40}],
                "training": {"epochs": 1},
            },
            "analysis": {"enabled": True, "draws": 4, "pairs": 100, "qubits": [2, 4], "depths": [1]},
        },
        "rows": {
            "kind": "table",
            "qubits": 4,
            "training": {"epochs": 2},
            "baselines": {"svm": {"estimator": "SVC"}},
            "execution": {"paths": ["exact"]},
        },
    },
}
KEPT = ("workflow", "scripts", "config", "resources", "environment.yml", "pyproject.toml", "requirements.lock")


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout with a small config."""

    folder: Path

    def snakemake(
        self, *arguments: str, cores: int = 2, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there; stdout and stderr come back together."""
        with tempfile.NamedTemporaryFile() as output:
            path = Path(output.name)
            arguments = ("--cores", str(cores), *arguments)
            code = run_forked(arguments, self.folder, {**os.environ, **(environment or {})}, path)
            done = subprocess.CompletedProcess((PROGRAM, *arguments), code, path.read_text(encoding="utf-8"))
        assert not check or code == 0, done.stdout
        return done

    def jobs_to_run(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run would run, read from its table of jobs."""
        rows = re.findall(r"^([\w-]+) +(\d+)$", self.snakemake("-n", *arguments).stdout, flags=re.MULTILINE)
        return {rule: int(jobs) for rule, jobs in rows if rule not in ("all", "total")}

    def rules_to_run(self, *arguments: str) -> set[str]:
        """Names of the rules a dry run would run."""
        return set(self.jobs_to_run(*arguments))


def copy_checkout(root: Path, folder: Path, config: dict[str, object] | None = None) -> Checkout:
    """Copy what a run needs, and write a config; what is compiled goes along, which takes half a minute to compile."""
    left = ("*.pyc.*", "*.tmp*", "closure.*.*[!c]")
    for name in KEPT:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*left))
        else:
            shutil.copy(source, folder / name)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(SMALL if config is None else config))
    return Checkout(folder)
