"""Parts, ledgers and permissions, without any machine."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit import ClassicalRegister, Parameter, QuantumCircuit, QuantumRegister

from hqnn.checks import checked, machines_of
from hqnn.circuits.program import Gate, Program
from hqnn.errors import UserError
from hqnn.execution.backends import backend, snapshot
from hqnn.execution.machines.choice import simulated_provider
from hqnn.execution.machines.drift import check_drift
from hqnn.execution.machines.durations import duration_s, warn_of_length
from hqnn.execution.machines.jobs import decide, open_jobs, table
from hqnn.execution.machines.ledger import Ledger, ledger_of
from hqnn.execution.machines.parts import joined, parts_needed, split
from hqnn.execution.machines.provider import Counts, Limits, Pub, Task
from hqnn.execution.machines.simulated import simulate
from hqnn.metrics.runs import Run
from hqnn.noise.snapshot import GateCalibration
from hqnn.report.jobs import jobs_table
from hqnn.report.runs import Predictions
from hqnn.settings.machines import Machine

ROWS = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def task_of(rows: list[int], shots: int = 3) -> Task:
    return Task(tuple(Pub(f"pub{k}", QuantumCircuit(1), np.full((n, 1), k)) for k, n in enumerate(rows)), shots)


@given(rows=ROWS, most=st.integers(1, 60), executions=st.integers(3, 200))
def test_parts_are_the_fewest_and_their_counts_join_to_the_whole(rows: list[int], most: int, executions: int) -> None:
    task, limits = task_of(rows), Limits(executions=executions, rows=most)
    jobs = parts_needed(task, limits)
    parts = split(task, jobs)
    fit = min(most, executions // 3)
    assert all(part.rows <= fit for part in parts)
    assert (jobs - 1) * fit < task.rows
    numbers = iter(range(task.rows))
    counts = [
        Counts(tuple(np.array([[[next(numbers) % 256]]] * 1 * len(p.values), np.uint8) for p in part.pubs))
        for part in parts
    ]
    whole = joined(task, parts, counts)
    assert [len(bits) for bits in whole.bits] == rows


def test_a_ledger_cut_anywhere_in_its_last_line_is_the_one_before(tmp_path: Path) -> None:
    ledger = ledger_of("m", tmp_path)
    said: dict[str, Any] = {"identity": "i", "part": 0, "parts": 1, "machine": "m", "about": {}, "executions": 1}
    ledger.append("intent", "a", **said, estimated_s=2.0, price_per_second=None)
    before, whole = ledger.entries(), len(ledger.path.read_bytes())
    ledger.append("job", "a", job="j", state="sent")
    content = ledger.path.read_bytes()
    for end in range(whole, len(content)):
        ledger.path.write_bytes(content[:end])
        assert ledger.entries() == before
    ledger.append("job", "a", job="k", state="sent")
    assert [entry.job for entry in ledger.entries()] == ["k"]
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b'"parts": 1', b'"parts": 2'))
    with pytest.raises(UserError, match=r"line 1 of the ledger .* is damaged, so nothing is sent; restore"):
        ledger.entries()


def test_a_second_run_waits_for_the_ledger_and_then_says_so(tmp_path: Path) -> None:
    ledger = ledger_of("m", tmp_path)
    with (
        ledger.locked(),
        pytest.raises(UserError, match="another run has been using the ledger"),
        Ledger(ledger.path).locked(0),
    ):
        pass


def test_nothing_is_sent_where_a_ledger_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    with (
        pytest.raises(UserError, match=r"locks no files \(No locks available\), so two runs could pay .*--directory"),
        ledger_of("m", tmp_path).locked(),
    ):
        pytest.fail("held")


def test_a_job_in_doubt_is_listed_until_a_person_decides(tmp_path: Path) -> None:
    ledger = ledger_of("m", tmp_path)
    said: dict[str, Any] = {"identity": "i", "parts": 2, "machine": "m", "about": {"study": "s"}, "executions": 1}
    for part, tag in enumerate("ab"):
        ledger.append("intent", tag, part=part, **said, estimated_s=2.0, price_per_second=1.5)
    assert "intended" in table(open_jobs(tmp_path))
    assert "3.00" in table(open_jobs(tmp_path))
    decide("m", "a", "none", tmp_path)
    decide("m", "b", "job7", tmp_path)
    assert [(entry.job, entry.state) for entry in open_jobs(tmp_path)] == [("job7", "sent")]
    with pytest.raises(UserError, match="no job b in doubt"):
        decide("m", "b", "none", tmp_path)


def test_simulated_counts_follow_rows_and_pubs_and_leave_unseen_gates_out() -> None:
    qubits, bits, angle = QuantumRegister(9), ClassicalRegister(3, "bits"), Parameter("inputs[0]")
    circuit = QuantumCircuit(qubits, bits)
    circuit.rx(angle, 7)
    circuit.cx(7, 2)
    circuit.h(5)
    circuit.measure(2, 1)
    still = circuit.assign_parameters({angle: np.pi})
    values = np.array([[0.0], [np.pi], [0.0]])
    task = Task((Pub("a", circuit, values), Pub("b", still, np.empty((2, 0)))), 5)
    first, second = simulate(task, None, 0).bits
    np.testing.assert_array_equal(first, np.array([0, 2, 0], np.uint8)[:, None, None].repeat(5, axis=1))
    np.testing.assert_array_equal(second, np.full((2, 5, 1), 2))


@pytest.mark.parametrize("provider", ["snapshot", "aer"])
def test_a_simulated_machine_says_what_it_does_not_do(provider: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = {"provider": provider, "backend": "ibmq_lima"}
    assert simulated_provider(backend("ibmq_lima"), Machine(**settings), 0).machine == "ibmq_lima"
    assert not caplog.text
    asked = Machine(**settings, dynamical_decoupling="XX", twirling=True)
    simulated_provider(backend("ibmq_lima"), asked, 0)
    assert "ibmq_lima is simulated without dynamical decoupling and twirling, which" in caplog.text


LIMA = snapshot("ibmq_lima")


def worse(gate: GateCalibration) -> GateCalibration:
    return replace(gate, error=0.5) if gate.qubits == (1, 0) else gate


def test_drift_names_the_place_and_stops_above_the_limit() -> None:
    place = Gate("cx", (1, 0))
    native = Program(2, 0, (0,), (place, place), ("ZI",), "zero", (0, 1))
    before = next(gate.error for gate in LIMA.gates if gate.qubits == (1, 0))
    now = replace(LIMA, gates=tuple(map(worse, LIMA.gates)))
    lost = check_drift(native, LIMA, now, 1.0)
    assert lost == pytest.approx(1 - 0.25 / (1 - before) ** 2)
    assert check_drift(native, LIMA, LIMA, 0.0) == 0
    with pytest.raises(UserError, match=r"most by cx on 1, 0 .* → 0.75, .*above max_drift, which is 0.2, so nothing"):
        check_drift(native, LIMA, now, 0.2)


def test_a_circuit_takes_as_long_as_its_longest_chain_and_a_long_one_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    takes = {(gate.name, gate.qubits): gate.duration_ns * 1e-9 for gate in LIMA.gates}
    circuit = QuantumCircuit(5, 1)
    for step in (circuit.sx, circuit.sx):
        step(3)
    circuit.cx(1, 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    chain = takes["cx", (1, 0)] + takes["sx", (0,)] + LIMA.readout_ns * 1e-9
    assert duration_s(circuit, LIMA) == pytest.approx(chain)
    limit = LIMA.qubits[1].t2_us * 1e-7
    for _ in range(int(limit / takes["cx", (1, 0)]) + 1):
        circuit.cx(1, 0)
    warn_of_length(Task((Pub("a", circuit, np.empty((1, 0))),), 1), LIMA)
    assert "of the T2 of qubit" in caplog.text


def test_the_page_sums_what_real_machines_took_and_says_nothing_without_any() -> None:
    took = {"backend": "quince", "jobs": 2, "executions": 1000, "estimated_s": 3.0, "qpu_s": 4.0, "price": 1.5}
    run = Run("s", "d", "m", "ideal", 0)
    simulated, real = (Predictions(run, "hardware", {**took, "executions": n}, {}) for n in (0, 1000))
    assert jobs_table([simulated]) is None
    table = jobs_table([real, simulated, real])
    assert table
    assert [cell.text for cell in table.rows[-1][-5:]] == ["4", "2,000", "6.00 s", "8.00 s", "3.00"]


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"provider": "ibm", "backend": "ibm_brisbane"}, "no machine that IBM runs today"),
        ({"provider": "ibm", "backend": "resources/calibrations/ibm_fez.json"}, "no machine that IBM runs today"),
        ({"provider": "iqm", "quantum_computer": "ibm_fez"}, "no machine of IQM's"),
        ({"provider": "snapshot", "backend": "ibm_fes"}, "did you mean 'ibm_fez'?"),
        ({"provider": "ibm"}, "provider ibm needs backend"),
        ({"provider": "iqm", "quantum_computer": "garnet", "mode": "batch"}, "mode is no key of provider iqm"),
        ({"provider": "ibm", "backend": "ibm_fez", "max_price": 3}, "max_price needs price_per_second"),
        ({"provider": "iqm", "quantum_computer": "garnet", "max_seconds": 9}, "so max_seconds would hold nothing back"),
        ({"provider": "aer", "backend": "ibm_fez", "called": "ibm_fez"}, "is called like one of execution.backends"),
    ],
)
def test_a_wrong_machine_is_refused_before_anything_runs(machine: dict[str, Any], said: str) -> None:
    name = machine.pop("called", "mine") if "called" in machine else "mine"
    study = {"kind": "table", "models": ["angle_y-simplified_two_design-1"]}
    config = {"studies": {"t": study}, "execution": {"backends": ["ibm_fez"], "machines": {name: machine}}}
    with pytest.raises(UserError) as stopped:
        machines_of(checked(config)[1].values())
    assert said in str(stopped.value)
