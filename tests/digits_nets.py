"""Circuits and options of study C's nets, as the rules derive them from the settings."""

from __future__ import annotations

from typing import Any

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.settings.images.keys import Kernel, ParallelSizes, Quanv, kernel_circuit


def parallel_circuit(sizes: ParallelSizes) -> Program:
    """One of the circuits that stand side by side."""
    observables = [f"Y{wire}" for wire in range(sizes.qubits)]
    return build(sizes.circuit, sizes.qubits, observables)


def quanv_circuit(**kernel: str) -> Program:
    """A circuit as a kernel; options as in the settings."""
    return build(kernel_circuit(Kernel(**kernel).name), 4)


def quanv_options(kernels: int = 4) -> dict[str, Any]:
    """How a kernel, a circuit or so many ordinary ones, visits an image."""
    return Quanv().model_dump(include={"shrink", "kernel", "stride"}) | {"kernels": kernels}
