"""Write the shipped calibration files from the fake backends of the installed packages.

    python -m hqnn.noise.export_snapshots resources/calibrations

Fake backends change between versions of their package, so the numbers are kept as our own JSON.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, checked
from hqnn.noise.thermal import relaxation_of, total_error

IBM = {
    "ibm_brisbane": "FakeBrisbane",
    "ibm_fez": "FakeFez",
    "ibm_torino": "FakeTorino",
    "ibmq_kolkata": "FakeKolkataV2",
    "ibmq_lima": "FakeLimaV2",
}
READOUT = ("prob_meas1_prep0", "prob_meas0_prep1")
IQM = {"iqm_adonis": "IQMFakeAdonis", "iqm_apollo": "IQMFakeApollo"}


def snapshot_of_ibm(backend: Any, name: str, source: str) -> Snapshot:
    """The calibration of an IBM backend, fake or real.

    Args:
        backend: a ``BackendV2`` with ``properties()``; the readout's two probabilities are only there.
        name: of the snapshot.
        source: package and version.

    Raises:
        UserError: a gate or qubit is not calibrated.
    """
    target, properties = backend.target, backend.properties()
    gates = [
        GateCalibration(gate, places, _digits(found.duration, 1e9), _digits(found.error))
        for gate in sorted(target.operation_names)
        for places, found in sorted((target[gate] or {}).items(), key=lambda item: item[0] or ())
        if gate not in {"measure", "reset", "delay"} and places is not None
    ]
    qubits = [
        Qubit(
            _digits(found.t1, 1e6),
            _digits(found.t2, 1e6),
            *(_digits(properties.qubit_property(k).get(key, (None,))[0]) for key in READOUT),
        )
        for k, found in enumerate(target.qubit_properties)
    ]
    readout_ns = max(_digits(found.duration, 1e9) or 0.0 for found in target["measure"].values())
    date = properties.last_update_date.isoformat()
    return checked(
        Snapshot(name, date, source, tuple(qubits), tuple(gates), readout_ns, _digits(target.dt, 1e9)), source
    )


def snapshot_of_iqm(backend: Any, name: str, source: str) -> Snapshot:
    """The calibration of an IQM fake backend.

    Its error profile holds depolarising fractions beside relaxation; the error of both together is stored. The profile
    has no measurement time: it counts as 0, which no noise model uses.

    Args:
        backend: an ``IQMFakeBackend``.
        name: of the snapshot.
        source: package and version.
    """
    profile, index = backend.error_profile, backend.qubit_name_to_index
    times = {index(q): (profile.t1s[q] * 1e-3, profile.t2s[q] * 1e-3) for q in profile.t1s}
    flips = {index(q): (found["0"], found["1"]) for q, found in profile.readout_errors.items()}
    qubits = tuple(Qubit(*times[k], *flips[k]) for k in sorted(times))
    gates = []
    for kind in ("single", "two"):
        durations = getattr(profile, f"{kind}_qubit_gate_durations")
        for gate, places in getattr(profile, f"{kind}_qubit_gate_depolarizing_error_parameters").items():
            for place, fraction in places.items():
                on = (index(place),) if kind == "single" else tuple(index(q) for q in place)
                error = total_error(fraction, relaxation_of([qubits[q] for q in on], durations[gate]))
                gates.append(GateCalibration({"prx": "r"}.get(gate, gate), on, durations[gate], _digits(error)))
    return checked(Snapshot(name, "undated", source, qubits, tuple(gates), 0.0), source)


def main(folder: Path) -> None:
    """Write every shipped snapshot into a folder."""
    from iqm.qiskit_iqm import fake_backends as iqm
    from qiskit_ibm_runtime import fake_provider as ibm

    for name, fake in IBM.items():
        source = f"{fake} of qiskit-ibm-runtime {version('qiskit-ibm-runtime')}"
        (folder / f"{name}.json").write_text(snapshot_of_ibm(getattr(ibm, fake)(), name, source).to_json())
    for name, fake in IQM.items():
        source = f"{fake} of iqm-client {version('iqm-client')}"
        (folder / f"{name}.json").write_text(snapshot_of_iqm(getattr(iqm, fake)(), name, source).to_json())


def _digits(value: float | None, factor: float = 1.0) -> Any:
    """Twelve significant digits: below what a calibration resolves, free of the last bit's noise."""
    return None if value is None else float(f"{value * factor:.12g}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
