"""The machine behind a name in the config, and what it says of itself now."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.execution.machines.aer import AerProvider, perfect
from hqnn.execution.machines.provider import Provider
from hqnn.execution.machines.snapshot import SnapshotProvider
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.noise.snapshot import Snapshot
from hqnn.settings.machines import Machine
from hqnn.store import write_text

log = logging.getLogger(__name__)


def real_provider(name: str, machine: Machine) -> Provider:
    """A machine that jobs are sent to.

    Args:
        name: of the machine in the config.
        machine: its settings.

    Raises:
        UserError: it is simulated.
    """
    if machine.provider == "ibm":
        from hqnn.execution.machines.ibm import IbmProvider

        return IbmProvider(name, machine)
    if machine.provider == "iqm":
        from hqnn.execution.machines.iqm import IqmProvider

        return IqmProvider(name, machine.url, machine.quantum_computer, machine.dynamical_decoupling)
    raise UserError(f"machine {name}: nothing can be sent to provider {machine.provider!r}; name provider ibm or iqm")


def simulated_provider(at: SnapshotBackend, machine: Machine | None, seed: int) -> SnapshotProvider:
    """A machine whose jobs run at once, in this process.

    Args:
        at: made of its calibration.
        machine: its settings in the config; None for a calibration alone.
        seed: of the first job's sampling.
    """
    if machine is None:
        return SnapshotProvider(at, seed)
    warn_of_ignored(at.name, machine)
    return (AerProvider if machine.provider == "aer" else SnapshotProvider)(at, seed)


def warn_of_ignored(name: str, machine: Machine) -> None:
    """Say what a simulated machine does not do of what is asked for."""
    if machine.ignored:
        log.warning(
            "machine %s is simulated without %s, which real machines alone have; leave it out, or name a real one",
            name,
            " and ".join(machine.ignored),
        )


def calibration_now(name: str, machine: Machine) -> Snapshot:
    """What is known of a machine now.

    Args:
        name: of the machine in the config.
        machine: its settings.

    Raises:
        UserError: it cannot be asked, or reports nothing.
    """
    if machine.provider == "snapshot":
        return replace(snapshot(machine.backend), name=name)
    if machine.provider == "aer":
        return perfect(snapshot(machine.backend), name)
    return replace(real_provider(name, machine).calibration(), name=name)


def write_calibration(output: str | os.PathLike[str], name: str, machine: Mapping[str, Any]) -> None:
    """Write what a machine says of its qubits and gates now.

    Args:
        output: a snapshot, in our JSON.
        name: of the machine in the config.
        machine: its settings there.

    Raises:
        UserError: it cannot be asked, or reports nothing.
    """
    write_text(output, calibration_now(name, Machine.model_validate(machine)).to_json())
