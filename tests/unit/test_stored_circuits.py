"""Circuits as files: equal ones have equal bytes, and damaged ones are sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hqnn.circuits.library import build
from hqnn.circuits.program_file import read_program
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program, save_compiled
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.qpy import load_qpy

COMPILE = """
import sys
from hqnn.circuits.program_file import read_program
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program, save_compiled
compiled = compile_program(read_program(sys.argv[1]), backend("ibmq_lima"), seed=0, layouts=1)
save_compiled(sys.argv[2], sys.argv[3], compiled)
"""


@pytest.fixture(scope="module")
def abstract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("circuit") / "program.json"
    path.write_text(build("angle_y-simplified_two_design-1", 3, ["Z1"]).to_json())
    return path


def test_equal_circuits_have_equal_bytes_in_every_process(abstract: Path, tmp_path: Path) -> None:
    for name in "ab":
        files = [str(tmp_path / f"{name}.{suffix}") for suffix in ("qpy", "json")]
        subprocess.run([sys.executable, "-c", COMPILE, str(abstract), *files], check=True)
    for suffix in ("qpy", "json"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_what_is_stored_is_the_compiled_circuit(abstract: Path, tmp_path: Path) -> None:
    program = read_program(abstract)
    compiled = compile_program(program, backend("ibmq_lima"), seed=1, layouts=1)
    save_compiled(tmp_path / "c.qpy", tmp_path / "c.json", compiled)
    stored = load_qpy(tmp_path / "c.qpy")
    own = {"observables": program.observables, "inputs": program.inputs, "weight_shape": program.weight_shape}
    assert from_qiskit(stored, **own).digest == compiled.program.digest == read_program(tmp_path / "c.json").digest
    assert stored.layout.final_index_layout() == compiled.circuit.layout.final_index_layout()


@pytest.mark.parametrize("damage", [b"", b"[]", b"3", b"{}", b'{"wires": 2', b"\xff\xfe", b'{"wires": null}', b"cut"])
def test_a_damaged_program_names_its_cure(abstract: Path, tmp_path: Path, damage: bytes) -> None:
    whole = abstract.read_bytes()
    (tmp_path / "program.json").write_bytes(whole[: len(whole) // 2] if damage == b"cut" else damage)
    with pytest.raises(UserError, match=r"program\.json is damaged and holds no program any more; delete it and run"):
        read_program(tmp_path / "program.json")
    with pytest.raises(UserError, match=r"absent\.json is missing; run again"):
        read_program(tmp_path / "absent.json")
