"""Compiled kernels are kept on disk, and nothing but the time of a start may show it."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest
from numba.core.caching import IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

from hqnn.circuits.library import build
from hqnn.engine import kernels, meeting, states_kernels, turning
from hqnn.engine.precompile import precompile

RUN = """
import sys, torch
from pathlib import Path
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer

program = Program.from_json(Path(sys.argv[1]).read_text())
layer = QuantumLayer(program, way="states", generator=torch.Generator().manual_seed(0), dtype=torch.float32)
values = layer(torch.linspace(-3, 3, 120).reshape(40, 3))
values.sum().backward()
print(values.detach().numpy().tobytes().hex(), layer.weights.grad.numpy().tobytes().hex())
"""


def test_kernels_just_compiled_give_the_bytes_of_those_kept_on_disk(root: Path, tmp_path: Path) -> None:
    """Those of states, which compile in a quarter of the time of the others and are kept in the same way."""
    program = tmp_path / "program.json"
    program.write_text(build("angle_x-strongly_entangling-2", 3, ["Y0", "Y1", "Y2"]).to_json())
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "PYTHONPATH": str(root / "scripts")}
    compiled, kept = (
        subprocess.run(
            [sys.executable, "-c", RUN, program],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout
        for _ in range(2)
    )
    assert list((tmp_path / "kernels").rglob("*.nbc"))
    assert compiled == kept


def test_no_kernel_is_left_to_be_compiled_by_a_run_in_either_precision() -> None:
    precompile()
    compiled = {
        name: len(function.signatures)
        for module in (kernels, meeting, states_kernels, turning)
        for name, function in vars(module).items()
        if isinstance(function, Dispatcher) and function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert len(compiled) > 10
    assert min(compiled.values()) >= 2, compiled


def test_where_nothing_can_be_written_kernels_are_those_of_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed.py"
    installed.write_text("from hqnn.engine.jit import exact_kernel\n@exact_kernel\ndef twice(x):\n    return 2 * x\n")

    def twice() -> Any:
        return runpy.run_path(str(installed))["twice"]

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise PermissionError

    first = twice()
    assert first(1.5) == 3.0
    assert sum(first.stats.cache_misses.values()) == len(list(tmp_path.rglob("*.nbc"))) == 1
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)  # by which Numba sees whether a folder can be written
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", refuse)
    later = twice()
    assert later(1.5) == 3.0
    assert sum(later.stats.cache_hits.values()) == 1
    assert not later.stats.cache_misses
    assert later(2) == 4  # not compiled with the installation, and not kept
    assert sum(later.stats.cache_misses.values()) == 1
