"""What qubits suffer while they wait, as channels between a program's gates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hqnn.circuits.program import Channel, Gate, Program
from hqnn.noise.channels import to_kraus
from hqnn.noise.coverage import qubits_of
from hqnn.noise.model import Place, Waiting
from hqnn.noise.schedule import Wait, scheduled

WAIT = "wait"
"""The name of these channels."""


def waited(program: Program, waiting: Waiting) -> Program:
    """The same program with what its qubits suffer while they wait.

    Args:
        program: any; durations and times are looked up under its native wires where it has them. A measurement, and a
            gate that depends on one, take no time; what depends on an outcome stays behind its measurement.
        waiting: durations and times.

    Returns:
        Its gates in the order of time, and channels on one wire or two between them.
    """
    wire = {qubit: index for index, qubit in enumerate(program.native_wires or range(program.wires))}
    gates = []
    for what in scheduled([_place(program, gate) for gate in program.gates], waiting):
        if not isinstance(what, Wait):
            gates.append(program.gates[what])
        elif all(qubit in wire for qubit in what.qubits):
            kraus = Channel(np.array(to_kraus(what.matrix)))
            gates.append(Gate(WAIT, tuple(wire[qubit] for qubit in what.qubits), (), (kraus,)))
    return replace(program, gates=tuple(gates))


def _place(program: Program, gate: Gate) -> Place:
    """A gate's qubits, and the outcomes that it makes or depends on as negative numbers."""
    outcomes = (gate.condition.outcomes if gate.condition else ()) + (() if gate.outcome is None else (gate.outcome,))
    return gate.name, (*qubits_of(program, gate), *(~outcome for outcome in outcomes))
