"""Qiskit Aer as PennyLane's device ``qiskit.aer`` trains on it: exact, and its list of gates made once."""

from __future__ import annotations

from functools import cached_property

from qiskit.transpiler import Target
from qiskit_aer import AerSimulator


class ExactAer(AerSimulator):  # type: ignore[misc]
    """Aer's state vector.

    The device's own choice would estimate expectation values from 1,024 shots without a seed. And Aer makes its target
    anew whenever it is looked at, which is 150 times for each circuit that is transpiled and nearly all the time.
    """

    def __init__(self) -> None:
        super().__init__(method="statevector")

    @cached_property
    def target(self) -> Target:
        """Gates that it knows."""
        return super().target
