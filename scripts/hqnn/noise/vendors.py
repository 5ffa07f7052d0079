"""Calibrations as vendors write them: what IBM's packages save is read, other files are named for what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hqnn.errors import UserError, nearest
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, completed

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
NO_GATES = ("delay", "measure", "reset")
FRACTIONAL = ("rx", "rzz")  # taken by the machine for some angles alone, and by its transpiler only when asked to

Values = Mapping[str, tuple[Any, str]]


def is_ibm_properties(plain: Mapping[str, Any]) -> bool:
    """Whether keys are those of `backend.properties().to_dict()` of IBM's packages."""
    return isinstance(plain.get("qubits"), list) and isinstance(plain.get("gates"), list)


def refuse_other_files(plain: Mapping[str, Any], where: str) -> None:
    """Refuse what a vendor's packages save beside calibrations.

    Raises:
        UserError: it is such a file; the message says which one is wanted.
    """
    if "basis_gates" in plain or "coupling_map" in plain:
        raise UserError(
            f"{where} is the configuration of an IBM backend, which says no errors; save its calibration by "
            "json.dump(backend.properties().to_dict(), file, default=str)"
        )
    if {"calibration_set_id", "observations", "computational_resonators", "qubit_connectivity"} & plain.keys():
        raise UserError(
            f"{where} is a file of IQM's packages, which is not read; write T1, T2, durations and errors into a YAML "
            "file as resources/calibrations/published_lima.yaml has them"
        )


def from_ibm_properties(plain: Mapping[str, Any], where: str) -> Snapshot:
    """The snapshot that IBM's `backend.properties().to_dict()` stands for.

    Fractional gates are left out where the machine has `sx` beside them, as its transpiler does.

    Args:
        plain: its keys.
        where: the file, for messages.

    Raises:
        UserError: a key is missing, a unit is unknown, or see `completed`.
    """
    try:
        tables = [_by_name(entries) for entries in plain["qubits"]]
        entries = [(gate["gate"], tuple(gate["qubits"]), _by_name(gate["parameters"])) for gate in plain["gates"]]
        name, date = str(plain["backend_name"]), str(plain["last_update_date"])
    except KeyError as error:
        raise UserError(
            f"{where} has no {error}, which the properties of an IBM backend have; save them anew"
        ) from None
    except (TypeError, AttributeError) as error:
        raise UserError(f"{where} is not what properties().to_dict() of an IBM backend gives; save it anew") from error
    names = {gate for gate, _, _ in entries}
    left_out = {*NO_GATES, *(FRACTIONAL if "sx" in names else ())}
    gates = [
        GateCalibration(gate, places, _time(values, "gate_length", 1e-9, where), _number(values, "gate_error"))
        for gate, places, values in sorted(entries, key=lambda entry: entry[:2])
        if gate not in left_out
    ]
    readout_ns = max((_time(values, "readout_length", 1e-9, where) or 0.0 for values in tables), default=0.0)
    qubits = tuple(_qubit(values, where) for values in tables)
    return completed(Snapshot(name, date, f"properties of {name}", qubits, tuple(gates), readout_ns), where)


def _by_name(entries: Sequence[Mapping[str, Any]]) -> Values:
    return {entry["name"]: (entry["value"], str(entry.get("unit", ""))) for entry in entries}


def _qubit(values: Values, where: str) -> Qubit:
    """One qubit, its numbers None where it is out of operation."""
    if not values.get("operational", (True, ""))[0]:
        return Qubit(*[_number({}, "")] * 4)
    symmetric = _number(values, "readout_error")
    flips = [_number(values, key) for key in ("prob_meas1_prep0", "prob_meas0_prep1")]
    return Qubit(
        *(_time(values, key, 1e-6, where) for key in ("T1", "T2")),
        *(symmetric if flip is None else flip for flip in flips),
    )


def _number(values: Values, key: str) -> Any:
    return _digits(values.get(key, (None, ""))[0])


def _time(values: Values, key: str, unit: float, where: str) -> Any:
    """A time in a unit of so many seconds."""
    value, written = values.get(key, (None, "us"))
    if written not in SECONDS:
        raise UserError(f"{where}: {key} is in {written!r}{nearest(written, SECONDS)}; save the properties anew")
    return _digits(value, SECONDS[written] / unit)


def _digits(value: Any, factor: float = 1.0) -> Any:
    """A number to the twelve digits that a snapshot keeps; what is none as it is."""
    return float(f"{value * factor:.12g}") if isinstance(value, int | float) else value
