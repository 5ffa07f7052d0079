"""The workflow runs from any folder, as a module of another one, and its library without it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from checkout import Checkout
from iqm_server import IqmServer, serving

CONFIG = {
    "evaluation": {"draws": 10},
    "studies": {
        "mine": {
            "kind": "table",
            "data": {"source": "path", "path": "my data/rows ü.csv", "name": "rows"},
            "seeds": [0],
            "models": [],
            "twins": [],
            "baselines": {"svm": {"estimator": "SVC"}},
            "features": {"components": 2},
        }
    },
}
MODULE = """
configfile: "mine.yaml"
module hqnn:
    snakefile: "{snakefile}"
    config: config
use rule * from hqnn
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a config and data of one's own, and nothing else."""
    folder = tmp_path / "some where {v2} ü"
    (folder / "my data").mkdir(parents=True)
    lines = [f"{x / 7},{(x * 37) % 11},{'ab'[(x % 5) > 2]}" for x in range(60)]
    (folder / "my data/rows ü.csv").write_text("\n".join(["first,second,label", *lines]), encoding="utf-8")
    (folder / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def snakemake(folder: Path, *arguments: str, **environment: str) -> str:
    return Checkout(folder).snakemake(*arguments, environment=environment).stdout


def test_it_runs_in_another_directory_and_writes_no_token_there(root: Path, elsewhere: Path, tmp_path: Path) -> None:
    tokens = {"IQM_TOKEN": "planted-iqm-4711", "QISKIT_IBM_TOKEN": "planted-ibm-4711"}
    arguments = ("-s", str(root / "workflow/Snakefile"), "--directory", str(elsewhere))
    with serving(IqmServer(token=tokens["IQM_TOKEN"])) as server:
        machine = {"provider": "iqm", "quantum_computer": "adonis", "url": server.url}
        config = {**CONFIG, "execution": {"machines": {"cold": machine}}}
        (elsewhere / "mine.yaml").write_text(yaml.safe_dump(config))
        arguments = (
            "all",
            "results/mine/calibrations/cold.json",
            *arguments,
            "--configfile",
            str(elsewhere / "mine.yaml"),
        )
        said = snakemake(tmp_path, *arguments, **tokens, NO_PROXY="127.0.0.1")
    assert (elsewhere / "results/mine/report.html").is_file() and (elsewhere / "results/report.html").is_file()
    assert not (tmp_path / "results").exists()
    files = [path for path in elsewhere.rglob("*") if path.is_file()]
    assert {".snakemake", "results"} <= {path.relative_to(elsewhere).parts[0] for path in files}
    for written in (said.encode(), *(path.read_bytes() for path in files)):
        assert not any(token.encode() in written for token in tokens.values())
    assert "Nothing to be done" in snakemake(tmp_path, *arguments)


def test_results_may_lie_in_a_storage_that_nodes_do_not_share(root: Path, elsewhere: Path, tmp_path: Path) -> None:
    if not shutil.which("rsync"):
        pytest.skip("rsync, by which this storage copies, is not installed; apt-get install rsync")
    config = yaml.safe_load((elsewhere / "mine.yaml").read_text(encoding="utf-8"))
    config["studies"]["mine"]["data"] = {"source": "sample"}
    (elsewhere / "mine.yaml").write_text(yaml.safe_dump(config))
    stored = ("--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "store"))
    shared = ("--shared-fs-usage", "persistence", "software-deployment", "sources", "source-cache")
    snakefile = ("-s", str(root / "workflow/Snakefile"), "--configfile", "mine.yaml")
    snakemake(elsewhere, *snakefile, *stored, *shared, "--", "results/mine/report.html")
    assert (tmp_path / "store/results/mine/report.html").is_file()
    assert not (elsewhere / "results").exists()


def test_without_a_config_of_its_own_a_directory_gets_the_demo(root: Path, tmp_path: Path) -> None:
    out = snakemake(tmp_path, "-n", "-s", str(root / "workflow/Snakefile"))
    assert "results/change/metrics.csv" in out or "evaluate" in out


def test_it_is_a_module_of_another_workflow(root: Path, elsewhere: Path) -> None:
    (elsewhere / "workflow").mkdir()
    snakefile = os.path.relpath(root / "workflow/Snakefile", elsewhere / "workflow")
    (elsewhere / "workflow/Snakefile").write_text(MODULE.format(snakefile=snakefile))
    assert "results/mine/report.html" in snakemake(elsewhere, "-n")
    snakemake(elsewhere, "results/mine/rows/samples.h5")
    assert (elsewhere / "results/mine/rows/samples.h5").is_file()


def test_the_library_is_of_use_without_the_workflow(root: Path, tmp_path: Path) -> None:
    """From a copy of the package alone: nothing of it looks for a checkout around it."""
    shutil.copytree(root / "scripts/hqnn", tmp_path / "site/hqnn", ignore=shutil.ignore_patterns("*.pyc*"))
    code = (
        "import torch; from hqnn.circuits.library import build; from hqnn.engine import QuantumLayer; import hqnn; "
        "layer = QuantumLayer(build('angle_y-strongly_entangling-2', 3)); "
        "layer(torch.rand(5, 3)).sum().backward(); print(hqnn.__file__, layer.weights.grad.abs().sum() > 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path)) and "True" in done.stdout


def test_every_shipped_config_builds_its_dag(root: Path, tmp_path: Path) -> None:
    """All studies in one dry run, each with what its file sets at the top, and one seed."""
    studies = {}
    for file in sorted((root / "config/studies").glob("*.yaml")):
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
        for name, study in said.pop("studies").items():
            data = {**study.get("data", {}), "source": "path", "path": "data"}
            studies[name] = {**said, **study, "data": data, "seeds": [0]}
    (tmp_path / "data").mkdir()
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"studies": studies}))
    out = snakemake(tmp_path, "-n", "-s", str(root / "workflow/Snakefile"), "--configfile", "all.yaml")
    found = re.search(r"^report_study +(\d+)$", out, flags=re.MULTILINE)
    assert found and int(found[1]) == len(studies) >= 20
