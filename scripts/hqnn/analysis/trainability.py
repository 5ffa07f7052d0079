"""Barren plateaus: how the variance of the gradient shrinks with qubits, depth, globality and noise."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import pi
from statistics import median

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.noise.channels import depolarizing
from hqnn.noise.model import NoiseModel, Place, TransferMatrix
from hqnn.noise.snapshot import Snapshot

LOCALITIES = ("local", "global")
NOISES = ("ideal", "noisy")
SIZES = range(2, 9)  # numbers of qubits that a config can ask for
COLUMNS = ("observable", "noise", "qubits", "depth", "weights", "draws", "variance", "largest")


@dataclass(frozen=True)
class GateErrors:
    """Average gate infidelities.

    Attributes:
        one: of a gate on one qubit.
        two: of a gate on two qubits.
        source: whose they are.
    """

    one: float
    two: float
    source: str = "made up"


def gradients(
    program: Program,
    draws: int,
    seed: int,
    noise: NoiseModel | None = None,
    dtype: torch.dtype = torch.float64,
) -> NDArray[np.float64]:
    """Gradients of a program's first observable by its weights, at random weights and inputs.

    Weights and angles of inputs are drawn uniformly from [0, 2 pi); embedded amplitudes are random reals.

    Args:
        program: any that the engine runs.
        draws: at least 2; all run at once.
        seed: of weights and inputs.
        noise: after the program's gates.
        dtype: of all arithmetic.

    Returns:
        Shape (draws, weights).
    """
    generator = torch.Generator().manual_seed(seed)
    first = replace(program, observables=program.observables[:1])
    layer = QuantumLayer(first, noise, copies=draws, generator=generator, dtype=dtype)
    shape = (draws * program.inputs,)
    if program.initial_state == "amplitudes":
        inputs = torch.randn(shape, generator=generator, dtype=dtype)
    else:
        inputs = torch.rand(shape, generator=generator, dtype=dtype) * (2 * pi)
    (gradient,) = torch.autograd.grad(layer(inputs).sum(), layer.weights)
    found: NDArray[np.float64] = gradient.reshape(draws, -1).double().numpy()
    return found


def sweep(
    name: str, qubits: Iterable[int], depths: Iterable[int], draws: int, seed: int, errors: GateErrors, letter: str
) -> pd.DataFrame:
    """Variance of the gradient over random weights, for a family of circuits.

    The local observable is the letter on wire 0, the global one the letter on every wire (Cerezo et al., Nat. Commun.
    12, 1791 (2021)). Noise is a depolarizing channel after every gate of the circuit as it is written: neither routing
    nor readout is part of it.

    Args:
        name: of one circuit of the family, see `hqnn.circuits.names`; its number of layers is replaced.
        qubits: how many; those that the ansatz does not fit are left out.
        depths: numbers of layers.
        draws: of weights and inputs.
        seed: of the draws.
        errors: of the gates.
        letter: X, Y or Z.

    Returns:
        One row an observable, noise, number of qubits and depth, with `COLUMNS`: ``variance`` is the mean over all
        weights, ``largest`` that of the weight with the largest.

    Raises:
        UserError: the ansatz fits none of the numbers of qubits; the message names those of `SIZES` that it fits.
    """
    qubits, depths = list(qubits), list(depths)
    rows = []
    for wires in qubits:
        for depth in depths:
            for kind, program in _programs(name, wires, depth, letter).items():
                for noisy in NOISES:
                    model = depolarizing_noise(program, errors) if noisy == "noisy" else None
                    variances = gradients(program, draws, seed, model, torch.float32).var(axis=0, ddof=1)
                    own = (kind, noisy, wires, depth, program.weights, draws, variances.mean(), variances.max())
                    rows.append(own)
    if not rows:
        raise UserError(_no_size_fits(name, qubits, letter))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def depolarizing_noise(program: Program, errors: GateErrors) -> NoiseModel:
    """A depolarizing channel of given average infidelity after every gate of a program on one or two wires."""
    channels: dict[Place, TransferMatrix] = {}
    for gate in program.gates:
        size = 2 ** len(gate.wires)
        infidelity = errors.one if len(gate.wires) == 1 else errors.two
        channels[gate.name, ()] = depolarizing(infidelity * size / (size - 1), len(gate.wires))
    return NoiseModel("depolarizing", channels, {})


def typical_errors(snapshot: Snapshot) -> GateErrors:
    """Medians over a backend's calibrated gates that take time; virtual gates and uncalibrated ones do not count."""
    played = [gate for gate in snapshot.gates if gate.duration_ns > 0 and gate.error < 1]
    by_size = [[gate.error for gate in played if len(gate.qubits) == size] for size in (1, 2)]
    if not all(by_size):
        raise UserError(f"{snapshot.name} calibrates no gates on one or on two qubits; choose another calibration")
    return GateErrors(median(by_size[0]), median(by_size[1]), snapshot.name)


def unitary_design_variance(qubits: int) -> float:
    """Variance of the gradient by one angle where the circuit before and the one after it are unitary 2-designs.

    ``d^2 / (2 (d + 1) (d^2 - 1))`` with d = 2^n, for a Pauli word as observable and as generator; the exact form of
    McClean et al., Nat. Commun. 9, 4812 (2018), equation 6.
    """
    size = 2.0**qubits
    return size**2 / (2 * (size + 1) * (size**2 - 1))


def _no_size_fits(name: str, qubits: list[int], letter: str) -> str:
    fitting = [str(wires) for wires in SIZES if _programs(name, wires, 1, letter)]
    return (
        f"analysis.qubits is {qubits}, and circuit {name!r} has none of these sizes; add one that it has: "
        f"{', '.join(fitting)}"
    )


def _programs(name: str, wires: int, depth: int, letter: str) -> dict[str, Program]:
    embedding, ansatz, _, *options = name.split("-")
    longer = "-".join([embedding, ansatz, str(depth), *options])
    words = (letter + "I" * (wires - 1), letter * wires)
    with suppress(UserError):  # an ansatz may have been made for one number of wires
        both = build(longer, wires, words)
        return {kind: replace(both, observables=(word,)) for kind, word in zip(LOCALITIES, words, strict=True)}
    return {}
