"""IQM's real client against a server: one POST a job, the results of what was sent, a sentence for every fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qiskit.circuit import ClassicalRegister, Parameter, QuantumCircuit

from hqnn.errors import UserError
from hqnn.execution.machines.iqm import IqmProvider
from hqnn.execution.machines.provider import REGISTER, InDoubtError, Pub, Task, UnreachableError
from hqnn.noise.target import to_target
from iqm_server import IqmServer, serving

SHOTS = 400
POST = "POST jobs/adonis/circuit"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[IqmServer]:
    monkeypatch.setenv("IQM_TOKEN", "t0ken")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(IqmServer()) as one:
        yield one


def provider(server: IqmServer, **options: Any) -> IqmProvider:
    return IqmProvider("garnet", server.url, "adonis", **options)


def task() -> Task:
    """Two circuits of two measured qubits among five, three rows of one and one of the other."""
    turned = [Parameter("inputs[0]"), Parameter("weights[0]")]
    circuit = QuantumCircuit(5)
    circuit.r(turned[0], 0.5, 0)
    circuit.r(turned[1], np.pi / 2, 2)
    circuit.cz(0, 2)
    plain = QuantumCircuit(5)
    plain.r(np.pi, 0, 2)
    for one in (circuit, plain):
        register = ClassicalRegister(3, REGISTER)
        one.add_register(register)
        one.measure(0, register[0])
        one.measure(2, register[2])
    values = np.array([[0.0, np.pi], [np.pi, 0.0], [0.3, 1.2]])
    return Task((Pub("copy0-group0", circuit, values), Pub("readout-ones", plain, np.zeros((1, 0)))), SHOTS)


def test_counts_are_of_the_circuits_and_rows_that_were_sent_in_one_post(server: IqmServer) -> None:
    machine = provider(server, dynamical_decoupling="XY4")
    sent = task()
    assert machine.estimate([sent]).executions == 4 * SHOTS
    assert server.posts == 0
    job = machine.submit(sent, "tag-1")
    assert server.posts == 1
    assert server.jobs[job]["dd_mode"] == "enabled"
    assert machine.status(job).state == "done"
    counts = provider(server).collect(job)  # another process, another day
    assert [bits.shape for bits in counts.bits] == [(3, SHOTS, 1), (1, SHOTS, 1)]
    assert [set(row.ravel()) for row in counts.bits[0][:2]] == [{0b100}, {0b001}]
    assert set(counts.bits[1].ravel()) == {0b100}
    ones = np.unpackbits(counts.bits[0][2], axis=1)[:, [7, 5]].mean(axis=0)
    np.testing.assert_allclose(ones, np.sin([0.15, 0.6]) ** 2, atol=5 * 0.5 / np.sqrt(SHOTS))
    assert counts.task is not None
    for found, own in zip(counts.task.pubs, sent.pubs, strict=True):
        assert (found.name, found.circuit) == (own.name, own.circuit)
        np.testing.assert_array_equal(found.values, own.values)


def test_the_calibration_of_the_day_is_a_snapshot_that_circuits_compile_for(server: IqmServer) -> None:
    found = provider(server).calibration()
    assert [q.t1_us for q in found.qubits] == pytest.approx([31, 32, 33, 34, 35])
    assert {(q.p10, q.p01) for q in found.qubits} == {(0.02, 0.04)}
    assert found.readout_ns == pytest.approx(1500)
    assert {(g.name, g.qubits): (round(g.duration_ns), round(g.error, 6)) for g in found.gates if g.name == "cz"} == {
        ("cz", pair): (80, 0.02) for pair in ((0, 2), (1, 2), (2, 3), (2, 4))
    }
    assert {"r", "cz", "measure"} <= set(to_target(found).operation_names)


def test_a_server_without_quality_metrics_gives_places_and_says_what_is_lacking(
    server: IqmServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.metrics = False
    found = provider(server).calibration()
    assert found.coupling == ((0, 2), (1, 2), (2, 3), (2, 4))
    assert "publishes no quality metrics" in caplog.text


@pytest.mark.parametrize(
    ("fault", "error", "words", "posts"),
    [
        (401, UserError, "does not accept the token; put a valid one into IQM_TOKEN", 0),
        (403, UserError, "does not allow this", 0),
        (404, UserError, "does not know", 0),
        (413, UserError, "takes no job of this size", 0),
        (422, UserError, "compile again", 0),
        (429, UserError, "wait, and run again", 0),
        (500, InDoubtError, "may have taken job tag-1", 0),
        (504, InDoubtError, "may have taken job tag-1", 0),
        ("reset", InDoubtError, "dashboard", 0),
        ("drop", InDoubtError, "whose metadata hold tag-1", 1),
        ("truncate", InDoubtError, "may have taken job tag-1", 1),
        ("text", InDoubtError, "may have taken job tag-1", 1),
    ],
)
def test_a_failed_post_is_refused_or_in_doubt_and_never_repeated(
    server: IqmServer, fault: int | str, error: type[UserError], words: str, posts: int
) -> None:
    server.faults[POST] = fault
    machine = provider(server)
    with pytest.raises(UserError) as caught:
        machine.submit(task(), "tag-1")
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert server.token not in str(caught.value)
    assert server.posts == posts
    assert machine.find("tag-1") is None


def test_a_server_that_is_not_there_leaves_nothing_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IQM_TOKEN", "t0ken")
    with serving(IqmServer()) as gone:
        machine = provider(gone)
        machine.estimate([task()])
    with pytest.raises(UserError, match="gave no answer") as caught:
        machine.submit(task(), "tag-1")
    assert type(caught.value) is UnreachableError


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (401, UserError, "IQM_TOKEN"),
        (500, UnreachableError, "run again later"),
        ("truncate", UnreachableError, "later"),
    ],
)
def test_a_question_without_an_answer_may_be_asked_again(
    server: IqmServer, fault: int | str, error: type[UserError], words: str
) -> None:
    machine = provider(server)
    job = machine.submit(task(), "tag-1")
    for place, ask in (("", machine.status), ("/artifacts/measurements", machine.collect)):
        server.faults = {f"GET jobs/ID{place}": fault}
        with pytest.raises(UserError, match=words) as caught:
            ask(job)
        assert type(caught.value) is error
        server.faults = {}
        ask(job)


def test_results_that_are_short_of_others_or_of_other_circuits_are_no_counts(server: IqmServer) -> None:
    machine = provider(server)
    job = machine.submit(task(), "tag-1")
    for edit, words in (
        (lambda results: results[:-1], "gave results of 3 of its 4 circuits"),
        (lambda results: [{key: bits[:-1] for key, bits in one.items()} for one in results], "400 shots were asked"),
        (lambda results: [dict(list(one.items())[:1]) for one in results], "gave the bits"),
    ):
        server.edit = edit
        with pytest.raises(UserError, match=words):
            machine.collect(job)
    server.edit = lambda results: results
    server.jobs[job]["circuits"][2]["instructions"][0]["args"]["angle"] += 1e-3
    with pytest.raises(UserError, match="ran other circuits"):
        provider(server).collect(job)
    server.jobs[job]["circuits"][1]["metadata"] = {}
    with pytest.raises(UserError, match="not sent by this program"):
        provider(server).collect(job)


def test_failed_cancelled_and_unknown_jobs_are_told_apart(server: IqmServer) -> None:
    machine = provider(server)
    job = machine.submit(task(), "tag-1")
    server.state = "waiting"
    assert machine.status(job).state == "queued"
    assert machine.status(job).position == 3
    server.state = "failed"
    assert machine.status(job).state == "failed"
    assert "cryostat" in machine.status(job).reason
    server.state = "processing"
    machine.cancel(job)
    assert machine.status(job).state == "cancelled"
    assert machine.status("00000000-0000-0000-0000-000000000000").state == "unknown"


def test_what_the_machine_cannot_run_is_said_before_anything_is_sent(server: IqmServer) -> None:
    wrong = QuantumCircuit(5)
    wrong.cz(0, 1)
    wrong.add_register(ClassicalRegister(1, REGISTER))
    wrong.measure(0, 0)
    with pytest.raises(UserError, match="cannot run the circuit"):
        provider(server).estimate([Task((Pub("a", wrong, np.zeros((1, 0))),), 10)])
    with pytest.raises(UserError, match="Available quantum computers are: adonis"):
        replace(provider(server), quantum_computer="garnet").calibration()
    assert server.posts == 0
