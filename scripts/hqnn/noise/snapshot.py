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
import logging
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hqnn.errors import UserError

logger = logging.getLogger(__name__)


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
    def remarks(self) -> tuple[str, ...]:
        """What is odd in the numbers and how it is treated, one sentence each; empty for a sound calibration."""
        long_t2 = [k for k, qubit in enumerate(self.qubits) if qubit.t2_us > 2 * qubit.t1_us]
        dead = [f"{gate.name} on {gate.qubits}" for gate in self.gates if gate.error >= 1]
        found = []
        if long_t2:
            found.append(
                f"{self.name}: T2 exceeds 2 T1 on {len(long_t2)} of {len(self.qubits)} qubits "
                f"({_listed(long_t2)}); noise models cut it to 2 T1"
            )
        if dead:
            found.append(
                f"{self.name}: {len(dead)} gates are reported with error 1, not calibrated ({_listed(dead)}); "
                "noise models depolarise them fully and compilation avoids them"
            )
        return tuple(found)

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
    """Read and check a snapshot; what is odd but usable is logged, see `Snapshot.remarks`.

    Raises:
        UserError: the file is missing, cut short, lacks a calibration or holds an impossible value.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give the path of a calibration file") from error
    except ValueError as error:
        raise UserError(
            f"{path} is not JSON ({error}), it may have been cut short; write it again with "
            "python -m hqnn.noise.export_snapshots"
        ) from error
    snapshot = _from_plain(plain, str(path))
    checked(snapshot, str(path))
    for remark in snapshot.remarks:
        logger.info(remark)
    return snapshot


def checked(snapshot: Snapshot, where: str) -> Snapshot:
    """Return the snapshot if its numbers are possible.

    Args:
        snapshot: to be checked.
        where: the file or backend it came from, for the message.

    Raises:
        UserError: a number is missing or impossible; the message names the qubit or gate.
    """
    if not snapshot.qubits or not snapshot.gates:
        raise UserError(f"{where} calibrates no qubit or no gate; choose a backend that reports its calibration")
    for k, qubit in enumerate(snapshot.qubits):
        for key in ("t1_us", "t2_us"):
            _require(getattr(qubit, key), math.inf, f"{where}: {key} of qubit {k}", positive=True)
        for key in ("p10", "p01"):
            _require(getattr(qubit, key), 1, f"{where}: {key} of qubit {k}")
    for gate in snapshot.gates:
        place = f"{where}: gate {gate.name} on {gate.qubits}"
        if len(set(gate.qubits)) != len(gate.qubits) or not set(gate.qubits) <= set(range(len(snapshot.qubits))):
            raise UserError(
                f"{place} names qubits that are equal or not among 0..{len(snapshot.qubits) - 1}; mend them"
            )
        _require(gate.duration_ns, math.inf, f"{place}: duration_ns")
        _require(gate.error, 1, f"{place}: error")
    _require(snapshot.readout_ns, math.inf, f"{where}: readout_ns")
    return snapshot


def _require(value: Any, highest: float, what: str, positive: bool = False) -> None:
    if value is None:
        raise UserError(f"{what} is not calibrated; fill in the value or choose another snapshot of this backend")
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise UserError(f"{what} is {value!r}, not a number; correct it")
    if value < 0 or value > highest or (positive and value == 0):
        limits = (
            f"{'above 0' if positive else 'at least 0'}{'' if highest == math.inf else f' and at most {highest:g}'}"
        )
        raise UserError(f"{what} is {value!r}, it must be {limits}; correct it")


def _from_plain(plain: Any, where: str) -> Snapshot:
    try:
        rows = zip(*(_column(plain["qubits"][key], len(plain["qubits"]["t1_us"])) for key in _QUBIT_KEYS), strict=True)
        gates = []
        for name, columns in plain["gates"].items():
            places = columns["qubits"]
            values = [_column(columns[key], len(places)) for key in ("duration_ns", "error")]
            gates += [GateCalibration(name, tuple(q), *v) for q, *v in zip(places, *values, strict=True)]
        return Snapshot(
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
        raise UserError(f"{where} is not a calibration snapshot ({error}); write it again") from error


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


def _listed(items: list[Any], most: int = 6) -> str:
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown}, …"
