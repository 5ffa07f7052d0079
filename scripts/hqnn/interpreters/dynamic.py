"""Qiskit's dynamic circuits as steps: measurements numbered, tests of bits as conditions of what stands under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qiskit.circuit import Barrier, ClassicalRegister, Clbit, IfElseOp, Measure, QuantumCircuit, Qubit, Reset

from hqnn.circuits.program import Condition
from hqnn.errors import UserError


@dataclass(frozen=True)
class Step:
    """One instruction that is no test.

    Attributes:
        operation: Qiskit's.
        qubits: of the whole circuit.
        outcome: the number of a measurement's bit.
        condition: under which it is done, or None.
    """

    operation: Any
    qubits: tuple[int, ...]
    outcome: int | None = None
    condition: Condition | None = None


def steps_of(circuit: QuantumCircuit) -> list[Step]:
    """Instructions first to last, without barriers and without measurements that nothing follows or depends on.

    Args:
        circuit: whose only control flow are tests of bits.

    Raises:
        UserError: there is other control flow, or a bit is tested that was not measured.
    """
    reading = _Reading({qubit: index for index, qubit in enumerate(circuit.qubits)})
    steps = list(reading.steps(circuit, {q: q for q in circuit.qubits}, {c: c for c in circuit.clbits}, {}))
    kept: list[Step] = []
    busy: set[int] = set()
    tested: set[int] = set()
    for step in reversed(steps):
        if isinstance(step.operation, Measure) and step.outcome not in tested and step.qubits[0] not in busy:
            continue
        busy.update(step.qubits)
        tested.update(step.condition.outcomes if step.condition else ())
        kept.append(step)
    return _renumbered(kept[::-1])


def _renumbered(steps: list[Step]) -> list[Step]:
    """Outcomes counted from 0 without gaps."""
    numbers = {step.outcome: n for n, step in enumerate(step for step in steps if step.outcome is not None)}
    return [
        Step(
            step.operation,
            step.qubits,
            None if step.outcome is None else numbers[step.outcome],
            step.condition and Condition(tuple(numbers[n] for n in step.condition.outcomes), step.condition.values),
        )
        for step in steps
    ]


@dataclass
class _Reading:
    """What is known while a circuit is read.

    Attributes:
        index: of the circuit's qubits.
        latest: number of the last measurement into each bit.
        count: of measurements.
    """

    index: Mapping[Qubit, int]
    latest: dict[Clbit, int] = field(default_factory=dict)
    count: int = 0

    def steps(
        self, block: QuantumCircuit, qubits: Mapping[Qubit, Qubit], bits: Mapping[Clbit, Clbit], known: dict[int, int]
    ) -> Iterator[Step]:
        """Steps of a block.

        Args:
            block: of the circuit.
            qubits: of the block to the circuit's.
            bits: likewise.
            known: the outcomes under which the block runs.
        """
        for instruction in block.data:
            operation, places = instruction.operation, tuple(self.index[qubits[q]] for q in instruction.qubits)
            if isinstance(operation, Barrier):
                continue
            if isinstance(operation, IfElseOp):
                inner = {c: bits[o] for c, o in zip(operation.blocks[0].clbits, instruction.clbits, strict=True)}
                for part, outcomes in self._branches(operation, bits, known):
                    own = dict(zip(part.qubits, (qubits[q] for q in instruction.qubits), strict=True))
                    own_bits = dict(zip(part.clbits, inner.values(), strict=True))
                    yield from self.steps(part, own, own_bits, outcomes)
            elif isinstance(operation, Measure | Reset) and known:
                raise UserError(
                    f"{operation.name} of qubit {places[0]} depends on a measurement; let only gates depend on outcomes"
                )
            elif isinstance(operation, Measure):
                self.latest[bits[instruction.clbits[0]]] = self.count
                self.count += 1
                yield Step(operation, places, self.count - 1)
            else:
                condition = Condition(tuple(known), (tuple(known.values()),)) if known else None
                yield Step(operation, places, None, condition)

    def _branches(
        self, operation: IfElseOp, bits: Mapping[Clbit, Clbit], known: dict[int, int]
    ) -> Iterator[tuple[QuantumCircuit, dict[int, int]]]:
        """Blocks of a test, each with all outcomes under which it runs; those that never run are left out."""
        wanted = self._wanted(operation.condition, bits)
        yields = [(operation.blocks[0], wanted)]
        if len(operation.blocks) > 1:
            yields += [(operation.blocks[1], other) for other in _otherwise(wanted)]
        for block, outcomes in yields:
            if all(known.get(number, value) == value for number, value in outcomes.items()):
                yield block, {**known, **outcomes}

    def _wanted(self, condition: Any, bits: Mapping[Clbit, Clbit]) -> dict[int, int]:
        if not isinstance(condition, tuple):
            raise UserError(f"the test {condition} is an expression; test a bit or a register for a number")
        left, value = condition
        tested = [left] if isinstance(left, Clbit) else list(left) if isinstance(left, ClassicalRegister) else []
        outer = [bits.get(bit, bit) for bit in tested]
        if not tested or any(bit not in self.latest for bit in outer):
            raise UserError("a bit is tested before anything is measured into it; measure first")
        return {self.latest[bit]: int(value) >> place & 1 for place, bit in enumerate(outer)}


def _otherwise(wanted: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """All ways in which outcomes differ from those wanted, each once: by the first that differs."""
    before: dict[int, int] = {}
    for number, value in wanted.items():
        yield {**before, number: 1 - value}
        before[number] = value
