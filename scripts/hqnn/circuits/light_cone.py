"""Which gates an expectation value can depend on."""

from __future__ import annotations

from collections.abc import Iterator

from hqnn.circuits.program import Gate, Program


def observed_gates(program: Program) -> Iterator[Gate]:
    """Gates that a path of gates, or of outcomes that gates depend on, joins with an observable, last first."""
    outcomes: set[int | None] = set()
    wires = set(program.wires_read)
    for gate in reversed(program.gates):
        if not wires.isdisjoint(gate.wires) or gate.outcome in outcomes:
            wires |= set(gate.wires)
            outcomes.update(gate.condition.outcomes if gate.condition else ())
            yield gate
