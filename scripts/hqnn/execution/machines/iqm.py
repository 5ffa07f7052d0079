"""Machines of IQM Resonance, through ``iqm-client``; the only file that knows its names.

The client repeats no call, so one POST is one job; the server keeps no tags, so a POST without an answer stays in
doubt. Circuits travel bound, a batch of them as one job, and each carries what it is in its metadata: what a job ran is
read back from the server and compared with it. Qubit ``QBn`` is qubit n - 1 here, whatever is calibrated on the day.
"""

from __future__ import annotations

import base64
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import requests
from exa.common.errors import iqm_error
from iqm.iqm_client import CircuitCompilationOptions
from iqm.qiskit_iqm import IQMProvider
from iqm.station_control.client.authentication import ClientAuthenticationError, ClientConfigurationError
from qiskit import qpy
from qiskit.circuit import QuantumCircuit
from urllib3.exceptions import MaxRetryError, NewConnectionError

from hqnn.errors import UserError, plain
from hqnn.execution.machines.iqm_calibration import calibration_of
from hqnn.execution.machines.iqm_results import bits_of
from hqnn.execution.machines.provider import (
    Counts,
    Estimate,
    InDoubtError,
    Limits,
    Pub,
    State,
    Status,
    Task,
    UnreachableError,
)
from hqnn.noise.snapshot import Snapshot

REFUSED = {  # the server answered, and took nothing
    iqm_error.InvalidOperationError: "refuses the request; ask its operator",
    iqm_error.AuthenticationError: "does not accept the token; put a valid one into IQM_TOKEN",
    iqm_error.ForbiddenError: "does not allow this to the token's owner; ask for access, or name another machine",
    iqm_error.NotFoundError: "does not know what was asked for; name another machine or job",
    iqm_error.ConflictError: "refuses the request as things stand; see its dashboard",
    iqm_error.DataSizeError: "takes no job of this size; lower execution.subset or shots",
    iqm_error.ValidationError: "refuses the circuits; compile again for its calibration of today",
    iqm_error.RateLimitError: "takes no more requests now; wait, and run again",
}
STATES: dict[str, State] = {
    "waiting": "queued",
    "processing": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
SEQUENCES = {"XX": "XX", "XY4": "YXYX", "XpXm": [(np.pi, 0.0), (np.pi, np.pi)]}  # the last: X, then X backwards

log = logging.getLogger(__name__)


@dataclass
class IqmProvider:
    """One machine of IQM; see `hqnn.execution.machines.provider.Provider`.

    The token comes from the client's own variables, ``IQM_TOKEN`` or ``IQM_TOKENS_FILE``.

    Attributes:
        machine: its name in the config.
        url: of the server.
        quantum_computer: the machine's name there.
        dynamical_decoupling: one of `SEQUENCES` on idle qubits, or empty.
        limits: none that is published; what is too large is refused when it is sent.
    """

    machine: str
    url: str
    quantum_computer: str
    dynamical_decoupling: str = ""
    limits: Limits = field(default_factory=Limits)

    def calibration(self) -> Snapshot:
        """What the machine says of its qubits and gates now."""
        with self._asking():
            architecture = self._backend.client.get_dynamic_quantum_architecture(None)
        try:
            with self._asking():
                metrics = self._backend.client._get_calibration_quality_metrics(architecture.calibration_set_id)
        except UserError as error:
            if not isinstance(error.__cause__, iqm_error.NotFoundError):
                raise
            log.warning(
                "%s publishes no quality metrics, so its calibration holds places of gates alone: layouts are not "
                "chosen by errors, and there is no noise to predict its results with",
                self.machine,
            )
            metrics = None
        return calibration_of(self.machine, self._source, architecture, metrics)

    def estimate(self, parts: Sequence[Task]) -> Estimate:
        """Executions alone, since IQM gives no formula; circuits are checked against today's calibration."""
        for pub in {pub.name: pub for part in parts for pub in part.pubs}.values():
            self._definition(Task((Pub(pub.name, pub.circuit, pub.values[:1]),), 1), "estimate")
        return Estimate(len(parts), sum(part.executions for part in parts), None)

    def enter(self, session: str | None) -> None:
        """Nothing: there are no sessions."""

    def leave(self, session: str) -> None:
        """Nothing, likewise."""

    def submit(self, task: Task, tag: str) -> str:
        """Send one job; the only POST there is."""
        definition = self._definition(task, tag)
        try:
            with self._asking():
                return str(self._backend.client.submit_circuit_job(definition).job_id)
        except UnreachableError as error:
            if _never_connected(error.__cause__):
                raise
            raise InDoubtError(
                f"{self.machine} may have taken job {tag}, but did not say so ({plain(error.__cause__ or error)}); "
                f"look on the dashboard of {self.url} for a job of {task.rows} circuits whose metadata hold {tag}"
            ) from error

    def find(self, tag: str) -> list[str] | None:
        """Nobody can say: the server keeps no tags."""
        return None

    def status(self, job: str) -> Status:
        """How a job stands."""
        try:
            with self._asking():
                found = self._backend.client.get_job(UUID(job)).job_data
        except UserError as error:
            if isinstance(error.__cause__, iqm_error.NotFoundError):
                return Status("unknown")
            raise
        reasons = [*(str(one.message) for one in found.errors), *(str(one.message) for one in found.messages)]
        return Status(STATES.get(str(found.status), "unknown"), found.queue_position, reason="; ".join(reasons))

    def collect(self, job: str) -> Counts:
        """What a job gave that is done, and what the server says that it ran."""
        with self._asking():
            results = self._backend.client.get_job_measurements(UUID(job))
            payload = self._backend.client.get_job(UUID(job)).payload()
        task = self._task(job, payload)
        if len(results) != task.rows:
            raise UserError(
                f"job {job} of {self.machine} gave results of {len(results)} of its {task.rows} circuits; delete its "
                "line from the ledger to have it sent and paid again, or ask the operator"
            )
        rows = iter(results)
        bits = [[bits_of(next(rows), pub.circuit, task.shots, job) for _ in pub.values] for pub in task.pubs]
        return Counts(tuple(np.stack(own) for own in bits), task)

    def cancel(self, job: str) -> None:
        """Take a job back."""
        with self._asking():
            self._backend.client.cancel_job(UUID(job))

    @cached_property
    def _backend(self) -> Any:
        # what is pinned here is today's calibration: the job runs with it even if the default changes meanwhile
        return IQMProvider(self.url, quantum_computer=self.quantum_computer).get_backend()

    @property
    def _source(self) -> str:
        return f"{self.quantum_computer} of {self.url}"

    def _definition(self, task: Task, tag: str) -> Any:
        """The job as it is sent; nothing is.

        Raises:
            UserError: the machine's calibration lacks a gate or qubit that a circuit has.
        """
        circuits = [circuit for pub in task.pubs for circuit in _bound(pub, tag)]
        with self._asking():
            try:
                return self._backend.client.create_circuit_job_definition(
                    [self._written(circuit) for circuit in circuits],
                    calibration_set_id=self._backend._calibration_set_id,
                    shots=task.shots,
                    options=_options(self.dynamical_decoupling),
                )
            except (iqm_error.CircuitValidationError, ValueError) as error:
                raise UserError(
                    f"{self.machine} cannot run the circuit with its calibration of today ({plain(error)}); compile it "
                    "again"
                ) from error

    def _written(self, circuit: QuantumCircuit) -> Any:
        """A bound circuit in IQM's form."""
        return self._backend.serialize_circuit(circuit, {k: f"QB{k + 1}" for k in range(circuit.num_qubits)})

    def _task(self, job: str, payload: Any) -> Task:
        """The task of a job from what its circuits say, proved by their instructions.

        Raises:
            UserError: they are not the circuits that were sent.
        """
        try:
            about = [circuit.metadata for circuit in payload.circuits]
            task = _task_of(about, payload.shots)
            sent = [self._written(circuit) for pub in task.pubs for circuit in _bound(pub, about[0]["tag"])]
            same = [one.instructions for one in sent] == [one.instructions for one in payload.circuits]
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise UserError(f"job {job} of {self.machine} was not sent by this program; name one that was") from error
        if not same:
            raise UserError(f"job {job} of {self.machine} ran other circuits than were sent; ask its operator")
        return task

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Sort what the client raises, and keep its warnings from the terminal."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except tuple(REFUSED) as error:
            cure = next(said for kind, said in REFUSED.items() if isinstance(error, kind))
            raise UserError(f"{self._source} {cure} ({plain(error)})") from error
        except (ClientConfigurationError, ClientAuthenticationError) as error:
            raise UserError(
                f"{self._source} cannot be asked: {plain(error)}; mend url, quantum_computer or IQM_TOKEN"
            ) from error
        except UserError:
            raise
        except (iqm_error.IQMError, requests.RequestException, ValueError, RuntimeError) as error:
            raise UnreachableError(
                f"{self._source} gave no answer that can be read ({plain(error)}); run again later"
            ) from error


def _bound(pub: Pub, tag: str) -> list[QuantumCircuit]:
    """A circuit a row, each with what it is; the first with the circuit of all."""
    circuits = []
    for row, values in enumerate(pub.values):
        circuit = pub.circuit.assign_parameters(values)
        circuit.metadata = {"tag": tag, "pub": pub.name, "values": values.tolist()}
        if row == 0:
            stream = io.BytesIO()
            qpy.dump(pub.circuit, stream)
            circuit.metadata["circuit"] = base64.b64encode(stream.getvalue()).decode()
        circuits.append(circuit)
    return circuits


def _task_of(about: Sequence[Any], shots: int) -> Task:
    """The task whose circuits carry these metadata."""
    tables: dict[str, list[list[float]]] = {}
    circuits: dict[str, QuantumCircuit] = {}
    for own in about:
        tables.setdefault(own["pub"], []).append(own["values"])
        if "circuit" in own:
            circuits[own["pub"]] = qpy.load(io.BytesIO(base64.b64decode(own["circuit"])))[0]
    pubs = (Pub(name, circuits[name], np.array(table, dtype=float)) for name, table in tables.items())
    return Task(tuple(pubs), shots)


def _options(dynamical_decoupling: str) -> Any:
    from iqm.station_control.interface.models import DDMode, DDStrategy

    if not dynamical_decoupling:
        return CircuitCompilationOptions()
    sequence = SEQUENCES[dynamical_decoupling]
    strategy = DDStrategy(gate_sequences=[(len(sequence), sequence, "center")])
    return CircuitCompilationOptions(dd_mode=DDMode.ENABLED, dd_strategy=strategy)


def _never_connected(error: BaseException | None) -> bool:
    """Whether a call failed before anything was sent."""
    if error is None:
        return False
    inner = error.args[0] if error.args else None
    refused = isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
    return refused or isinstance(error, requests.ConnectTimeout) or _never_connected(error.__cause__)
