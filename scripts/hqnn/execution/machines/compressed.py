"""Noisy circuits made small before they are simulated: constant parts joined once, wires used again.

What no parameter enters becomes channels on one or two qubits, once and not for every row of parameters. A qubit that
nothing looks at any more leaves its wire to one that has not begun (qubit reuse, arXiv:2210.08039); a density matrix
of the wires that remain is often smaller by orders of magnitude, and the counts have the same distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qiskit.circuit import Gate, Instruction, QuantumCircuit
from qiskit.quantum_info import PTM, SuperOp

from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout, TransferMatrix


@dataclass(frozen=True, eq=False)
class _Step:
    """A gate with parameters, or a channel; it takes the qubits in this order."""

    qubits: tuple[int, ...]
    action: Instruction | TransferMatrix


def compressed(circuit: QuantumCircuit, noise: NoiseModel) -> QuantumCircuit | None:
    """A smaller circuit that is counted alike, with the noise of its gates and of the readout in it.

    Args:
        circuit: gates, Kraus channels, and measurements at the end, on the qubits that the noise model means.
        noise: after every gate, and of the readout.

    Returns:
        None where something is measured, reset or conditioned inside.
    """
    measured = {circuit.find_bit(step.qubits[0]).index: step for step in circuit.data if step.name == "measure"}
    steps = _steps(circuit, noise)
    if steps is None:
        return None
    ends = [_Step((q,), _read(noise.readout.get(q, Readout(0, 0)))) for q in measured]
    ends += [_Step((q,), channels.amplitude_damping(1)) for step in steps for q in step.qubits if q not in measured]
    ordered = _ordered(_joined([*steps, *{end.qubits: end for end in ends}.values()]), set(measured))
    wires, place = _wires(ordered, set(measured))
    small = QuantumCircuit(1 + max(place.values()), circuit.num_clbits)
    for step, places in zip(ordered, wires, strict=True):
        small.append(_instruction(step), places)
    for qubit, step in measured.items():
        small.measure(place[qubit], circuit.find_bit(step.clbits[0]).index)
    return small


def _read(readout: Readout) -> TransferMatrix:
    """An error of the readout as a channel on the populations."""
    matrix = np.diag([1, 0, 0, 1 - readout.p10 - readout.p01])
    matrix[3, 0] = readout.p01 - readout.p10
    return matrix


def _steps(circuit: QuantumCircuit, noise: NoiseModel) -> list[_Step] | None:
    """Everything before the measurements, each step's noise after it."""
    steps: list[_Step] = []
    ended: set[int] = set()
    for step in circuit.data:
        places = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
        if ended & set(places) or not (step.name in ("measure", "kraus") or isinstance(step.operation, Gate)):
            return None
        if step.name == "measure":
            ended |= set(places)
        elif step.name == "kraus":
            steps.append(_Step(places, channels.reverse_wires(channels.from_kraus(step.operation.params))))
        else:
            constant = not step.operation.is_parameterized()
            steps.append(_Step(places, _unitary(step.operation) if constant else step.operation))
            after = noise.after(step.name, places)
            steps += [] if after is None else [_Step(places, after)]
    return steps


def _unitary(gate: Gate) -> TransferMatrix:
    return channels.reverse_wires(channels.from_kraus([np.asarray(gate.to_matrix())]))


def _joined(steps: Sequence[_Step]) -> list[_Step]:
    """Channels that follow each other on the same one or two qubits as one."""
    found: list[_Step] = []
    open_on: dict[int, _Step] = {}

    def close(blocks: Sequence[_Step]) -> None:
        for block in blocks:
            found.append(block)
            for qubit in block.qubits:
                del open_on[qubit]

    for step in steps:
        if isinstance(step.action, Instruction):
            close(_blocks(open_on, step.qubits))
            found.append(step)
            continue
        close([block for block in _blocks(open_on, step.qubits) if len({*block.qubits, *step.qubits}) > 2])
        block = _one([*_blocks(open_on, step.qubits), step])
        open_on |= dict.fromkeys(block.qubits, block)
    close(_blocks(open_on, tuple(open_on)))
    return found


def _blocks(open_on: dict[int, _Step], qubits: Sequence[int]) -> list[_Step]:
    """The open blocks on some qubits, each once."""
    return list({id(block): block for q in qubits if (block := open_on.get(q))}.values())


def _one(blocks: Sequence[_Step]) -> _Step:
    """Channels, one after another, as a single one."""
    qubits = tuple(dict.fromkeys(qubit for block in blocks for qubit in block.qubits))
    parts = [
        channels.embed(block.action, [qubits.index(q) for q in block.qubits], len(qubits))
        for block in blocks
        if not isinstance(block.action, Instruction)
    ]
    return _Step(qubits, channels.compose(*parts))


def _ordered(steps: Sequence[_Step], kept: set[int]) -> list[_Step]:
    """The same circuit with qubits ended early: next comes what ends one with the fewest new ones, then steps."""
    before: list[set[int]] = []
    last: dict[int, int] = {}
    for k, step in enumerate(steps):
        causes = [last[qubit] for qubit in step.qubits if qubit in last]
        before.append({k}.union(*(before[cause] for cause in causes)))
        last |= dict.fromkeys(step.qubits, k)
    order: list[int] = []
    begun: set[int] = set()
    waiting = [qubit for qubit in last if qubit not in kept]
    while waiting:
        missing = {qubit: before[last[qubit]].difference(order) for qubit in waiting}
        new = {qubit: {q for k in missing[qubit] for q in steps[k].qubits} - begun for qubit in waiting}
        best = min(waiting, key=lambda qubit: (len(new[qubit]), len(missing[qubit])))
        order += sorted(missing[best])
        begun |= new[best]
        waiting.remove(best)
    return [steps[k] for k in (*order, *sorted(set(range(len(steps))).difference(order)))]


def _wires(steps: Sequence[_Step], kept: set[int]) -> tuple[list[list[int]], dict[int, int]]:
    """The wires of every step, and the wire of each qubit; one that has ended gives its wire away."""
    last = {qubit: k for k, step in enumerate(steps) for qubit in step.qubits}
    free: list[int] = []
    place: dict[int, int] = {}
    found = []
    for k, step in enumerate(steps):
        for qubit in step.qubits:
            if qubit not in place:
                place[qubit] = free.pop() if free else len(set(place.values()))
        found.append([place[qubit] for qubit in step.qubits])
        free += [place[qubit] for qubit in step.qubits if last[qubit] == k and qubit not in kept]
    return found, place


def _instruction(step: _Step) -> Instruction:
    """As Aer takes it; Qiskit's own of a channel would be Kraus operators, which Aer multiplies out for every row."""
    if isinstance(step.action, Instruction):
        return step.action
    matrix = SuperOp(PTM(channels.reverse_wires(step.action))).data
    return Instruction("superop", len(step.qubits), 0, [matrix])
