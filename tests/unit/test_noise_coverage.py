"""A noisy run in which nothing is noisy is refused."""

import numpy as np
import pytest

from hqnn.circuits.program import Gate, Program
from hqnn.errors import UserError
from hqnn.noise.coverage import noisy_gates, require_noise
from hqnn.noise.model import NoiseModel, Readout

NATIVE = Program(
    wires=2,
    inputs=0,
    weight_shape=(),
    gates=(Gate("sx", (0,)), Gate("sx", (1,)), Gate("cx", (1, 0)), Gate("rz", (0,))),
    observables=("ZI",),
    native_wires=(7, 4),
)
HALF = np.diag([1, 0.5, 0.5, 0.5])


def test_gates_are_looked_up_under_the_backends_qubits() -> None:
    noise = NoiseModel("chip", {("sx", (7,)): HALF, ("sx", (1,)): HALF, ("cx", (4, 7)): np.eye(16)}, {})
    assert noisy_gates(NATIVE, noise) == 2
    assert noisy_gates(NATIVE, NoiseModel("chip", {("sx", ()): HALF}, {})) == 2
    require_noise(NATIVE, noise)


@pytest.mark.parametrize(
    "noise", [NoiseModel("iqm", {("r", (7,)): HALF}, {7: Readout(0.1, 0.1)}), NoiseModel("x", {}, {})]
)
def test_noise_that_reaches_no_gate_is_an_error_naming_both_sides(noise: NoiseModel) -> None:
    with pytest.raises(
        UserError, match=r"no gate .* sx, cx, rz on qubits 4, 7, the noise model knows (r|none); compile"
    ):
        require_noise(NATIVE, noise)


def test_readout_alone_is_noise_if_it_reads_a_qubit_of_the_program() -> None:
    require_noise(NATIVE, NoiseModel("readout", {}, {4: Readout(0.1, 0.2)}))
    with pytest.raises(UserError, match="no gate"):
        require_noise(NATIVE, NoiseModel("readout", {}, {0: Readout(0.1, 0.2)}))
