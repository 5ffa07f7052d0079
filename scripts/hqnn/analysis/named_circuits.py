"""All circuits that have a name, as a table: ``python -m hqnn.analysis.named_circuits BACKEND WIRES``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields

import numpy as np

from hqnn.analysis.expressibility import expressibility
from hqnn.circuits.library import build
from hqnn.circuits.names import declared
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.interpreters.qiskit import to_qiskit

PAIRS, LAYOUTS = 5000, 2

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NamedCircuit:
    """One layer of an ansatz behind an embedding.

    Attributes:
        name: see `hqnn.circuits.names`.
        wires: how many.
        weights: how many numbers are trained.
        depth: of the circuit as it is written.
        two_qubit_gates: of it.
        native_depth: after it was compiled for a backend.
        native_two_qubit_gates: likewise.
        divergence: see `hqnn.analysis.expressibility.Expressibility`; weights are drawn, inputs zero.
    """

    name: str
    wires: int
    weights: int
    depth: int
    two_qubit_gates: int
    native_depth: int
    native_two_qubit_gates: int
    divergence: float


def named_circuits(names: Iterable[str], wires: int, machine: SnapshotBackend) -> Iterator[NamedCircuit]:
    """What every circuit takes; one that has no such size is left out with a warning.

    Args:
        names: of circuits whose embedding is by angles.
        wires: of all.
        machine: for which they are compiled.
    """
    for name in names:
        try:
            program = build(name, wires)
        except UserError as error:
            log.warning("%s is left out: %s", name, error)
            continue
        written, compiled = to_qiskit(program), compile_program(program, machine, seed=0, layouts=LAYOUTS)
        yield NamedCircuit(
            name,
            wires,
            program.weights,
            written.depth(),
            written.num_nonlocal_gates(),
            compiled.circuit.depth(),
            compiled.circuit.num_nonlocal_gates(),
            expressibility(program, PAIRS, np.random.default_rng(0)).divergence,
        )


def as_markdown(rows: Iterable[NamedCircuit], backend_name: str) -> str:
    """A table for a README, the least depth after compiling first."""
    heads = [field.name.replace("_", " ").replace("native", backend_name) for field in fields(NamedCircuit)]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for row in sorted(rows, key=lambda row: (row.native_depth, row.name)):
        *counts, divergence = astuple(row)
        lines.append([*map(str, counts), f"{divergence:.3f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _main(backend_name: str = "ibm_brisbane", wires: str = "4") -> None:
    names = [f"angle_y-{ansatz}-1" for ansatz in declared("ansatz")]
    print(as_markdown(named_circuits(names, int(wires), backend(backend_name)), backend_name))


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except UserError as error:
        sys.exit(f"circuits: {error}")
