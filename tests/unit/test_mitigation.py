"""Mitigation undoes what it models, says what it costs in variance, and refuses what it cannot undo."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mthree import M3Mitigation
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.quantum_info import Operator

from hqnn.circuits.measurement import measurement_groups
from hqnn.circuits.program_file import read_program
from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.execution.exact import run_exact
from hqnn.execution.hardware import Hardware
from hqnn.execution.mitigated import Mitigated
from hqnn.execution.mitigation import FACTORS, ReadoutCalibration, extrapolated, folded, inverted
from hqnn.execution.observed import inverted_among_observed
from hqnn.models.architectures import load_classifier
from hqnn.noise.scales import Scales
from hqnn.noise.thermal import from_snapshot
from trained_models import compiled, save

OBSERVABLES = ["ZIII", "IZIZ", "ZZZZ", "PIQI", "0.5*ZIII-2.0*QQIZ+0.3*IIII"]
SHOTS = 4000


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_inverting_wire_by_wire_is_inverting_the_whole_confusion_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.random((3, 50, 4)) < rng.random((3, 1, 4))
    readout = ReadoutCalibration(rng.uniform(0, 0.3, 4), rng.uniform(0, 0.3, 4), 100)
    confusion = reduce(
        np.kron, [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(readout.p10, readout.p01, strict=True)]
    )
    (group,) = measurement_groups(OBSERVABLES)
    signs = group.values(np.array(list(product((0, 1), repeat=4)))).T
    shares = np.stack([np.bincount(row @ [8, 4, 2, 1], minlength=16) / 50 for row in bits])
    dense = np.stack([shares @ np.linalg.inv(confusion).T @ sign for sign in signs], axis=-1)
    np.testing.assert_allclose(inverted(bits, group.terms, readout).values, dense, atol=1e-12)


def test_among_the_strings_that_came_up_inversion_is_mthree_s_and_exact_where_all_did() -> None:
    rng = np.random.default_rng(5)
    readout = ReadoutCalibration(rng.uniform(0, 0.2, 5), rng.uniform(0, 0.2, 5), 100)
    (group,) = measurement_groups([f"{word}I" for word in OBSERVABLES[:4]])  # the fifth wire is not read
    many = rng.random((2, 4000, 5)) < rng.uniform(0.3, 0.7, (2, 1, 5))
    whole = inverted(many, group.terms, readout)
    for found, exact in zip(
        inverted_among_observed(many, group, readout), (whole.values, whole.variances), strict=True
    ):
        np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-6)
    few = many[:, :12]
    own = inverted_among_observed(few, group, readout)[0]
    assert np.abs(own - inverted(few, group.terms, readout).values).max() > 0.01
    mitigator = M3Mitigation(None)
    mitigator.cals_from_matrices(
        [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(readout.p10, readout.p01, strict=True)]
    )
    for row, values in zip(few, own, strict=True):
        words = Counter("".join("01"[bit] for bit in shot[3::-1]) for shot in row.astype(int))
        quasi = mitigator.apply_correction(dict(words), [0, 1, 2, 3], distance=4)
        bits = np.array([[*map(int, reversed(word)), 0] for word in quasi])
        np.testing.assert_allclose(values, np.array(list(quasi.values())) @ group.values(bits), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=3), st.sampled_from(["linear", "richardson"]))
def test_extrapolation_finds_a_polynomial_at_no_noise(polynomial: list[float], fit: Any) -> None:
    own = polynomial[: 2 if fit == "linear" else 3]
    values = np.polynomial.polynomial.polyval(np.array(FACTORS, dtype=float), own)[:, None]
    value, error = extrapolated(FACTORS, values, np.full((3, 1), 0.1), fit)
    np.testing.assert_allclose(value, own[0], atol=1e-10)
    np.testing.assert_allclose(error, 0.1 * {"linear": 1.2076, "richardson": 2.2844}[fit], rtol=1e-3)


def test_a_folded_circuit_does_the_same_with_its_pairs_repeated_and_its_symbols_kept() -> None:
    angle = Parameter("weights[0]")
    circuit = QuantumCircuit(3)
    circuit.rx(angle, 0)
    circuit.ecr(0, 1)
    circuit.rzz(2 * angle, 1, 2)
    circuit.sx(1)
    circuit.cz(2, 0)
    whole = folded(circuit, 5)
    assert {name: whole.count_ops()[name] for name in ("ecr", "rzz", "cz", "rx", "sx")} == {
        "ecr": 5,
        "rzz": 5,
        "cz": 5,
        "rx": 1,
        "sx": 1,
    }
    assert Operator(whole.assign_parameters([0.3])) == Operator(circuit.assign_parameters([0.3]))
    for first, second in zip(whole.data, whole.data[1:], strict=False):
        assert not (len(first.qubits) == len(second.qubits) == 2 and first.name == second.name != "barrier")
    foreign = QuantumCircuit(2)
    foreign.iswap(0, 1)
    with pytest.raises(UserError, match="iswap cannot be folded"):
        folded(foreign, 3)


def test_a_detector_that_reads_the_same_from_both_states_is_not_inverted() -> None:
    bits = np.random.default_rng(0).random((2, 200, 2)) < [0.02, 0.5]
    with pytest.raises(UserError, match="readout of wire 1 cannot be inverted"):
        ReadoutCalibration.counted(bits[0], bits[1] | [[True, False]])


def test_from_the_counts_of_one_task_bias_falls_and_standard_errors_are_what_values_scatter_by(tmp_path: Path) -> None:
    file = save(tmp_path / "model.safetensors", "pixel", (3,), 4)
    model, trained = load_classifier(file)
    program, circuit, machine = compiled(tmp_path, 3, model.program.observables)
    inputs, ids = np.random.default_rng(1).uniform(-1, 1, (12, 3)), np.arange(12)
    mitigation, counts = ("readout", "m3", "zne_linear", "zne_richardson"), tmp_path / "counts.h5"
    plain = Hardware(circuit, program, machine, SHOTS, 3, None, mitigation, counts, ids)(model, trained, inputs)
    alone = Hardware(circuit, program, machine, SHOTS, 3)(model, trained, inputs)
    np.testing.assert_array_equal(plain.values, alone.values)
    found = {name: Mitigated(program, counts, name, ids)(model, trained, inputs) for name in mitigation}
    exact = run_exact(model, trained, inputs).values
    rmse = {name: float(np.sqrt(np.mean((own.values - exact) ** 2))) for name, own in {"": plain, **found}.items()}
    assert rmse["zne_linear"] < rmse["readout"] < rmse[""]
    np.testing.assert_allclose(found["m3"].values, found["readout"].values, atol=1e-4)
    np.testing.assert_allclose(found["m3"].standard_errors, found["readout"].standard_errors, rtol=1e-2)
    assert rmse["zne_linear"] < 0.5 * rmse[""]
    spread = {name: float(own.standard_errors.mean()) for name, own in {"": plain, **found}.items()}
    assert spread[""] < spread["readout"] < spread["zne_linear"] < spread["zne_richardson"]
    noise = from_snapshot(snapshot(machine), scales=Scales(readout=0))
    model.run_as(read_program(program), noise)
    with torch.no_grad():
        unread = model.quantum(torch.from_numpy(inputs)).numpy()
    scores = (found["readout"].values - unread) / found["readout"].standard_errors
    assert np.abs(scores).max() < 5
    assert 0.6 < np.sqrt(np.mean(scores**2)) < 1.6
    assert found["readout"].backend == f"{machine}+readout"
    with pytest.raises(UserError, match="other samples or weights"):
        Mitigated(program, counts, "readout", ids[::-1])(model, trained, inputs)
    Hardware(circuit, program, machine, 10, 3, None, ("readout",), counts, ids)(model, trained, inputs)
    with pytest.raises(UserError, match="lacks circuits that zne_linear needs"):
        Mitigated(program, counts, "zne_linear", ids)(model, trained, inputs)
