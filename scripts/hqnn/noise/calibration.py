"""A calibration written by hand: averages or lists in a small YAML or JSON file, made into a snapshot.

One number holds for every qubit or place; a list has one a qubit, or one a pair of ``coupling``::

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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hqnn.errors import UserError, nearest
from hqnn.noise.channels import depolarizing_fraction
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, checked
from hqnn.noise.thermal import relaxation_of, total_error

Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Duration: TypeAlias = Annotated[float, Field(ge=0)]
Time: TypeAlias = Annotated[float, Field(gt=0)]

CONVENTIONS = ("error", "depolarizing_fraction", "depolarizing_probability")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadoutEntry(_Strict):
    """Readout errors and the measurement's duration."""

    p10: Probability | list[Probability] = 0.0
    p01: Probability | list[Probability] = 0.0
    duration_ns: Duration = 0.0


class GateEntry(_Strict):
    """One gate's duration and its error in one of three conventions."""

    duration_ns: Duration | list[Duration]
    error: Probability | list[Probability] | None = None
    depolarizing_fraction: Duration | list[Duration] | None = None
    depolarizing_probability: Probability | list[Probability] | None = None


class Calibration(_Strict):
    """The file's keys."""

    name: str
    source: str = "written by hand"
    date: str = "undated"
    qubits: Annotated[int, Field(ge=1)]
    coupling: list[tuple[int, int]] = []
    both_directions: bool = True
    t1_us: Time | list[Time] = math.inf
    t2_us: Time | list[Time] | None = None
    readout: ReadoutEntry = ReadoutEntry()
    one_qubit_gates: dict[str, GateEntry] = {}
    two_qubit_gates: dict[str, GateEntry] = {}


def read_calibration(path: Path) -> Snapshot:
    """Read and check a calibration written by hand.

    Returns:
        The snapshot it stands for; every error in it is an average gate infidelity.

    Raises:
        UserError: the file is missing or is not YAML, a key is unknown, a value is out of its limits, a list has the
            wrong length, or a gate's error is said in no way or in two.
    """
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give the path of a calibration file") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML ({' '.join(str(error).split())}); correct it") from error
    return from_calibration(plain, str(path))


def from_calibration(plain: Any, where: str) -> Snapshot:
    """The snapshot that a calibration stands for.

    Args:
        plain: the file's keys, see above.
        where: the file, for messages.

    Raises:
        UserError: as `read_calibration`.
    """
    try:
        written = Calibration.model_validate(plain)
    except ValidationError as error:
        raise UserError(_sentence(error, where)) from error
    count, pairs = written.qubits, written.coupling
    if any(q not in range(count) for pair in pairs for q in pair):
        raise UserError(f"{where}: coupling names a qubit outside 0..{count - 1}; correct it or the number of qubits")
    t1 = _column(written.t1_us, count, f"{where}: t1_us")
    t2 = [2 * t for t in t1] if written.t2_us is None else _column(written.t2_us, count, f"{where}: t2_us")
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
    return checked(snapshot, where)


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


def _infidelity(convention: str, value: float, qubits: list[Qubit], duration_ns: float, what: str) -> float:
    """A gate's error in the snapshot's convention."""
    if convention == "error":
        return value
    wires = len(qubits)
    fraction = depolarizing_fraction(value, wires) if convention == "depolarizing_probability" else value
    if fraction > depolarizing_fraction(1, wires):
        largest = 1 if convention == "depolarizing_probability" else depolarizing_fraction(1, wires)
        raise UserError(f"{what} has {convention} {value:g}, the largest that is a channel is {largest:.4g}; lower it")
    return total_error(fraction, relaxation_of(qubits, duration_ns))


def _column(value: float | list[float], length: int, what: str) -> list[float]:
    if not isinstance(value, list):
        return [value] * length
    if len(value) != length:
        raise UserError(f"{what} lists {len(value)} numbers for {length} places; give one number or one a place")
    return value


def _sentence(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where}: key {key!r} is unknown{nearest(str(first['loc'][-1]), _KEYS)}"
    return (
        f"{where}: {key or 'the file'} is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}; correct it"
    )


_KEYS = {*Calibration.model_fields, *GateEntry.model_fields, *ReadoutEntry.model_fields}
