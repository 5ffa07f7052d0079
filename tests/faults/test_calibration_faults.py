"""Calibrations that are wrong, doubtful or something else: a sentence each, and qubits that are dead stay unused."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from hqnn.errors import UserError
from hqnn.execution.backends import backend, calibration_files, known_backends, snapshot
from hqnn.execution.compilation import compile_program
from hqnn.interpreters.native import from_qiskit
from hqnn.noise.calibration import from_calibration

CHIP: dict[str, Any] = {
    "name": "chip",
    "qubits": 4,
    "coupling": [[0, 1], [1, 2], [2, 3]],
    "t1_us": [100.0, 120.0, 80.0, 90.0],
    "t2_us": 70.0,
    "readout": {"p10": 0.01, "p01": 0.02, "duration_ns": 700},
    "one_qubit_gates": {"sx": {"duration_ns": 35, "error": 0.001}, "rz": {"duration_ns": 0, "error": 0}},
    "two_qubit_gates": {"cx": {"duration_ns": 300, "error": 0.01}},
}

Change = Callable[[dict[str, Any]], None]


def by_hand(folder: Path, *keys: str, value: Any = None) -> str:
    """The chip as a YAML file, one entry changed."""
    plain = json.loads(json.dumps(CHIP))
    entry = plain
    for key in keys[:-1]:
        entry = entry[key]
    if keys:
        entry[keys[-1]] = value
    path = folder / "chip.yaml"
    path.write_text(yaml.safe_dump(plain))
    return str(path)


def as_snapshot(folder: Path, *keys: str | int, value: Any = None) -> str:
    """The same chip as a snapshot, one entry changed."""
    plain = json.loads(from_calibration(CHIP, "").to_json())
    for gate in ("sx", "cx"):
        plain["gates"][gate]["error"] = [plain["gates"][gate]["error"]] * len(plain["gates"][gate]["qubits"])
    entry = plain
    for key in keys[:-1]:
        entry = entry[key]
    if keys:
        entry[keys[-1]] = value
    path = folder / "chip.json"
    path.write_text(json.dumps(plain))
    return str(path)


@cache
def properties(name: str) -> str:
    package = importlib.util.find_spec("qiskit_ibm_runtime")
    assert package is not None and package.origin is not None
    folder = Path(package.origin).parent / "fake_provider/backends" / name
    return (folder / f"props_{name}.json").read_text(encoding="utf-8")


def raw(folder: Path, name: str = "lima", change: Change | None = None) -> str:
    """What IBM's packages save of a machine."""
    plain = json.loads(properties(name))
    if change:
        change(plain)
    path = folder / "raw.json"
    path.write_text(json.dumps(plain))
    return str(path)


def test_a_sound_file_is_taken_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for path in (by_hand(tmp_path), as_snapshot(tmp_path)):
        machine = backend(path)
        assert not caplog.text and not machine.snapshot.remarks and not machine.snapshot.dead


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("t1_us",), 0.0001, r"t1_us of qubit 0 is 0\.0001, it must be at least 0\.01 .*; times are in microseconds"),
        (("t1_us",), 1e-4, r"times are in microseconds"),
        (("t2_us",), 1e10, r"t2_us of qubit 0 is 10000000000\.0, it must be"),
        (("t2_us",), -1, r"t2_us is -1: input should be greater than or equal to 0"),
        (("t1_us",), [0, None, 0, 0], r"no qubit with T1, T2, readout and all one-qubit gates calibrated"),
        (
            ("one_qubit_gates", "sx", "duration_ns"),
            1e-7,
            r"gate sx on \(0,\): duration_ns is 1e-07, it must .* nanosec",
        ),
        (("two_qubit_gates", "cx", "duration_ns"), 1e10, r"gate cx on \(0, 1\): duration_ns is 10000000000\.0"),
        (("two_qubit_gates", "cx", "error"), 1.2, r"cx\.error is 1\.2: .*; give a fraction, not percent"),
        (("readout", "p01"), 2.1, r"readout\.p01 is 2\.1: .*; give a fraction"),
        (("readout", "duration_ns"), 7e-7, r"readout_ns is 7e-07, it must be"),
        (("coupling",), [[0, 1], [1, 2], [0, 1]], r"coupling joins \[0, 1\] twice; leave one of the pairs out$"),
        (("coupling",), [[0, 1], [1, 0]], r"joins \[1, 0\] twice; .* or set both_directions to false"),
        (("coupling",), [[0, 4]], r"coupling \[0, 4\] does not join two qubits among 0\.\.3"),
        (("coupling",), [[2, 2]], r"coupling \[2, 2\] does not join two qubits"),
        (("coupling",), [[0, 0.5]], r"coupling\.0\.1 is 0\.5: input should be a valid integer"),
        (("qubits",), 0, r"qubits is 0"),
        (("qubits",), "many", r"qubits is 'many'"),
        (("one_qubit_gates", "sx"), 0.1, r"one_qubit_gates\.sx is 0\.1"),
        (("t1_uss",), 1, r"key 't1_uss' is unknown; did you mean 't1_us'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    tmp_path: Path, keys: tuple[str, ...], value: Any, says: str
) -> None:
    path = by_hand(tmp_path, *keys, value=value)
    with pytest.raises(UserError, match=says) as refused:
        calibration_files([path])
    assert path in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("qubits", "p10", 1), 1.2, r"p10 of qubit 1 is 1\.2, it must be at least 0 and at most 1; give fractions"),
        (("qubits", "t2_us"), "long", r"t2_us of qubit 0 is 'long', not a number"),
        (("gates", "cx", "error", 0), -0.1, r"gate cx on \(0, 1\): error is -0\.1"),
        (("gates", "sx", "error"), [0.1], r"is not a calibration snapshot, its lists differ in length"),
        (("gates", "cx", "qubits", 0), [0, 4], r"gate cx on \(0, 4\) names qubits that are equal or not among 0\.\.3"),
        (("gates", "cx", "qubits", 0), [0.0, 1.0], r"cx on \(0\.0, 1\.0\) does not name its qubits by whole numbers"),
        (("gates", "cx", "qubits", 1), [0, 1], r"gate cx on \(0, 1\) is there twice; leave one out"),
        (("gates",), {}, r"calibrates no qubit or no gate"),
        (("qubits",), {"t1_us": [1.0]}, r"has no 't2_us'; a calibration snapshot needs it"),
        (("gates", "cx"), 3, r"is not a calibration snapshot"),
    ],
)  # fmt: skip
def test_a_snapshot_that_cannot_be_is_refused_by_place(
    tmp_path: Path, keys: tuple[str | int, ...], value: Any, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        snapshot(as_snapshot(tmp_path, *keys, value=value))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"", "is empty; write it again"),
        ("a.json", b'{"name": "a", "qub', r"is not JSON \(.*\), it may have been cut short"),
        ("a.json", b"[1, 2]", "holds a list instead of the keys of a calibration"),
        ("a.json", b"7", "holds a single value instead of the keys"),
        ("a.json", b"\xff\xfe{", r"is not JSON"),
        ("a.json", b"{}", "name: field required"),
        ("a.yaml", b"\xef\xbb\xbf", "holds a single value|is empty"),
        ("a.yaml", b"name: [chip", r"is not YAML \("),
        ("a.yaml", b"chip", "holds a single value"),
        ("a.json", json.dumps({"basis_gates": [], "coupling_map": []}).encode(), "is the configuration of an IBM back"),
        ("a.json", json.dumps({"calibration_set_id": "", "qubits": ["QB1"]}).encode(), "is a file of IQM's packages"),
        ("a.csv", b"", r"a\.csv is no calibration file; give one that ends in \.json"),
    ],
)
def test_files_that_are_damaged_or_something_else_are_named(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=says) as refused:
        snapshot(str(tmp_path / name))
    assert "\n" not in str(refused.value) and " at 0x" not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (
            ("t2_us",),
            0.1,
            r"t2_us is hardly believed at 4 of 4 places \(0\.1 on qubit 0, .*; times are in microseconds",
        ),
        (("t1_us",), [100, 1e5, 80, 90], r"t1_us is hardly believed at 1 of 4 places \(100000 on qubit 1\)"),
        (("t2_us",), 250.0, r"T2 exceeds 2 T1 on 4 of 4 qubits \(0, 1, 2, 3\); noise models cut it"),
        (
            ("readout", "p10"),
            [0.01, 0.6, 0.01, 0.01],
            r"p10 .* 1 of 4 .*0\.6 on qubit 1.*above 0\.5 the outcomes may be",
        ),
        (("readout",), {"p10": 0.02, "duration_ns": 700}, r"p01 is 0 on every qubit although p10 is not; say both"),
        (("one_qubit_gates", "sx", "duration_ns"), 0.035, r"duration_ns is hardly believed at 4 .*nanoseconds"),
        (("two_qubit_gates", "cx", "error"), 0.74, r"error .* at 6 of 14 places \(0\.74 on cx \(0, 1\).*not percent"),
        (("two_qubit_gates", "cx", "error"), 0, r"error of 6 of 6 two-qubit gates is 0 \(cx on \(0, 1\)"),
        (("two_qubit_gates", "cx", "duration_ns"), 0, r"duration_ns of 6 of 6 two-qubit gates is 0"),
        (("two_qubit_gates",), {}, r"no two-qubit gate is calibrated"),
        (("two_qubit_gates", "cx", "error"), [0.01, 1, 0.01], r"2 couplings are left out of layouts \(cx on \(1, 2\)"),
        (("t1_us",), [100, None, 80, 90], r"1 of 4 qubits are left out of layouts \(1\), since T1, T2, the readout or"),
    ],
)
def test_what_is_doubtful_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, keys: tuple[str, ...], value: Any, says: str
) -> None:
    path = by_hand(tmp_path, *keys, value=value)
    with caplog.at_level(logging.WARNING):
        calibration_files([path])
        assert not caplog.records
        backend(path)
    assert len(caplog.records) == 1 and re.search(says, caplog.text)


@pytest.mark.parametrize("circuit", ["apart", "chain"])
@pytest.mark.parametrize(
    ("keys", "value", "dead"),
    [
        (("qubits", "t1_us"), [100.0, 0, 80.0, 90.0], {1}),
        (("qubits", "t2_us"), [None, 70.0, 70.0, 70.0], {0}),
        (("qubits", "p01"), [0.02, 0.02, 0.02, float("nan")], {3}),
        (("gates", "sx", "error"), [1.0, 0.001, 0.001, 0.001], {0}),
        (("gates", "sx", "error"), [0.001, 0.001, 0.001, None], {3}),
        (("gates", "rz", "qubits"), [[1], [2], [3]], {0}),
    ],
)
def test_no_circuit_is_laid_on_a_dead_qubit(
    tmp_path: Path, keys: tuple[str, ...], value: Any, dead: set[int], circuit: str
) -> None:
    machine = backend(as_snapshot(tmp_path, *keys, value=value))
    assert set(machine.snapshot.dead) == dead
    wires = 2
    abstract = QuantumCircuit(wires)
    for wire in range(wires):
        abstract.ry(Parameter(f"weights[{wire}]"), wire)
    if circuit == "chain":
        abstract.cx(0, 1)
    program = from_qiskit(abstract, observables=("ZZ",), inputs=0, weight_shape=(wires,))
    compiled = compile_program(program, machine, seed=0, layouts=2)
    assert not set(compiled.program.native_wires) & dead and compiled.expected_fidelity > 0.9


def test_a_file_with_dead_qubits_survives_being_written(tmp_path: Path) -> None:
    read = snapshot(as_snapshot(tmp_path, "qubits", "t1_us", value=[100.0, None, 80.0, 90.0]))
    (tmp_path / "again.json").write_text(read.to_json())
    assert snapshot(str(tmp_path / "again.json")).dead == read.dead == (1,)
    assert all(gate.error == 1 for gate in read.gates if 1 in gate.qubits)


@pytest.mark.parametrize(("theirs", "name"), [("lima", "ibmq_lima"), ("fez", "ibm_fez")])
def test_ibm_s_own_properties_are_read_as_the_calibration_that_ships(tmp_path: Path, theirs: str, name: str) -> None:
    read, ours = snapshot(raw(tmp_path, theirs)), snapshot(name)
    assert read.qubits == ours.qubits and read.readout_ns == ours.readout_ns
    assert set(read.gates) == set(ours.gates)


def drop(qubit: int, name: str) -> Change:
    def change(plain: dict[str, Any]) -> None:
        plain["qubits"][qubit] = [entry for entry in plain["qubits"][qubit] if entry["name"] != name]

    return change


def unit(name: str, factor: float, written: str) -> Change:
    def change(plain: dict[str, Any]) -> None:
        for entry in (entry for qubit in plain["qubits"] for entry in qubit if entry["name"] == name):
            entry.update(value=entry["value"] * factor, unit=written)

    return change


def test_ibm_s_properties_say_their_units_and_what_is_missing(tmp_path: Path) -> None:
    sound = snapshot(raw(tmp_path))
    in_seconds = snapshot(raw(tmp_path, change=unit("T1", 1e-6, "s")))
    assert [q.t1_us for q in in_seconds.qubits] == pytest.approx([q.t1_us for q in sound.qubits])
    assert snapshot(raw(tmp_path, change=drop(2, "T2"))).dead == (2,)
    assert snapshot(raw(tmp_path, change=drop(2, "prob_meas1_prep0"))).qubits[2].p10 == pytest.approx(0.0166, abs=1e-3)
    with pytest.raises(UserError, match=r"T1 is in 'h'.*Known: ms, ns"):
        snapshot(raw(tmp_path, change=unit("T1", 1, "h")))
    with pytest.raises(UserError, match="has no 'backend_name', which the properties of an IBM backend have"):
        snapshot(raw(tmp_path, change=lambda plain: plain.pop("backend_name")))
    with pytest.raises(UserError, match=r"is not what properties\(\).to_dict\(\) of an IBM backend gives"):
        snapshot(raw(tmp_path, change=lambda plain: plain.update(qubits=[3])))


@pytest.mark.parametrize("name", known_backends())
def test_calibrations_that_ship_are_possible_and_say_nothing_on_the_terminal(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert not backend(name).snapshot.dead
    assert not caplog.text
