"""Time quantum kernels beside other people's, in one run; write results/benchmarks/kernels.json.

The matrix of one set of samples, ideal, on eight qubits, inputs uploaded before each of three layers. Peers
work pair by pair, so they get fewer samples; their time for all of them is that time by the number of pairs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hqnn.circuits.library import build
from hqnn.interpreters.pennylane import to_qfunc
from hqnn.models.kernels import fidelity_kernel, projected_kernel

RESULT = Path(__file__).parents[2] / "results" / "benchmarks" / "kernels.json"
QUBITS, SAMPLES = 8, 2000
PEERS_SAMPLES = {"qiskit_machine_learning": 200, "pennylane": 30}


def timed(function: Callable[[], Any]) -> tuple[float, np.ndarray]:
    """Seconds and result of a second call."""
    function()
    begun = time.perf_counter()
    found = np.asarray(function())
    return time.perf_counter() - begun, found


def by_pennylane(program: Any, weights: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Its own routine, the circuit and its adjoint for every pair, on lightning.qubit."""
    import pennylane as qml

    prepare = to_qfunc(program)

    @qml.qnode(qml.device("lightning.qubit", wires=QUBITS), diff_method=None)
    def overlap(left: np.ndarray, right: np.ndarray) -> Any:
        prepare(left, weights)
        qml.adjoint(prepare)(right, weights)
        return qml.probs(wires=range(QUBITS))

    matrix: np.ndarray = qml.kernels.square_kernel_matrix(samples, lambda a, b: overlap(a, b)[0])
    return matrix


def by_qiskit(program: Any, weights: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Qiskit Machine Learning's kernel of state vectors."""
    from qiskit_machine_learning.kernels import FidelityStatevectorKernel

    from hqnn.interpreters.binding import parameter_values
    from hqnn.interpreters.qiskit import to_qiskit

    circuit = to_qiskit(program)
    fixed = parameter_values(circuit, samples[:1], weights.ravel())[0]
    own = {p: value for p, value in zip(circuit.parameters, fixed, strict=True) if not p.name.startswith("inputs")}
    kernel = FidelityStatevectorKernel(feature_map=circuit.assign_parameters(own))
    matrix: np.ndarray = kernel.evaluate(samples)
    return matrix


def main() -> None:
    """Measure, print, write."""
    rng = np.random.default_rng(0)
    program = build("angle_y-simplified_two_design-3-reupload", QUBITS)
    samples, weights = rng.uniform(-1, 1, (SAMPLES, QUBITS)), rng.uniform(0, 6, program.weight_shape)
    entry: dict[str, float] = {}
    entry["fidelity_s"], fidelity = timed(lambda: fidelity_kernel(program, weights, samples))
    entry["projected_s"], _ = timed(lambda: projected_kernel(program, weights, samples))
    for name, peer in (("qiskit_machine_learning", by_qiskit), ("pennylane", by_pennylane)):
        few = samples[: PEERS_SAMPLES[name]]
        seconds, theirs = timed(lambda peer=peer, few=few: peer(program, weights, few))
        entry[f"{name}_s"] = seconds * (SAMPLES / len(few)) ** 2
        entry[f"{name}_difference"] = float(np.abs(fidelity[: len(few), : len(few)] - theirs).max())
    for name, value in entry.items():
        print(f"{name:36s}{value:12.3g}")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(entry, indent=1) + "\n")


if __name__ == "__main__":
    main()
