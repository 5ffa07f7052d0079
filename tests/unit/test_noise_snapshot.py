"""Snapshots: what is read is what was written, and what is impossible is refused."""

import dataclasses
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.errors import UserError
from hqnn.execution.backends import backend, calibration_file, calibration_files, known_backends, snapshot
from hqnn.noise import channels
from hqnn.noise.scales import PARTS, Scales
from hqnn.noise.schedule import scheduled
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, read_snapshot
from hqnn.noise.target import to_target
from hqnn.noise.thermal import depolarizing_rest, from_snapshot, relaxation_of, total_error

TWO = Snapshot(
    name="two",
    date="2024-01-01",
    source="a test",
    qubits=(Qubit(100.0, 80.0, 0.01, 0.04), Qubit(20.0, 30.0, 0.0, 0.0)),
    gates=(
        GateCalibration("sx", (0,), 35.0, 0.0003),
        GateCalibration("sx", (1,), 35.0, 0.002),
        GateCalibration("rz", (0,), 0.0, 0.0),
        GateCalibration("rz", (1,), 0.0, 0.0),
        GateCalibration("cx", (1, 0), 300.0, 0.02),
    ),
    readout_ns=700.0,
    dt_ns=0.5,
)


def written(folder: Path, *keys: str | int, value: object) -> Path:
    """The snapshot above as a file, with one entry changed."""
    plain = json.loads(TWO.to_json())
    place = plain
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path = folder / "two.json"
    path.write_text(json.dumps(plain))
    return path


def test_a_snapshot_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    path.write_text(TWO.to_json())
    again = read_snapshot(path)
    assert again == TWO
    assert again.digest == TWO.digest
    assert again.coupling == ((1, 0),)
    assert again.basis_gates == ("sx", "rz", "cx")
    assert dataclasses.replace(TWO, dt_ns=0.25).digest != TWO.digest


def test_t2_above_twice_t1_is_cut_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "qubits", "t2_us", 1, value=45.0)
    with caplog.at_level(logging.INFO):
        long = read_snapshot(path)
        backend(str(path))
    assert "T2 exceeds 2 T1 on 1 of 2 qubits (1)" in caplog.text
    assert long.remarks
    assert not TWO.remarks
    cut = dataclasses.replace(TWO, qubits=(TWO.qubits[0], Qubit(20.0, 40.0, 0.0, 0.0)))
    assert from_snapshot(long).digest == from_snapshot(cut).digest


def test_the_parts_of_the_noise_make_the_whole() -> None:
    whole = from_snapshot(TWO)
    relaxation, dephasing, rest, readout, idling = (from_snapshot(TWO, scales=Scales.alone(part)) for part in PARTS)
    assert ("rz", (0,)) not in whole.channels
    assert not (relaxation.readout or dephasing.readout or rest.readout or idling.readout)
    assert not (relaxation.waiting or dephasing.waiting or rest.waiting or readout.waiting)
    assert idling.waiting == whole.waiting
    assert not readout.channels
    assert readout.readout == whole.readout
    assert set(whole.readout) == {0}
    for place, matrix in whole.channels.items():
        parts = [own.channels[place] for own in (rest, relaxation, dephasing)]
        np.testing.assert_allclose(channels.compose(*parts), matrix)


@settings(max_examples=30, deadline=None)
@given(factor=st.floats(0.01, 50), turned=st.sampled_from([0.0, 0.02]))
def test_a_scaled_calibration_is_one_of_slower_gates_and_of_errors_times_as_large(factor: float, turned: float) -> None:
    slower = dataclasses.replace(TWO, gates=tuple(replace_duration(gate, factor) for gate in TWO.gates))
    times = from_snapshot(TWO, scales=Scales(factor, factor, 0, 0, factor))
    longer = from_snapshot(slower, scales=Scales(1, 1, 0, 0, 1))
    for place, matrix in times.channels.items():
        np.testing.assert_allclose(matrix, longer.channels[place], atol=1e-12)
    waits = [scheduled([("sx", (0,)), ("cx", (0, 1)), ("sx", (0,))], one.waiting) for one in (times, longer)]
    for one, other in zip(*waits, strict=True):
        assert one == other if isinstance(one, int) else np.allclose(one.matrix, other.matrix, atol=1e-12)
    rest = [from_snapshot(TWO, scales=Scales.alone("gates", f), over_rotation=turned) for f in (factor, 1.0)]
    for place, matrix in rest[1].channels.items():
        lost, much = channels.average_infidelity(matrix), channels.average_infidelity(rest[0].channels[place])
        assert much == pytest.approx(factor * lost, rel=0.1) or factor * lost > 0.1
        channels.check_channel(rest[0].channels[place], str(place))
    p10 = from_snapshot(TWO, scales=Scales.alone("readout", factor)).readout[0].p10
    assert p10 == pytest.approx(min(0.5, factor * TWO.qubits[0].p10))
    assert from_snapshot(TWO, scales=Scales.whole(1.0)).digest == from_snapshot(TWO).digest


def replace_duration(gate: GateCalibration, factor: float) -> GateCalibration:
    return dataclasses.replace(gate, duration_ns=factor * gate.duration_ns)


@pytest.mark.parametrize("factor", [-0.5, float("nan"), float("inf")])
def test_noise_is_not_scaled_by_what_is_no_factor(factor: float) -> None:
    with pytest.raises(UserError, match="part gates; give a number from 0"):
        Scales.alone("gates", factor)


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 500), st.floats(0.1, 2), st.floats(0, 2000), st.floats(0, 0.5), st.integers(1, 2))
def test_relaxation_and_depolarizing_together_make_the_reported_error(
    t1: float, ratio: float, duration: float, error: float, wires: int
) -> None:
    relaxation = relaxation_of([Qubit(t1, ratio * t1, 0, 0)] * wires, duration)
    lost = channels.average_infidelity(relaxation)
    fraction = depolarizing_rest(error, relaxation)
    assert total_error(fraction, relaxation) == pytest.approx(max(lost, error), abs=1e-12)


def test_each_qubit_of_a_directed_gate_relaxes_by_its_own_times() -> None:
    # both qubits excited, infinite waiting on the second qubit of the gate only
    far = Snapshot(
        "far", "", "", (Qubit(1e9, 1e9, 0, 0), Qubit(1e-6, 1e-6, 0, 0)), (GateCalibration("cx", (0, 1), 10, 0),), 0
    )
    excited = np.kron([1, 0, 0, -1], [1, 0, 0, -1])
    after = from_snapshot(far).channels["cx", (0, 1)] @ excited
    np.testing.assert_allclose(after, np.kron([1, 0, 0, -1], [1, 0, 0, 1]), atol=1e-9)


def test_a_gate_that_qiskit_does_not_know_is_refused_by_name() -> None:
    odd = dataclasses.replace(TWO, gates=(GateCalibration("eccr", (0, 1), 10, 0.1),))
    with pytest.raises(UserError, match="gate 'eccr' of two is not one of Qiskit's; did you mean 'ecr'"):
        to_target(odd)


def test_an_unknown_backend_gets_the_nearest_name_and_the_list() -> None:
    with pytest.raises(UserError, match=r"'ibm_brisban'.*did you mean 'ibm_brisbane'.*published_lima"):
        backend("ibm_brisban")
    with pytest.raises(UserError, match=r"mine\.json does not exist"):
        snapshot("mine.json")


def test_a_backend_is_called_as_its_file(tmp_path: Path) -> None:
    mine = Path(shutil.copy(calibration_file("ibmq_lima"), tmp_path / "mine.json"))
    assert calibration_files(["ibmq_lima", str(mine)]) == {"ibmq_lima": calibration_file("ibmq_lima"), "mine": mine}
    assert (snapshot(str(mine)).name, backend(str(mine)).name) == ("mine", "mine")
    for name, said in (("ibmq_lima", "two backends are called 'ibmq_lima'"), ("my-own", "rename its file")):
        other = Path(shutil.copy(mine, tmp_path / f"{name}.json"))
        with pytest.raises(UserError, match=said):
            calibration_files(["ibmq_lima", str(other)])


def test_calibrations_are_listed_and_read_without_a_vendors_package() -> None:
    code = (
        "import sys; from hqnn.execution.backends import known_backends, snapshot;"
        "[snapshot(name) for name in known_backends()];"
        "print(sorted({'qiskit', 'pennylane', 'torch', 'iqm', 'qiskit_aer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert {"ibm_brisbane", "ibmq_lima", "iqm_apollo", "published_ehningen"} <= set(known_backends())
