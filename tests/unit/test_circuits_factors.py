"""Any gate of PennyLane and Qiskit is its factors, and angles stay affine."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions import bind_new_parameters
from qiskit.circuit import Gate
from qiskit.circuit.library import RGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from hqnn.circuits.expansion import PennyLaneGate
from hqnn.circuits.factors import Memo, factors_of, unitary
from hqnn.circuits.program import Angle, Constant, Rotation
from hqnn.errors import UserError
from hqnn.interpreters.native import NativeGate

RNG = np.random.default_rng(11)
PENNYLANE = [
    *(getattr(qml, name)(wires=0) for name in ("Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX", "Identity")),
    *(getattr(qml, name)(wires=[0, 1]) for name in ("CNOT", "CY", "CZ", "CH", "SWAP", "ISWAP", "SISWAP", "ECR")),
    *(getattr(qml, name)(0.1, wires=0) for name in ("RX", "RY", "RZ", "PhaseShift", "U1")),
    *(
        getattr(qml, name)(0.1, wires=[0, 1])
        for name in (
            *("CRX", "CRY", "CRZ", "ControlledPhaseShift", "CPhaseShift00", "CPhaseShift01", "CPhaseShift10"),
            *("IsingXX", "IsingXY", "IsingYY", "IsingZZ", "PSWAP", "MultiRZ", "FermionicSWAP"),
            *("SingleExcitation", "SingleExcitationMinus", "SingleExcitationPlus"),
        )
    ),
    qml.PauliRot(0.1, "YZ", [0, 1]),
    qml.Rot(0.1, 0.2, 0.3, 0),
    qml.U2(0.1, 0.2, 0),
    qml.U3(0.1, 0.2, 0.3, 0),
    qml.CRot(0.1, 0.2, 0.3, [0, 1]),
    qml.adjoint(qml.CRY(0.1, [0, 1])),
    qml.ctrl(qml.RX(0.1, 1), 0, control_values=[0]),
    qml.pow(qml.IsingXX(0.1, [0, 1]), 2),
    qml.exp(qml.X(0) @ qml.Z(1), -0.3j),
]
QISKIT = [g for g in get_standard_gate_name_mapping().values() if isinstance(g, Gate) and g.num_qubits in (1, 2)]


@pytest.mark.parametrize("operation", PENNYLANE, ids=lambda op: op.name)
def test_factors_are_the_gate_of_pennylane(operation: qml.operation.Operator) -> None:
    source = PennyLaneGate(operation)
    values = RNG.uniform(-6, 6, len(source.parameters))
    operation = bind_new_parameters(operation, values) if len(values) else operation
    check(source, values, qml.matrix(operation, wire_order=operation.wires))


@pytest.mark.parametrize("gate", QISKIT, ids=lambda g: g.name)
def test_factors_are_the_gate_of_qiskit_with_its_first_qubit_most_significant(gate: Gate) -> None:
    values = RNG.uniform(-6, 6, len(gate.params))
    theirs = Operator(gate.base_class(*values)).reverse_qargs().data
    check(NativeGate(gate, tuple(range(gate.num_qubits))), values, theirs)


def test_a_controlled_rotation_is_two_commuting_rotations() -> None:
    angle = Angle(weights=((3, 2.0),))
    factors = factors_of(PennyLaneGate(qml.CRX(0.1, [4, 2])), [angle], {})
    assert set(factors) == {Rotation("IX", angle * 0.5), Rotation("ZX", angle * -0.5)}


def test_a_gate_whose_parameter_enters_twice_is_read_through_its_definition() -> None:
    theta, phi = Angle(inputs=((0, 1.0),)), Angle(weights=((0, 1.0),))
    factors = factors_of(NativeGate(RGate(0.1, 0.2), (0,)), [theta, phi], {})
    assert sum(isinstance(f, Rotation) and bool(f.angle.weights) for f in factors) == 2


def test_a_gate_without_a_form_is_refused_by_name() -> None:
    class Warped(qml.operation.Operation):
        num_params, num_wires = 1, 1

        @staticmethod
        def compute_matrix(angle: float) -> np.ndarray:
            return qml.RX.compute_matrix(angle**2)

    with pytest.raises(UserError, match="Warped on wire 0 cannot be written"):
        factors_of(PennyLaneGate(Warped(0.3, wires=0)), [Angle()], {})


def check(source: PennyLaneGate | NativeGate, values: np.ndarray, expected: np.ndarray) -> None:
    memo: Memo = {}
    own = [Angle(inputs=((k, 1.0),)) for k in range(len(values))]
    factors = factors_of(source, own, memo)
    assert not values.size or any(isinstance(f, Rotation) for f in factors)
    assert all(f.matrix.shape == expected.shape for f in factors if isinstance(f, Constant))
    found = unitary(factors, len(source.wires), values, np.empty(0))
    phase = np.vdot(found, expected)
    np.testing.assert_allclose(found * phase / abs(phase), expected, atol=1e-10)


@pytest.mark.parametrize("operation", [qml.sum(qml.X(0), qml.Z(0)), qml.Projector([1], 0), qml.s_prod(0.5, qml.X(0))])
def test_what_is_not_unitary_has_no_factors(operation: qml.operation.Operator) -> None:
    with pytest.raises(UserError, match=r"on wire 0 cannot be written .*it is not unitary"):
        factors_of(PennyLaneGate(operation), [Angle() for _ in PennyLaneGate(operation).parameters], {})
