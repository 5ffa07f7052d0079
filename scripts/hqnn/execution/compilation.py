"""Transpile a circuit once, with its symbols: the native program that is trained, simulated and sent."""

from __future__ import annotations

import logging
import math
import os
from contextlib import nullcontext
from dataclasses import dataclass

from qiskit.circuit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import PassManager, Target
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

from hqnn.circuits.outcomes import MEASURE, RESET
from hqnn.circuits.program import Channel, Program
from hqnn.circuits.program_file import write_program
from hqnn.errors import UserError
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.interpreters.qpy import save_qpy
from hqnn.interpreters.stages import own_stages
from hqnn.noise.deferral import deferred

OPTIMIZATION_LEVEL = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compiled:
    """One circuit on one backend.

    Attributes:
        circuit: native gates on the backend's qubits, inputs and weights still symbols, no measurement.
        program: the same, read back; its observables follow the final layout.
        expected_fidelity: see `expected_fidelity`.
    """

    circuit: QuantumCircuit
    program: Program
    expected_fidelity: float


def compile_program(program: Program, backend: BackendV2, *, seed: int, layouts: int) -> Compiled:
    """Transpile for a backend several times and keep the layout of the highest expected fidelity.

    Args:
        program: abstract.
        backend: its target says gates, couplings and errors.
        seed: of the first try; the others count up from it.
        layouts: how many tries.

    Raises:
        UserError: the backend has too few qubits, or every layout meets a dead one; or the circuit has a channel.
    """
    program = _for_machine(program, backend)
    if program.wires > backend.num_qubits:
        raise UserError(
            f"backend {backend.name} has {backend.num_qubits} qubits and the circuit {program.wires}; choose a larger "
            "backend or fewer qubits"
        )
    abstract = to_qiskit(program)
    tries = []
    for number in range(layouts):
        circuit = _transpiler(backend, seed + number).run(abstract)
        native = from_qiskit(
            circuit,
            observables=program.observables,
            inputs=program.inputs,
            weight_shape=program.weight_shape,
            functions=program.functions,
        )
        tries.append(Compiled(circuit, native, expected_fidelity(native, backend.target)))
    best = max(tries, key=lambda compiled: compiled.expected_fidelity)
    if best.expected_fidelity <= 0:
        raise UserError(
            f"backend {backend.name} has no {program.wires} connected qubits that are alive; choose another backend "
            "or fewer qubits"
        )
    return best


def _for_machine(program: Program, backend: BackendV2) -> Program:
    """The program itself where the machine has dynamic circuits, else with its measurements deferred.

    Raises:
        UserError: it has a channel, which no machine runs.
    """
    for gate in program.gates:
        if gate.name not in (MEASURE, RESET) and any(isinstance(factor, Channel) for factor in gate.factors):
            raise UserError(
                f"the circuit has the channel {gate.name} on wires {gate.wires}, which no machine runs; run it "
                "exactly, or take the channel out"
            )
    whole = deferred(program, unread=True)
    if whole is program or {"if_else", RESET} <= set(backend.target.operation_names):
        return program
    log.info("%s has no dynamic circuits, so measurements are deferred: %d qubits", backend.name, whole.wires)
    return whole


def expected_fidelity(native: Program, target: Target) -> float:
    """Product of ``1 - error`` over all gates and over the readout of the qubits that an observable meets.

    Args:
        native: a native program.
        target: with an error for each place; a place without one counts as perfect.
    """
    qubits = native.native_wires
    places = [(gate.name, tuple(qubits[w] for w in gate.wires)) for gate in native.gates]
    places += [("measure", (qubits[w],)) for w in sorted(native.wires_read)]
    known = [target[name].get(place) if name in target else None for name, place in places]
    return math.prod(1 - (properties.error or 0.0) for properties in known if properties)


def save_compiled(circuit: str | os.PathLike[str], program: str | os.PathLike[str], compiled: Compiled) -> None:
    """Write a compiled circuit in both forms.

    Args:
        circuit: of the QPY file, which goes to hardware.
        program: of the neutral form, which is trained and simulated.
        compiled: what to write.
    """
    save_qpy(circuit, compiled.circuit)
    write_program(program, compiled.program)


def _transpiler(backend: BackendV2, seed: int) -> PassManager:
    asks = any(hasattr(backend, f"get_{stage}_stage_plugin") for stage in ("translation", "scheduling"))
    with nullcontext() if asks else own_stages():
        return generate_preset_pass_manager(OPTIMIZATION_LEVEL, backend=backend, seed_transpiler=seed)
