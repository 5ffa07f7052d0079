"""Hybrid quantum-classical image models: circuits, noise, training, execution and honest reports.

What other code imports from here stands, with examples, in `hqnn.public`, and is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hqnn.public import (
        NoiseModel,
        Program,
        QuantumLayer,
        UserError,
        backend,
        build,
        compile_program,
        fidelity_kernel,
        from_qiskit,
        projected_kernel,
        to_qiskit,
        to_qnode,
        trace,
    )

__all__ = [
    "NoiseModel",
    "Program",
    "QuantumLayer",
    "UserError",
    "backend",
    "build",
    "compile_program",
    "fidelity_kernel",
    "from_qiskit",
    "projected_kernel",
    "to_qiskit",
    "to_qnode",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hqnn import public

    return getattr(public, name)
