"""What computes in a job has the rule's threads, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
from types import SimpleNamespace as Names
class Params(dict): pass
snakemake = Names(params=Params(), threads=3, resources={}, rule="map", wildcards={}, config={}, log=["job.log"],
                  input=[], output=["map"])
from hqnn.job import job
with job(forked=True, torch_threads=True) as rule:
    import numpy, torch
    from threadpoolctl import threadpool_info
    numpy.ones((9, 9)) @ numpy.ones((9, 9))
    blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    print("threads:", torch.get_num_threads(), max(blas, default=1), flush=True)
"""


def test_a_job_that_is_not_forked_gives_torch_its_threads_and_blas_none_of_those_that_read(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HQNN_")}
    subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, env=environment, check=True)
    assert "threads: 3 1\n" in (tmp_path / "job.log").read_text(encoding="utf-8")
