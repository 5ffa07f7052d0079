"""A calibration written by hand: averages or lists in a small YAML or JSON file, made into a snapshot.

One number holds for every qubit or place; a list has one a qubit, or one a pair of ``coupling``, and null where there
is none, which leaves that qubit or pair out of layouts::

    name: my_chip
    source: where the numbers are from
    qubits: 3
    coupling: [[0, 1], [1, 2]]          # each pair in both directions unless both_directions is false
    t1_us: 120.0                        # without T1 there is no relaxation, without T2 it is 2 T1
    t2_us: [90.0, 80.0, 100.0]
    readout: {p10: 0.01, p01: 0.03, duration_ns: 700}
    one_qubit_gates:
      sx: {duration_ns: 35.5, error: 0.0002}
      rz: {duration_ns: 0, error: 0}
    two_qubit_gates:
      cx: {duration_ns: 400, depolarizing_fraction: 0.01}

A gate's error is said in exactly one of three ways; they differ, d = 2^k for a gate of k qubits:

- ``error``: average gate infidelity of everything, relaxation included, as vendors report it;
- ``depolarizing_fraction``: beside relaxation, ``rho -> (1 - fraction) rho + fraction I/d``, Aer's convention;
- ``depolarizing_probability``: beside relaxation, the total probability of a Pauli other than I, PennyLane's
  convention; it is ``(d^2 - 1) / d^2`` of the fraction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hqnn.errors import UserError, nearest
from hqnn.noise.channels import depolarizing_fraction
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, completed
from hqnn.noise.thermal import relaxation_of, total_error

Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Duration: TypeAlias = Annotated[float, Field(ge=0)]
Time: TypeAlias = Annotated[float, Field(ge=0)]  # a qubit whose T1 or T2 is zero is dead

MOST_QUBITS = 100_000
CONVENTIONS = ("error", "depolarizing_fraction", "depolarizing_probability")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadoutEntry(_Strict):
    """Readout errors and the measurement's duration."""

    p10: Probability | list[Probability | None] = 0.0
    p01: Probability | list[Probability | None] = 0.0
    duration_ns: Duration = 0.0


class GateEntry(_Strict):
    """One gate's duration and its error in one of three conventions."""

    duration_ns: Duration | list[Duration | None]
    error: Probability | list[Probability | None] | None = None
    depolarizing_fraction: Duration | list[Duration | None] | None = None
    depolarizing_probability: Probability | list[Probability | None] | None = None


class Calibration(_Strict):
    """The file's keys."""

    name: str
    source: str = "written by hand"
    date: str = "undated"
    qubits: Annotated[int, Field(ge=1)]
    coupling: list[tuple[int, int]] = []
    both_directions: bool = True
    t1_us: Time | list[Time | None] = math.inf
    t2_us: Time | list[Time | None] | None = None
    readout: ReadoutEntry = ReadoutEntry()
    one_qubit_gates: dict[str, GateEntry] = {}
    two_qubit_gates: dict[str, GateEntry] = {}


def from_calibration(plain: Any, where: str) -> Snapshot:
    """The snapshot that a calibration stands for; every error in it is an average gate infidelity.

    Args:
        plain: the file's keys, see above.
        where: the file, for messages.

    Raises:
        UserError: a key is unknown, a value is out of its limits, a list has the wrong length, a pair is there twice,
            or a gate's error is said in no way or in two; see further `completed`.
    """
    try:
        written = Calibration.model_validate(plain)
    except ValidationError as error:
        raise UserError(_sentence(error, where)) from error
    count, pairs = written.qubits, written.coupling
    if count > MOST_QUBITS:
        raise UserError(f"{where}: qubits is {count}, and no machine has more than {MOST_QUBITS}; correct it")
    _check_coupling(written, where)
    t1 = _column(written.t1_us, count, f"{where}: t1_us")
    t2 = [t and 2 * t for t in t1] if written.t2_us is None else _column(written.t2_us, count, f"{where}: t2_us")
    flips = [_column(getattr(written.readout, key), count, f"{where}: readout.{key}") for key in ("p10", "p01")]
    qubits = tuple(Qubit(*row) for row in zip(t1, t2, *flips, strict=True))
    gates = []
    for name, entry in written.one_qubit_gates.items():
        gates += _gates(name, entry, [(k,) for k in range(count)], qubits, where)
    for name, entry in written.two_qubit_gates.items():
        forward = _gates(name, entry, pairs, qubits, where)
        gates += forward
        gates += [replace(gate, qubits=gate.qubits[::-1]) for gate in forward if written.both_directions]
    snapshot = Snapshot(written.name, written.date, written.source, qubits, tuple(gates), written.readout.duration_ns)
    return completed(snapshot, where)


def _check_coupling(written: Calibration, where: str) -> None:
    """Refuse pairs that name no two qubits, or the same ones as another pair."""
    seen: set[tuple[int, ...]] = set()
    for pair in written.coupling:
        if pair[0] == pair[1] or any(q not in range(written.qubits) for q in pair):
            raise UserError(
                f"{where}: coupling {list(pair)} does not join two qubits among 0..{written.qubits - 1}; correct it or "
                "the number of qubits"
            )
        alike = {pair, pair[::-1]} if written.both_directions else {pair}
        if alike & seen:
            cure = ", or set both_directions to false" if pair not in seen else ""
            raise UserError(f"{where}: coupling joins {list(pair)} twice; leave one of the pairs out{cure}")
        seen.add(pair)


def _gates(
    name: str, entry: GateEntry, places: Sequence[tuple[int, ...]], qubits: tuple[Qubit, ...], where: str
) -> list[GateCalibration]:
    said = [key for key in CONVENTIONS if getattr(entry, key) is not None]
    if len(said) != 1:
        raise UserError(
            f"{where}: gate {name} says its error in {len(said)} ways; give exactly one of {', '.join(CONVENTIONS)}"
        )
    durations = _column(entry.duration_ns, len(places), f"{where}: duration_ns of {name}")
    errors = _column(getattr(entry, said[0]), len(places), f"{where}: {said[0]} of {name}")
    return [
        GateCalibration(name, place, t, _infidelity(said[0], e, [qubits[q] for q in place], t, f"{where}: {name}"))
        for place, t, e in zip(places, durations, errors, strict=True)
    ]


def _infidelity(convention: str, value: float | None, qubits: list[Qubit], duration_ns: float | None, what: str) -> Any:
    """A gate's error in the snapshot's convention; None where it is not calibrated."""
    times = [time for qubit in qubits for time in (qubit.t1_us, qubit.t2_us)]
    if convention == "error" or value is None or duration_ns is None or not all(times):
        return value
    wires = len(qubits)
    fraction = depolarizing_fraction(value, wires) if convention == "depolarizing_probability" else value
    if fraction > depolarizing_fraction(1, wires):
        largest = 1 if convention == "depolarizing_probability" else depolarizing_fraction(1, wires)
        raise UserError(f"{what} has {convention} {value:g}, the largest that is a channel is {largest:.4g}; lower it")
    return total_error(fraction, relaxation_of(qubits, duration_ns))


def _column(value: float | list[float | None], length: int, what: str) -> list[Any]:
    if not isinstance(value, list):
        return [value] * length
    if len(value) != length:
        raise UserError(f"{what} lists {len(value)} numbers for {length} places; give one number or one a place")
    return value


def _sentence(error: ValidationError, where: str) -> str:
    found = error.errors()
    first = next((e for e in found if e["type"] == "extra_forbidden"), None)
    if first:
        key = ".".join(map(str, first["loc"]))
        return f"{where}: key {key!r} is unknown{nearest(str(first['loc'][-1]), _KEYS)}"
    first = max((e for e in found if e["loc"][:1] == found[0]["loc"][:1]), key=lambda e: len(e["loc"]))
    key = ".".join(str(part) for part in first["loc"] if not _BRANCH.match(str(part)))
    said = "" if first["type"] == "missing" else f" is {first['input']!r}"
    cure = "give a fraction, not percent" if first["type"] == "less_than_equal" else "correct it"
    return f"{where}: {key or 'the file'}{said}: {first['msg'][0].lower()}{first['msg'][1:]}; {cure}"


_BRANCH = re.compile(r"list\[|constrained-|float$")  # what pydantic calls the ways in which a value may be said
_KEYS = {*Calibration.model_fields, *GateEntry.model_fields, *ReadoutEntry.model_fields}
