"""What a trained circuit's wires read, shot by shot, on several simulators."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pennylane as qml
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.data.samples import read_samples
from hqnn.errors import UserError
from hqnn.interpreters.pennylane import to_qfunc
from hqnn.interpreters.stages import own_stages
from hqnn.models.architectures import load_classifier
from hqnn.store import write_text

COLUMNS = ("device", "bitstring", "count", "probability")
EXACT = "default.qubit"


def write_bitstrings(
    output: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str],
    samples: Sequence[str | os.PathLike[str]],
    devices: Sequence[str],
    shots: int,
    seed: int,
) -> None:
    """Sample the circuit of a trained model for its first test sample on every device.

    Args:
        output: CSV with the columns `COLUMNS`; wire 0 is the leftmost bit, probability is exact.
        model: file of a hybrid classifier.
        samples: the tables it is tested on.
        devices: PennyLane's names.
        shots: on each device.
        seed: of the sampling.
    """
    classifier, _ = load_classifier(model)
    inputs = classifier.circuit_inputs(read_samples(list(samples)).features[:1]).ravel()
    weights, program = classifier.quantum_weights(), classifier.program
    exact = bitstring_probabilities(program, inputs, weights)
    names = ["".join(bits) for bits in product("01", repeat=program.wires)]
    tables = [
        pd.DataFrame(
            {
                "device": device,
                "bitstring": names,
                "count": bitstring_counts(program, inputs, weights, device=device, shots=shots, seed=seed),
                "probability": exact,
            }
        )
        for device in devices
    ]
    write_text(output, pd.concat(tables).to_csv(index=False, float_format="%.9g", lineterminator="\n"))


def bitstring_probabilities(
    program: Program, inputs: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact probabilities of all bitstrings, wire 0 leftmost; shape (2**wires,)."""
    run = qml.QNode(_read(program, qml.probs), qml.device(EXACT, wires=program.wires))
    values: NDArray[np.float64] = np.asarray(run(inputs, weights), dtype=np.float64)
    return values


def bitstring_counts(
    program: Program,
    inputs: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    device: str,
    shots: int,
    seed: int,
) -> NDArray[np.int64]:
    """How often each bitstring came, wire 0 leftmost.

    Args:
        program: abstract.
        inputs: of one sample, shape (inputs,).
        weights: flat.
        device: PennyLane's name.
        shots: how many.
        seed: of the sampling.

    Returns:
        Shape (2**wires,).

    Raises:
        UserError: the device is unknown here.
    """
    run = qml.set_shots(qml.QNode(_read(program, qml.sample), seeded_device(device, program.wires, seed)), shots)
    with own_stages():
        bits = np.asarray(run(inputs, weights), dtype=np.int64).reshape(shots, program.wires)
    places = bits @ (1 << np.arange(program.wires)[::-1])
    return np.bincount(places, minlength=2**program.wires)


def seeded_device(name: str, wires: int, seed: int) -> Any:
    """A PennyLane device whose samples come from a seed.

    Raises:
        UserError: it is not known how to seed it.
    """
    if name.startswith(("default.", "lightning.")):
        return qml.device(name, wires=wires, seed=seed)
    if name == "qiskit.aer":
        return qml.device(name, wires=wires, seed_simulator=seed)
    if name == "cirq.simulator":
        import cirq

        return qml.device(name, wires=wires, simulator=cirq.Simulator(seed=seed))
    raise UserError(
        f"device {name!r} cannot be sampled from a seed here; name default.qubit, cirq.simulator or qiskit.aer"
    )


def _read(program: Program, measurement: Any) -> Any:
    gates = to_qfunc(program)

    def circuit(inputs: Any, weights: Any) -> Any:
        gates(inputs, weights)
        return measurement(wires=range(program.wires))

    return circuit
