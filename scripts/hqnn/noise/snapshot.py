"""A calibration snapshot: what a backend says of its qubits and gates at one time, in a neutral JSON file.

The file holds columns, one entry a qubit or a gate, or one number where all entries are equal::

    {"name": "ibmq_lima", "date": "2021-03-15", "source": "FakeLimaV2 of qiskit-ibm-runtime 0.45.1",
     "dt_ns": 0.2222, "readout_ns": 5351.1,
     "qubits": {"t1_us": [59.7, ...], "t2_us": [93.6, ...], "p10": [0.0118, ...], "p01": [0.0404, ...]},
     "gates": {"cx": {"qubits": [[0, 1], ...], "duration_ns": [305.8, ...], "error": [0.0083, ...]}, ...}}
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hqnn.errors import UserError
from hqnn.noise.plain_files import read_plain
from hqnn.noise.plausible import require
from hqnn.noise.remarks import doubts, left_out


@dataclass(frozen=True)
class Qubit:
    """One qubit's calibration.

    Attributes:
        t1_us: energy relaxation time in microseconds, infinite for none.
        t2_us: coherence time in microseconds, as reported; may exceed 2 T1, see `Snapshot.remarks`.
        p10: probability to read 1 when the qubit is in |0>.
        p01: probability to read 0 when the qubit is in |1>.
    """

    t1_us: float
    t2_us: float
    p10: float
    p01: float


@dataclass(frozen=True)
class GateCalibration:
    """One gate's calibration on one place.

    Attributes:
        name: as the backend names it.
        qubits: in the gate's order.
        duration_ns: in nanoseconds.
        error: average gate infidelity, relaxation included, in [0, 1]; 1 is how IBM marks an uncalibrated gate.
    """

    name: str
    qubits: tuple[int, ...]
    duration_ns: float
    error: float


@dataclass(frozen=True)
class Snapshot:
    """A backend's calibration at one time.

    Attributes:
        name: of the backend.
        date: of the calibration, ISO 8601.
        source: package and version, or paper.
        qubits: qubit k at position k.
        gates: every calibrated gate on every place.
        readout_ns: duration of a measurement in nanoseconds.
        dt_ns: the controller's sampling time in nanoseconds, None if not known.
    """

    name: str
    date: str
    source: str
    qubits: tuple[Qubit, ...]
    gates: tuple[GateCalibration, ...]
    readout_ns: float
    dt_ns: float | None = None

    @property
    def basis_gates(self) -> tuple[str, ...]:
        """Names of the gates, in the file's order."""
        return tuple(dict.fromkeys(gate.name for gate in self.gates))

    @property
    def coupling(self) -> tuple[tuple[int, ...], ...]:
        """Directed pairs of qubits that some two-qubit gate joins, sorted."""
        return tuple(sorted({gate.qubits for gate in self.gates if len(gate.qubits) == 2}))

    @cached_property
    def dead(self) -> tuple[int, ...]:
        """Qubits on which some one-qubit gate that others have is missing or of error 1."""
        single = [gate for gate in self.gates if len(gate.qubits) == 1 and gate.name != "id"]
        names = {gate.name for gate in single}
        alive = {(gate.name, gate.qubits[0]) for gate in single if gate.error < 1}
        return tuple(k for k in range(len(self.qubits)) if any((name, k) not in alive for name in names))

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What is odd in the numbers and how it is treated, one sentence each; empty for a sound calibration."""
        return tuple(f"{self.name}: {remark}" for remark in (*left_out(self), *doubts(self)))

    @cached_property
    def digest(self) -> str:
        """sha256 of the file's content, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The file's text: one line a column."""
        qubits = {key: [getattr(qubit, key) for qubit in self.qubits] for key in _QUBIT_KEYS}
        gates = {name: _gate_columns([g for g in self.gates if g.name == name]) for name in self.basis_gates}
        head = {key: getattr(self, key) for key in ("name", "date", "source", "dt_ns", "readout_ns")}
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        lines += [_block("qubits", qubits), _block("gates", gates)]
        return "{\n" + ",\n".join(lines) + "\n}\n"


_QUBIT_KEYS = ("t1_us", "t2_us", "p10", "p01")


def read_snapshot(path: Path) -> Snapshot:
    """Read and check a snapshot.

    Raises:
        UserError: see `read_plain` and `from_plain`.
    """
    return from_plain(read_plain(path), str(path))


def from_plain(plain: Mapping[str, Any], where: str) -> Snapshot:
    """The snapshot of a file's keys, see above; null or NaN is what is not calibrated.

    Args:
        plain: the file's keys.
        where: the file, for messages.

    Raises:
        UserError: a key is missing, or see `completed`.
    """
    try:
        rows = zip(*(_column(plain["qubits"][key], len(plain["qubits"]["t1_us"])) for key in _QUBIT_KEYS), strict=True)
        gates = []
        for name, columns in plain["gates"].items():
            places = columns["qubits"]
            values = [_column(columns[key], len(places)) for key in ("duration_ns", "error")]
            gates += [GateCalibration(name, _place(q), *v) for q, *v in zip(places, *values, strict=True)]
        snapshot = Snapshot(
            name=plain["name"],
            date=plain["date"],
            source=plain["source"],
            qubits=tuple(Qubit(*row) for row in rows),
            gates=tuple(gates),
            readout_ns=plain["readout_ns"],
            dt_ns=plain["dt_ns"],
        )
    except KeyError as error:
        raise UserError(f"{where} has no {error}; a calibration snapshot needs it, write the file again") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{where} is not a calibration snapshot, its lists differ in length or are none; write it again"
        ) from error
    return completed(snapshot, where)


def completed(snapshot: Snapshot, where: str) -> Snapshot:
    """Mark what is not calibrated as IBM does, by gates of error 1, and check the rest.

    Args:
        snapshot: None or NaN where a number is missing; a T1 or T2 of 0 is missing, too.
        where: the file or backend it came from, for messages.

    Returns:
        The same with numbers everywhere. Gates without a number, and all gates on a qubit without one, have error 1.

    Raises:
        UserError: see `checked`.
    """
    missing = {
        k
        for k, q in enumerate(snapshot.qubits)
        if 0 in (q.t1_us, q.t2_us) or any(map(_missing, (q.t1_us, q.t2_us, q.p10, q.p01)))
    }
    qubits = [
        Qubit(*(math.inf if _missing(t) or t == 0 else t for t in (q.t1_us, q.t2_us)), *map(_or_half, (q.p10, q.p01)))
        for q in snapshot.qubits
    ]
    gates = []
    for gate in snapshot.gates:
        lost = _missing(gate.error) or _missing(gate.duration_ns) or any(k in gate.qubits for k in missing)
        duration = 0.0 if _missing(gate.duration_ns) else gate.duration_ns
        gates.append(replace(gate, duration_ns=duration, error=1.0) if lost else gate)
    readout_ns = 0.0 if _missing(snapshot.readout_ns) else snapshot.readout_ns
    return checked(replace(snapshot, qubits=tuple(qubits), gates=tuple(gates), readout_ns=readout_ns), where)


def checked(snapshot: Snapshot, where: str) -> Snapshot:
    """Return the snapshot if its numbers are possible.

    Args:
        snapshot: to be checked.
        where: the file or backend it came from, for the message.

    Raises:
        UserError: a number is impossible, a gate is there twice on one place, or no qubit is usable; the message names
            the qubit or gate.
    """
    if not snapshot.qubits or not snapshot.gates:
        raise UserError(f"{where} calibrates no qubit or no gate; choose a backend that reports its calibration")
    for k, qubit in enumerate(snapshot.qubits):
        for key in _QUBIT_KEYS:
            require(key, getattr(qubit, key), f"{where}: {key} of qubit {k}")
    seen = set()
    for gate in snapshot.gates:
        place = f"{where}: gate {gate.name} on {gate.qubits}"
        _check_place(gate.qubits, len(snapshot.qubits), place)
        if (gate.name, gate.qubits) in seen:
            raise UserError(f"{place} is there twice; leave one out")
        seen.add((gate.name, gate.qubits))
        require("duration_ns", gate.duration_ns, f"{place}: duration_ns")
        require("error", gate.error, f"{place}: error")
    require("readout_ns", snapshot.readout_ns, f"{where}: readout_ns")
    if len(snapshot.dead) == len(snapshot.qubits):
        raise UserError(
            f"{where} has no qubit with T1, T2, readout and all one-qubit gates calibrated; fill in the values, or "
            "choose another backend"
        )
    return snapshot


def _place(qubits: Any) -> tuple[Any, ...]:
    if not isinstance(qubits, list):
        raise TypeError("the qubits of a gate are a list")
    return tuple(qubits)


def _check_place(qubits: tuple[Any, ...], count: int, place: str) -> None:
    if any(type(qubit) is not int for qubit in qubits):
        raise UserError(f"{place} does not name its qubits by whole numbers; mend them")
    if len(set(qubits)) != len(qubits) or not set(qubits) <= set(range(count)):
        raise UserError(f"{place} names qubits that are equal or not among 0..{count - 1}; mend them")


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _or_half(probability: Any) -> Any:
    """A readout error, or that of a detector that says nothing."""
    return 0.5 if _missing(probability) else probability


def _column(value: Any, length: int) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] * length


def _gate_columns(gates: list[GateCalibration]) -> dict[str, Any]:
    return {
        "qubits": [list(gate.qubits) for gate in gates],
        "duration_ns": _folded([gate.duration_ns for gate in gates]),
        "error": _folded([gate.error for gate in gates]),
    }


def _folded(column: list[float]) -> list[float] | float:
    return column[0] if len(set(column)) == 1 else column


def _block(key: str, columns: dict[str, Any]) -> str:
    inner = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in columns.items())
    return f"  {json.dumps(key)}: {{\n{inner}\n  }}"
