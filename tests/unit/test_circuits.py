"""Named circuits, tracing, and what both refuse."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import textwrap
from functools import reduce
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.circuits import custom
from hqnn.circuits.amplitude import preparation_angles, prepared
from hqnn.circuits.factors import unitary
from hqnn.circuits.library import build, build_for_classes
from hqnn.circuits.measurement import measurement_groups
from hqnn.circuits.names import declared, parse_name
from hqnn.circuits.observables import sum_of, terms_of
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Angle, Program
from hqnn.circuits.sizes import observables_for, wires_for
from hqnn.circuits.trace import trace
from hqnn.circuits.words import check_observables, parse_observables, written
from hqnn.errors import UserError

RNG = np.random.default_rng(5)


def state_of(program: Program, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The slowest true thing: every factor as a matrix on all wires, by Kronecker products."""
    state = np.zeros(2**program.wires, dtype=complex)
    state[0] = 1
    for gate in program.gates:
        matrix = unitary(gate.factors, len(gate.wires), inputs, weights)
        state = qml.matrix(qml.QubitUnitary(matrix, wires=gate.wires), wire_order=range(program.wires)) @ state
    return state


def template_state(name: str, wires: int, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What PennyLane makes of its whole template."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def circuit() -> qml.measurements.StateMP:
        qml.AngleEmbedding(inputs, range(wires), rotation="X")
        if name == "simplified_two_design":
            qml.SimplifiedTwoDesign(np.zeros(wires), weights, range(wires))
        else:
            {"strongly_entangling": qml.StronglyEntanglingLayers, "basic_entangler": qml.BasicEntanglerLayers}[name](
                weights, range(wires)
            )
        return qml.state()

    return circuit()


@pytest.mark.parametrize("name", ["strongly_entangling", "simplified_two_design", "basic_entangler"])
@pytest.mark.parametrize("wires", [2, 5])
def test_layers_one_by_one_are_the_whole_template(name: str, wires: int) -> None:
    program = build(f"angle_x-{name}-3", wires)
    inputs, weights = RNG.normal(size=wires), RNG.normal(size=program.weight_shape)
    ours, theirs = state_of(program, inputs, weights.ravel()), template_state(name, wires, inputs, weights)
    assert abs(np.vdot(ours, theirs)) == pytest.approx(1, abs=1e-12)


def test_bellman_is_what_the_study_printed() -> None:
    gates = [(g.name, g.wires) for g in build("angle_y-bellman-1", 3).gates[3:]]
    ladder = [("CNOT", (0, 1)), ("CNOT", (1, 2))]
    assert gates == [("Hadamard", (0,)), *ladder, *(("RY", (w,)) for w in range(3)), *reversed(ladder)]


def test_dressed_circuit_is_what_the_study_printed() -> None:
    gates = [(g.name, g.wires) for g in build("hadamard_angle_y-dressed-1", 4).gates]
    assert gates[:8] == [("Hadamard", (w,)) for w in range(4)] + [("RY", (w,)) for w in range(4)]
    assert gates[8:] == [("CNOT", p) for p in ((0, 1), (2, 3), (1, 2))] + [("RY", (w,)) for w in range(4)]


@pytest.mark.parametrize(
    ("ansatz_name", "embedding"),
    list(zip(sorted(declared("ansatz")), cycle(sorted(declared("embedding"))), strict=False)),
)
def test_every_named_circuit_survives_json(embedding: str, ansatz_name: str) -> None:
    program = build(f"{embedding}-{ansatz_name}-2", 4, ["Z0", "XIYI"])
    again = Program.from_json(program.to_json())
    assert again == program
    assert again.digest == program.digest
    angles = [a for gate in program.gates for a in gate.angles] + [a for f in program.functions for a in f.operands]
    entering = {j for angle in angles for j, _ in angle.weights}
    assert entering == set(range(program.weights))


def test_reuploading_embeds_before_every_layer() -> None:
    program = build("angle_z-basic_entangler-3-reupload", 2)
    inputs_seen = [i for gate in program.gates for angle in gate.angles for i, _ in angle.inputs]
    assert inputs_seen == [0, 1] * 3


@given(st.integers(3, 30), st.integers(1, 12))
def test_as_many_observables_as_classes_where_the_wires_have_them(classes: int, wires: int) -> None:
    words = parse_observables(observables_for(classes, wires), wires)
    assert len(set(words)) == len(words) >= min(classes, 3 * wires - 1)
    assert len(words) in (wires, 2 * wires, 3 * wires - 1)
    assert len(measurement_groups(words)) == (1 if len(words) == wires else 2)
    assert wires_for(classes, 4) <= 8 and wires_for(classes, 12) == 12


@pytest.mark.parametrize(
    ("reading", "classes", "inputs", "observables", "wires", "words"),
    [
        ("pixel", 2, None, None, 8, 1),
        ("pixel", 2, 1, [], 1, 1),
        ("pixel", 16, None, None, 8, 16),
        ("pixel", 16, 4, ["Z0", "Z1"], 4, 2),
        ("dressed", 2, None, None, 4, 4),
        ("dressed", 4, None, [], 4, 4),
        ("dressed", 10, None, [], 8, 16),
        ("dressed", 10, 10, [], 10, 10),
        ("fixed", 10, 5, ["Y0"], 5, 1),
        ("fixed", 10, 4, [], 4, 4),
    ],
)
def test_what_is_not_said_of_a_circuit_follows_the_classes(
    reading: str, classes: int, inputs: int | None, observables: list[str] | None, wires: int, words: int
) -> None:
    program = build_for_classes(
        "angle_y-basic_entangler-1", reading=reading, classes=classes, inputs=inputs, observables=observables
    )
    assert (program.wires, program.inputs, len(program.observables)) == (wires, wires, words)


def test_too_few_observables_are_said(caplog: pytest.LogCaptureFixture) -> None:
    build_for_classes("angle_y-bellman-1", reading="dressed", classes=10, inputs=3)
    assert "3 wires give 8 expectation values for 10 classes" in caplog.text
    build_for_classes("angle_y-bellman-1", reading="pixel", classes=3, observables=["Z0"])
    assert "measures 1 expectation values for 3 classes" in caplog.text
    with pytest.raises(UserError, match="say how many numbers it takes"):
        build_for_classes("angle_y-bellman-1", reading="fixed", classes=3)


def test_quanvolutional_options_choose_axis_layout_and_order() -> None:
    gates = build("angle_y-quanvolutional-1-axis_x-cnots_star-rotations_last", 4).gates[4:]
    assert [(g.name, g.wires) for g in gates] == [("CNOT", (0, t)) for t in (1, 2, 3)] + [
        ("RX", (w,)) for w in range(4)
    ]


def test_the_example_in_custom_is_a_circuit_once_it_stands_in_that_file(tmp_path: Path) -> None:
    package = Path(custom.__file__).parents[1]
    shutil.copytree(package, tmp_path / "hqnn", ignore=shutil.ignore_patterns("__pycache__"))
    example = textwrap.dedent((custom.__doc__ or "").split("::\n")[1].split("\nmakes")[0])
    with (tmp_path / "hqnn" / "circuits" / "custom.py").open("a") as file:
        file.write(example)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from hqnn.circuits.library import build;"
        "p = build('angle_y-brick-3', 3); print(p.weight_shape, *(g.name for g in p.gates[:10]))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.split("(3, 3, 2) ")[1].split() == ["RY"] * 3 + ["RX", "RZ"] * 3 + ["ISWAP"]


def test_angles_are_read_to_the_last_bit() -> None:
    program = trace(
        lambda x, w, wires: qml.IsingXY(2 * w[1, 0] - w[1, 1] / 4 + x[2] + 0.5, wires=[2, 0]),
        inputs=3,
        weight_shape=(2, 2),
        wires=3,
        observables=["Z2"],
    )
    assert program.gates[0].angles == (Angle(0.5, inputs=((2, 1.0),), weights=((2, 2.0), (3, -0.25))),)
    single = trace(lambda x, w, _: qml.RY(w[6] / 3, 0), inputs=0, weight_shape=(9,), wires=1, observables=["Z"])
    assert single.gates[0].angles == (Angle(weights=((6, 1 / 3),)),)


def test_names_are_checked_without_a_heavy_import() -> None:
    code = (
        "import sys; from hqnn.circuits.names import parse_name; parse_name('angle_y-bellman-2-reupload');"
        "from hqnn.circuits.words import check_observables; check_observables(['Z0'], 2);"
        "print([m for m in ('pennylane', 'torch', 'qiskit', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("angel_y-bellman-3", "'angle_y'"),
        ("angle_y-belman-3", "'bellman'"),
        ("angle_y-bellman-0", "embedding-ansatz-layers"),
        ("angle_y-bellman", "embedding-ansatz-layers"),
        ("angle_y-quanvolutional-1-axis_w", "axis_x"),
        ("angle_y-quanvolutional-1-axis_x-axis_z", "twice"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(name: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        parse_name(name)


@pytest.mark.parametrize(
    ("name", "wires", "says"),
    [
        ("angle_y-quanvolutional-1", 5, "4 wires"),
        ("amplitude-bellman-2-reupload", 3, "embedded once"),
        ("angle_y-simplified_two_design-1", 0, "no circuit on 0 wires"),
    ],
)
def test_a_circuit_that_does_not_fit_says_so(name: str, wires: int, says: str) -> None:
    with pytest.raises(UserError, match=says):
        build(name, wires)


@pytest.mark.parametrize(
    ("circuit", "says"),
    [
        (
            lambda x, w, _: qml.RY(math.sin(w[0]), 0),
            r"`qml.RY\(math.sin\(w\[0\]\), 0\)` on wire 0 \(test_circuits.py, line \d+\) is a function that cannot be",
        ),
        (lambda x, w, _: qml.CRX(math.sin(w[0]), [1, 0]), "on wires 1, 0 .* cannot be followed"),
        (lambda x, w, _: qml.RX(x[0], 0) if x[0] > 0.9 else qml.RY(x[0], 0), "`x.0. > 0.9` .* decides by"),
        (lambda x, w, _: qml.PhaseShift(w[0], 0) if w[0] > 0.9 else None, "decides by"),
        (lambda x, w, _: qml.QubitUnitary(qml.RX.compute_matrix(w[0]), 0), "matrix of `qml.QubitUnitary"),
        (lambda x, w, _: qml.DepolarizingChannel(w[0] / 9, 0), "is no channel .* fixed numbers"),
        (lambda x, w, _: qml.expval(qml.Z(0)), "measures"),
        (lambda x, w, _: qml.AmplitudeEmbedding(2 * x[::-1], [0], pad_with=0.0, normalize=True), "as they are"),
    ],
)
def test_what_is_no_program_is_refused(circuit: object, says: str) -> None:
    with pytest.raises(UserError, match=says):
        trace(circuit, inputs=2, weight_shape=(1,), wires=2, observables=["Z0"])


def test_a_refusal_names_the_interpreter_that_can_run_the_function() -> None:
    with pytest.raises(UserError, match="function_to_qnode"):
        trace(lambda x, w, _: qml.RY(math.sin(x[0]), 0), inputs=1, weight_shape=(), wires=1, observables=["Z"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("IZII", ["IZII"]),
        ("Z1", ["IZII"]),
        ("X0Y3", ["XIIY"]),
        ("|01>@3,1", ["IQIP"]),
        ("X0 |1>@2", ["XIQI"]),
        ("PQIZ", ["PQIZ"]),
        ("X0Y1", ["XYII"]),
        ("probs@2,0", ["PIPI", "QIPI", "PIQI", "QIQI"]),
        ("0.5*Z0 - 0.3*X1Z2 + 1", ["0.5*ZIII-0.3*IXZI+1.0*IIII"]),
        ("-1e-3*|11>@0 1+ .25 * Z3", ["-0.001*QQII+0.25*IIIZ"]),
        ("2*Z0 - Z0", ["ZIII"]),
    ],
)
def test_observables_are_read_in_every_form_and_again_as_they_are_stored(text: str, read: list[str]) -> None:
    assert parse_observables([text], 4) == tuple(read) == parse_observables(read, 4)
    assert parse_observables([written(observable) for observable in read], 4) == tuple(read)


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.text("IXYZPQ", min_size=3, max_size=3))))
@settings(max_examples=60, deadline=None)
def test_a_stored_sum_keeps_every_bit_and_is_the_sum_of_its_pauli_words(terms: list[tuple[float, str]]) -> None:
    stored = sum_of(terms)
    if stored:
        assert parse_observables([stored], 3) == (stored,)
        again = {term.word: term.coefficient for term in terms_of(stored)}
        totals = {word: sum(c for c, other in terms if other == word) for _, word in terms}
        assert again == {word: total for word, total in totals.items() if total != 0}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["Z"], "observable 'Z' is no Pauli word on 4 wires, since it has 1 letter;"),
        (["IZIIZ"], "'IZIIZ' is no Pauli word on 4 wires, since it has 5 letters; write one letter of IXYZ a wire"),
        (["Z0", "Z9"], "observable 'Z9' names wire 9, but the circuit has 4 wires, 0 to 3; write .* as in 'Z3'"),
        (["Z1Z1"], "'Z1Z1' names wire 1 twice"),
        (["z1"], "'z1' is no Pauli word on 4 wires; write its letters as capitals, 'Z1'"),
        (["xxyy"], "write its letters as capitals, 'XXYY'"),
        ([""], "observable '' is no Pauli word on 4 wires; write one"),
        (["Z 1"], "'Z 1' is no Pauli word"),
        (["ZIII", "X1", "Z0"], "observable 'Z0' is listed twice, as 'ZIII'; leave one of the two out"),
        (["X1", "X1"], "observable 'X1' is listed twice; leave"),
        (["IIII"], "'IIII' is the identity, whose value is always 1; leave it out"),
        (["I2"], "'I2' is the identity"),
        (["0.5*Z0 - Z8"], "'0.5.Z0 - Z8' names wire 8, but the circuit has 4 wires"),
        (["2*I0 + 3"], "'2.I0 . 3' is a constant; leave it out"),
        (["Z0 - Z0"], "the terms of observable 'Z0 - Z0' cancel, so that its value is always 0"),
        (["1e999*Z0"], "has the coefficient 1e999; give a finite number"),
        (["1e308*Z0 + 1e308*Z0"], "has the coefficient inf; give a finite number"),
        (["nan*Z0 + X1"], "has the coefficient nan; give a finite number"),
        (["a*Z0"], "has the coefficient 'a', which is no number; write a sum as in '0.5.Z0 - 0.3.X0Z1 . 1'"),
        (["Z0 +"], "'' in observable 'Z0 .' is no Pauli word on 4 wires; write"),
        (["Z0 + 2*z1"], "'z1' in observable 'Z0 . 2.z1' is no Pauli word on 4 wires; write its letters as capitals"),
        (["|011>@0,1"], "the bitstring 011 of 3 bits on 2 wires; give each of the wires one bit"),
        (["|0>@4"], "names wire 4, but the circuit has 4 wires"),
        (["|01>@1,1"], "names wire 1 twice"),
        (["Z1|0>@1"], "names wire 1 twice"),
        (["|02>@0,1"], "is no Pauli word on 4 wires; .* a bitstring, as in '.1>@3', or all of them, as in 'probs@3'"),
        (["probs@0,7"], "'probs@0,7' names wire 7, but the circuit has 4 wires"),
        (["2*probs@0"], "'probs@0' in observable '2.probs@0' is no Pauli word"),
        (["|10>@0,1", "probs@0,1"], "'probs@0,1' is listed twice, as '.10>@0,1'; leave one"),
    ],
)
def test_observables_that_cannot_be_read_or_measure_nothing_new_are_refused(words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_observables(words, 4)


def test_good_observables_are_read_and_none_are_needed() -> None:
    assert check_observables(["Z3", "X0Y1", "IIZZ"], 4) == ("IIIZ", "XYII", "IIZZ")
    assert check_observables([], 4) == ()


def operator(observable: str) -> np.ndarray:
    letters = {a: word_matrix(a) for a in "IXYZ"} | {"P": np.diag([1, 0]), "Q": np.diag([0, 1])}
    return sum(t.coefficient * reduce(np.kron, [letters[a] for a in t.word]) for t in terms_of(observable))


@given(st.lists(st.lists(st.text("IXYZPQ", min_size=3, max_size=3), min_size=1, max_size=4), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_the_groups_read_behind_their_gates_adds_up_to_the_observables(words: list[list[str]]) -> None:
    observables = [sum_of((0.5 + n, word) for n, word in enumerate(own)) for own in words]
    total = np.zeros((len(observables), 8, 8), complex)
    for group in measurement_groups(observables):
        turn = np.eye(8, dtype=complex)
        for gate in group.gates:
            operation = getattr(qml, gate.name)(gate.angles[0].constant, wires=gate.wires)
            turn = qml.matrix(operation, wire_order=range(3)) @ turn
        read = group.values(np.array(list(product((0, 1), repeat=3))))
        for index, values in zip(group.members, read.T, strict=True):
            total[index] += turn.conj().T @ np.diag(values) @ turn
    np.testing.assert_allclose(total, [operator(o) for o in observables], atol=1e-12)


@given(st.integers(1, 4), st.data())
@settings(max_examples=40, deadline=None)
def test_the_cascade_prepares_the_amplitudes_signs_and_zeros_included(wires: int, data: st.DataObject) -> None:
    entries = st.sampled_from([0.0, 1.0, -2.0, 0.3, -1e-3])
    amplitudes = np.array(data.draw(st.lists(entries, min_size=1, max_size=2**wires).filter(any)))
    program = prepared(Program(wires, 2**wires, (), (), (), initial_state="amplitudes"))
    state = state_of(program, preparation_angles(amplitudes[None], wires)[0], np.empty(0))
    expected = np.pad(amplitudes / np.linalg.norm(amplitudes), (0, 2**wires - len(amplitudes)))
    np.testing.assert_allclose(state, expected, atol=1e-12)


def test_a_zero_sample_has_no_amplitudes() -> None:
    with pytest.raises(UserError, match="zero everywhere"):
        preparation_angles(np.array([[1.0, 0.0], [0.0, 0.0]]), 1)
