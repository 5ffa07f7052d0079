"""A machine of IBM Quantum Platform. The one file that knows the names of qiskit-ibm-runtime, which change often."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NoReturn, TypeVar

import numpy as np
from qiskit.primitives import PrimitiveResult
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, RuntimeJobNotFound, SamplerV2, Session
from qiskit_ibm_runtime.accounts.exceptions import (
    AccountNotFoundError,
    CloudResourceNameResolutionError,
    InvalidAccountError,
)
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, RuntimeInvalidStateError

from hqnn.errors import UserError, nearest, plain
from hqnn.execution.machines.deadlines import within
from hqnn.execution.machines.durations import duration_s, warn_of_length
from hqnn.execution.machines.provider import (
    REGISTER,
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
from hqnn.noise.vendors import from_ibm_properties
from hqnn.settings.machines import Machine

T = TypeVar("T")

DEADLINE_S = 120.0  # of one question; the client itself waits for ever
CONNECT_S = 5.0
JOB_SECONDS = 2.0  # of QPU time that IBM counts for a job beside its executions
LONGEST_S = 10_800  # that IBM lets a job run
LONGEST_SESSION_S = 28_800  # likewise a session
LONGEST_REASON = 200  # letters
SAME_TAG = 50  # jobs that are looked for under one tag
STATES: dict[str, State] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}

log = logging.getLogger(__name__)


class IbmProvider:
    """See `hqnn.execution.machines.provider.Provider`.

    The token comes from ``QISKIT_IBM_TOKEN``, or from the account that IBM's client saved.

    Args:
        machine: its name in the config.
        settings: its settings there.
    """

    limits = Limits(executions=10_000_000, jobs_per_minute=5)  # IBM's documentation, "Job limits", 2026

    def __init__(self, machine: str, settings: Machine) -> None:
        self.machine, self._settings = machine, settings
        self._mode: Session | None = None

    def calibration(self) -> Snapshot:
        """The newest properties, as our snapshot."""
        properties = self._ask("its calibration", lambda: self._backend.properties(refresh=True))
        if properties is None:
            raise UserError(f"{self._name} reports no calibration; name another backend")
        return from_ibm_properties(properties.to_dict(), self._name)

    def estimate(self, parts: Sequence[Task]) -> Estimate:
        """By IBM's formula: 2 s a job, and for every execution the circuit and the pause before it."""
        status = self._ask("its state", lambda: self._backend.status())
        if not status.operational or status.status_msg != "active":
            raise UserError(f"{self._name} takes no jobs now (state {status.status_msg!r}); run again later")
        for pub in (pub for part in parts for pub in part.pubs):
            if pub.circuit.num_qubits > self._backend.num_qubits:
                raise UserError(
                    f"{self._name} has {self._backend.num_qubits} qubits and the circuit {pub.circuit.num_qubits}; run "
                    "again with --forcerun calibrate"
                )
        snapshot = self.calibration()
        warn_of_length(parts[0], snapshot)
        pause = (self._settings.rep_delay_us or 0.0) * 1e-6 or self._backend.default_rep_delay or 0.0
        seconds = sum(
            len(pub.values) * part.shots * (pause + duration_s(pub.circuit, snapshot))
            for part in parts
            for pub in part.pubs
        )
        left = self._ask("the account's usage", lambda: self._service.usage()).get("usage_remaining_seconds")
        return Estimate(
            len(parts),
            sum(part.executions for part in parts),
            JOB_SECONDS * len(parts) + seconds,
            left,
            status.pending_jobs,
        )

    def enter(self, session: str | None) -> str | None:
        """A batch or a session; IBM ends a session by itself once it has taken the time of the cap."""
        known = None if session is None else self._known(session)
        details = known and self._ask(f"{self._settings.mode} {session}", lambda: _details(known))
        if not details or details["state"] == "closed" or not details["accepting_jobs"]:
            known = self._ask(f"a {self._settings.mode}", self._opened)
        self._mode = known
        return known and known.session_id

    def leave(self, session: str) -> None:
        """IBM does so by itself after a while without jobs."""
        self._ask(f"the end of {session}", self._known(session).close)
        self._mode = None

    def _opened(self) -> Session:
        if self._settings.mode == "batch":
            return Batch(self._backend)
        return Session(self._backend, max_time=min(LONGEST_SESSION_S, max(1, int(self._settings.max_seconds))))

    def _known(self, session: str) -> Session:
        """As the client makes it of an id, without what it asks on the way; both kinds are closed alike."""
        if self._mode is not None and self._mode.session_id == session:
            return self._mode
        known = (Batch if self._settings.mode == "batch" else Session)(self._backend, create_new=False)
        known._session_id = session
        return known

    def submit(self, task: Task, tag: str) -> str:
        """One job of the Sampler."""
        sampler = SamplerV2(mode=self._mode or self._backend)
        self._set_options(sampler.options, tag)
        pubs = [(pub.circuit, pub.values) if pub.circuit.parameters else (pub.circuit,) for pub in task.pubs]
        job = self._ask("a job", lambda: sampler.run(pubs, shots=task.shots), sends=True)
        return str(job.job_id())

    def find(self, tag: str) -> list[str]:
        """By the server's list of jobs."""
        jobs = self._ask("its list of jobs", lambda: self._tagged(tag))
        states = [(job, self._ask(f"job {job.job_id()}", job.status)) for job in jobs]
        return [str(job.job_id()) for job, state in states if STATES.get(state) not in ("failed", "cancelled")]

    def status(self, job: str) -> Status:
        """With place in the queue and expected start while it waits."""
        try:
            found = self._ask(f"job {job}", lambda: self._service.job(job))
        except RuntimeJobNotFound:
            return Status("unknown", reason="the account has no such job")
        state = STATES.get(self._ask(f"job {job}", found.status), "unknown")
        if state == "queued":
            said = self._ask(f"job {job}", found.metrics)
            return Status(state, said.get("position_in_queue"), said.get("estimated_start_time"))
        reason = self._ask(f"job {job}", found.error_message) if state == "failed" else ""
        return Status(state, reason=" ".join(str(reason or "").split())[:LONGEST_REASON])

    def collect(self, job: str) -> Counts:
        """Counts, what ran, and QPU seconds."""
        found = self._ask(f"job {job}", lambda: self._service.job(job))
        result = self._ask(f"the results of job {job}", found.result)
        if not isinstance(result, PrimitiveResult):
            raise UnreachableError(f"{self._name} gave no results of job {job} but {type(result).__name__}")
        try:
            arrays = [pub.data[REGISTER].array for pub in result]
        except (AttributeError, KeyError) as error:
            raise UserError(f"job {job} of {self._name} has no counts in the register {REGISTER!r}") from error
        ran = self._ask(f"the inputs of job {job}", lambda: found.inputs)
        used = self._ask(f"the usage of job {job}", found.metrics).get("usage") or {}
        bits = tuple(array if array.ndim == 3 else array[None] for array in arrays)
        return Counts(bits, _task(ran.get("pubs")), used.get("quantum_seconds"))

    def cancel(self, job: str) -> None:
        """By its id."""
        try:
            self._ask(f"job {job}", lambda: self._service.job(job).cancel())
        except RuntimeInvalidStateError:
            log.info("job %s has ended already", job)

    @property
    def _name(self) -> str:
        return f"machine {self.machine} ({self._settings.backend} of IBM)"

    @cached_property
    def _service(self) -> QiskitRuntimeService:
        service = self._ask("the account", lambda: QiskitRuntimeService(instance=self._settings.instance or None))
        self._send_once(service)
        return service

    @cached_property
    def _backend(self) -> Any:
        try:
            backend = self._ask("the machine", lambda: self._service.backend(self._settings.backend))
        except QiskitBackendNotFoundError as error:  # which stands for every fault of the list, too
            self._ask("the account's usage", self._service.usage)
            known = [backend.name for backend in self._ask("the machines", self._service.backends)]
            raise UserError(
                f"machine {self.machine}: IBM has no {self._settings.backend!r} for this account"
                f"{nearest(self._settings.backend, known)}"
            ) from error
        self._send_once(self._service)
        return backend

    @staticmethod
    def _send_once(service: QiskitRuntimeService) -> None:
        """Behind a proxy a lost answer would be taken for a lost request, and the job be sent five times more.

        What is asked on the way to sending would wait for ever.
        """
        for client in {id(c): c for c in (service._active_api_client, *service._api_clients.values())}.values():
            client._session._timeout = (CONNECT_S, DEADLINE_S)
            for adapter in client._session.adapters.values():
                adapter.max_retries = adapter.max_retries.new(other=0)

    def _set_options(self, options: Any, tag: str) -> None:
        """One by one, as every version of the client takes them."""
        settings = self._settings
        options.environment.job_tags = [tag]
        options.max_execution_time = max(1, min(LONGEST_S, int(settings.max_seconds)))
        if settings.rep_delay_us is not None:
            options.execution.rep_delay = settings.rep_delay_us * 1e-6
        if settings.dynamical_decoupling:
            options.dynamical_decoupling.enable = True
            options.dynamical_decoupling.sequence_type = settings.dynamical_decoupling
        if settings.twirling:
            options.twirling.enable_gates = options.twirling.enable_measure = True

    def _tagged(self, tag: str) -> list[Any]:
        """Oldest first, of all instances where none is set."""
        instances = [None] if self._settings.instance else [one["crn"] for one in self._service.instances()]
        found = {
            job.job_id(): job
            for instance in instances
            for job in self._service.jobs(limit=SAME_TAG, job_tags=[tag], instance=instance)
        }
        return sorted(found.values(), key=lambda job: str(job.creation_date))

    def _ask(self, what: str, call: Callable[[], T], *, sends: bool = False) -> T:
        """One call of the client, its errors sorted.

        Questions have a deadline. Sending has none but those of its requests: a call that nobody waits for any more
        might still send, after its job was found not to be there.
        """
        try:
            return call() if sends else within(DEADLINE_S, call)
        except (UserError, QiskitBackendNotFoundError, RuntimeJobNotFound, RuntimeInvalidStateError):
            raise
        except Exception as error:
            self._sort(what, error, sends)

    def _sort(self, what: str, error: Exception, sends: bool) -> NoReturn:
        code, said = _status_code(error), _said(error)
        if isinstance(error, AccountNotFoundError):
            raise UserError(
                f"{self._name} has no account: export QISKIT_IBM_TOKEN, or save one with "
                "QiskitRuntimeService.save_account, and run again"
            ) from error
        if isinstance(error, CloudResourceNameResolutionError) or (
            isinstance(error, IBMInputValueError) and "instance" in said.lower()
        ):
            raise UserError(
                f"{self._name}: the account has no instance {self._settings.instance!r}{_instances()}"
            ) from error
        if isinstance(error, IBMNotAuthorizedError) or code in (401, 403):
            raise UserError(
                f"{self._name} refused {what} (HTTP {code or 401}): the token is wrong, has expired, or has no access "
                "to the instance; export a valid QISKIT_IBM_TOKEN and run again, nothing is lost"
            ) from error
        if isinstance(error, InvalidAccountError):
            raise UnreachableError(
                f"{self._name}: the account's instances could not be listed, so either IBM cannot be reached or the "
                "token in QISKIT_IBM_TOKEN is wrong; check both and run again"
            ) from error
        if sends and code == 404:
            raise UserError(f"{self._name}: IBM runs no such machine any more; name another") from error
        if sends and code == 409:
            raise UserError(f"{self._name}: the instance has no QPU time left; name another, or wait") from error
        if sends and code == 429:
            raise UserError(f"{self._name} took too many jobs in a minute; run again in a minute") from error
        if code is not None and 400 <= code < 500 and code not in (408, 429):
            raise UserError(f"{self._name} refused {what} (HTTP {code}): {said}") from error
        if isinstance(error, IBMInputValueError | ValueError) and code is None and not _is_torn(error):
            raise UserError(f"{self._name} cannot do that: {said}") from error
        kind = InDoubtError if sends else UnreachableError
        raise kind(f"{self._name} gave no answer about {what} ({said}), try again later") from error


def _instances() -> str:
    """The instances there are, for a message; nothing where they cannot be listed."""
    try:
        known = within(DEADLINE_S, lambda: QiskitRuntimeService().instances())
    except Exception:
        log.info("the instances cannot be listed", exc_info=True)
        return "; name one that there is"
    return f"; there are {', '.join(one['name'] for one in known)}"


def _details(session: Session) -> dict[str, Any] | None:
    """What IBM says of a batch or session; None where it has none of this id."""
    try:
        details: dict[str, Any] | None = session.details()
    except RequestsApiError as error:
        if error.status_code == 404:
            return None
        raise
    return details


def _task(pubs: Any) -> Task | None:
    """What a job says that it ran."""
    if not pubs:
        return None
    tables = [np.asarray(pub[1], dtype=float) for pub in pubs]
    ran = [
        Pub(f"pub{k}", pub[0], table if table.ndim == 2 else table.reshape(1, -1))
        for k, (pub, table) in enumerate(zip(pubs, tables, strict=True))
    ]
    return Task(tuple(ran), int(pubs[0][2] or 0))


def _said(error: Exception) -> str:
    """What an error says; of one that the client wraps in its own and in addresses, the heart."""
    heart = re.search(r"Caused by \w+\((.*?)\)+\W*$", str(error).splitlines()[0] if str(error) else "")
    return heart[1].strip("'\"\\") if heart else plain(error).strip("'\"")


def _is_torn(error: Exception) -> bool:
    """Whether an answer was no JSON, which is a `ValueError`, too."""
    return "JSONDecode" in type(error).__name__ or "JSONDecode" in str(type(error).__mro__)


def _status_code(error: BaseException | None) -> int | None:
    """Of the answer behind an error; None where there was none, which the client calls -1."""
    while error is not None:
        code = getattr(error, "status_code", None)
        if isinstance(code, int) and code > 0:
            return code
        error = error.__cause__ or error.__context__
    return None
