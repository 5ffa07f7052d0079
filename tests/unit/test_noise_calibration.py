"""Calibrations written by hand: conventions, lists, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.noise import channels
from hqnn.noise.calibration import from_calibration
from hqnn.noise.thermal import from_snapshot, relaxation_of

CHIP: dict[str, Any] = {
    "name": "chip",
    "qubits": 3,
    "coupling": [[0, 1], [1, 2]],
    "t1_us": [100.0, 50.0, 80.0],
    "readout": {"p10": 0.01, "p01": [0.02, 0.03, 0.04]},
    "one_qubit_gates": {"sx": {"duration_ns": 35, "error": [0.001, 0.002, 0.003]}},
    "two_qubit_gates": {"cx": {"duration_ns": [300, 400], "error": 0.02}},
}


def chip(**changes: Any) -> dict[str, Any]:
    return {**CHIP, **changes}


def test_numbers_hold_everywhere_and_lists_a_place() -> None:
    read = from_calibration(CHIP, "chip.yaml")
    assert [(q.t1_us, q.t2_us, q.p10, q.p01) for q in read.qubits][1] == (50, 100, 0.01, 0.03)
    assert {g.qubits: g.duration_ns for g in read.gates if g.name == "cx"} == {
        (0, 1): 300,
        (1, 0): 300,
        (1, 2): 400,
        (2, 1): 400,
    }
    assert [g.error for g in read.gates if g.name == "sx"] == [0.001, 0.002, 0.003]
    one_way = from_calibration(chip(both_directions=False), "chip.yaml")
    assert one_way.coupling == ((0, 1), (1, 2))


@pytest.mark.parametrize("t1", [None, 60.0])
@pytest.mark.parametrize("wires", [1, 2])
def test_a_depolarizing_fraction_or_probability_comes_back_beside_relaxation(t1: float | None, wires: int) -> None:
    fractions = {"depolarizing_fraction": 0.1, "depolarizing_probability": channels.depolarizing_fraction(0.1, wires)}
    for key, fraction in fractions.items():
        entry = {"g": {"duration_ns": 200, key: 0.1}}
        written = chip(
            one_qubit_gates=entry if wires == 1 else {}, two_qubit_gates=entry if wires == 2 else {}, readout={}
        )
        written.pop("t1_us")
        read = from_calibration(written | ({"t1_us": t1} if t1 else {}), "chip.yaml")
        place = tuple(range(wires))
        expected = channels.compose(
            channels.depolarizing(fraction, wires), relaxation_of([read.qubits[q] for q in place], 200)
        )
        noise = from_snapshot(read)
        np.testing.assert_allclose(noise.channels["g", place], expected, atol=1e-12)
        assert not noise.readout


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"t1_ns": 100}, "key 't1_ns' is unknown; did you mean 't1_us'"),
        ({"t1_us": -1}, "t1_us is -1: input should be greater than or equal to 0"),
        ({"t1_us": [100, "x", 80]}, "t1_us.1 is 'x': input should be a valid number"),
        ({"t1_us": [1.0, 2.0]}, "t1_us lists 2 numbers for 3 places"),
        ({"readout": {"p10": 1.5}}, "readout.p10 is 1.5: input should be less than or equal to 1; give a fraction"),
        ({"coupling": [[0, 3]]}, r"coupling \[0, 3\] does not join two qubits among 0\.\.2"),
        (
            {"one_qubit_gates": {"sx": {"duration_ns": 1, "error": 0.1, "depolarizing_fraction": 0.1}}},
            "gate sx says its error in 2 ways; give exactly one of error, depolarizing_fraction, depolarizing_prob",
        ),
        ({"one_qubit_gates": {"sx": {"duration_ns": 1}}}, "gate sx says its error in 0 ways"),
        ({"one_qubit_gates": {"sx": {"error": 0.1}}}, "one_qubit_gates.sx.duration_ns"),
        ({"one_qubit_gates": {"sx": {"duration_ns": 1, "p": 0.1}}}, "key 'one_qubit_gates.sx.p' is unknown"),
        (
            {"one_qubit_gates": {"sx": {"duration_ns": 1, "depolarizing_fraction": 1.4}}},
            "sx has depolarizing_fraction 1.4, the largest that is a channel is 1.333; lower it",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=r"chip\.yaml") as refused:
        from_calibration(chip(**changes), "chip.yaml")
    assert refused.match(sentence)


@pytest.mark.parametrize("name", ["chip.yaml", "chip.yml", "chip.json", "chip.YAML"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_as_json_or_yaml(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(CHIP) if path.suffix == ".json" else yaml.safe_dump(CHIP), encoding=encoding)
    assert snapshot(str(path)).digest == from_calibration(CHIP, "").digest


@pytest.mark.parametrize(
    ("name", "qubits", "cx", "one", "readout", "t1", "t2"),
    [
        ("published_kolkata", 27, 0.00835, 0.00021, 0.01, 122.23, 64.40),
        ("published_ehningen", 27, 0.0074, 0.00024, 0.0088, 172.28, 172.45),
        ("published_lima", 5, 0.01097, 0.00048, 0.0258, 75.0, 103.41),
    ],
)
def test_study_ds_averages_ship_as_published(
    name: str, qubits: int, cx: float, one: float, readout: float, t1: float, t2: float
) -> None:
    read = snapshot(name)
    assert len(read.qubits) == qubits
    assert {(q.t1_us, q.t2_us, q.p10, q.p01) for q in read.qubits} == {(t1, t2, readout, readout)}
    assert {g.error for g in read.gates if g.name == "cx"} == {cx}
    assert {g.error for g in read.gates if g.name == "sx"} == {one}
    machine = {"published_lima": "ibmq_lima"}.get(name, "ibmq_kolkata")
    assert read.coupling == snapshot(machine).coupling
