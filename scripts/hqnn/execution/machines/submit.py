"""Sending an order to a machine: what it takes is said first, what was sent once is never sent again.

An order is known by the digests of circuit, weights, samples and options alone, so neither an edit of code nor a lost
result sends it again. Each of its jobs is in the ledger before it is sent. A job whose sending got no answer is looked
up by its tag: one that is found is ours; of several, which a proxy may have made, the oldest stays; where the machine
knows none after some time it counts as not sent; where the machine cannot say, a person has to look.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hqnn.errors import UserError
from hqnn.execution.machines.ledger import Entry, Ledger
from hqnn.execution.machines.parts import parts_needed, split
from hqnn.execution.machines.provider import Estimate, InDoubtError, Provider, Task, UnreachableError
from hqnn.execution.machines.sessions import Session
from hqnn.settings.machines import Hardware, Machine
from hqnn.wording import plural

TRIES = 2  # of sending, where the machine surely has no job of the first

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A task that is to be run once.

    Attributes:
        task: what runs.
        digests: of ``circuit``, ``weights``, ``samples`` and ``options``: all that decides whether two are the same.
        about: what people should read of it, such as study, dataset, model, phase, seed and step.
    """

    task: Task
    digests: Mapping[str, str]
    about: Mapping[str, str]

    @property
    def identity(self) -> str:
        """Sha256 over the digests, 32 hexadecimal digits."""
        return hashlib.sha256(json.dumps(dict(self.digests), sort_keys=True).encode()).hexdigest()[:32]


def options_digest(machine: Machine, shots: int) -> str:
    """Digest of all settings on which counts depend; caps, waiting and prices do not count."""
    keys = ("provider", "backend", "quantum_computer", "rep_delay_us", "dynamical_decoupling", "twirling")
    said = {**{key: getattr(machine, key) for key in keys}, "shots": shots}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def send(
    order: Order,
    provider: Provider,
    ledger: Ledger,
    machine: Machine,
    allowed: Hardware,
    session: Session | None = None,
) -> tuple[list[Entry], list[Task]]:
    """Send what of an order was not sent yet.

    Args:
        order: what is to run.
        provider: of the machine.
        ledger: of the machine.
        machine: its settings.
        allowed: what this run may do.
        session: that the jobs go into; one of their own where None.

    Returns:
        The order's jobs, and the part of the task that each runs.

    Raises:
        UserError: nothing may be sent; a cap would be passed; a job is in doubt; the machine refuses.
    """
    with ledger.locked(), session or Session(provider, ledger, machine, order.identity) as together:
        settle(order.identity, provider, ledger, machine)
        known = ledger.of(order.identity)
        jobs = known[0].parts if known else parts_needed(order.task, provider.limits)
        parts = split(order.task, jobs)
        missing = sorted(set(range(jobs)) - {entry.part for entry in known})
        if missing:
            estimate = provider.estimate([parts[k] for k in missing])
            require_allowed(estimate, ledger.entries(), provider.machine, machine, allowed)
            together.open()
            _send(order, parts, missing, estimate, provider, ledger, machine)
        return ledger.of(order.identity), list(parts)


def settle(identity: str, provider: Provider, ledger: Ledger, machine: Machine) -> None:
    """Find out what became of the jobs of an order whose sending got no answer.

    Raises:
        UserError: the machine cannot say, or cannot be asked.
    """
    for entry in ledger.of(identity):
        if entry.job is None:
            _settle(entry, provider, ledger, machine)


def require_allowed(
    estimate: Estimate, entries: Sequence[Entry], name: str, machine: Machine, allowed: Hardware
) -> None:
    """Stop before anything is sent that this run may not send.

    Args:
        estimate: of what is about to be sent.
        entries: all that the machine's ledger has.
        name: of the machine.
        machine: its settings.
        allowed: what this run may do.

    Raises:
        UserError: a cap would be passed, the account has too little left, nobody confirmed, or the run is dry.
    """
    sent = [entry for entry in entries if entry.state != "not sent"]
    seconds = estimate.qpu_seconds or 0.0
    price = machine.price_per_second
    totals = {
        "max_jobs": (len(sent), estimate.jobs, machine.max_jobs, "jobs"),
        "max_shots": (sum(e.executions for e in sent), estimate.executions, machine.max_shots, "executions"),
        "max_seconds": (sum(e.seconds for e in sent), seconds, machine.max_seconds, "QPU seconds"),
        "max_price": (sum(e.price or 0.0 for e in sent), (price or 0.0) * seconds, machine.max_price, "of price"),
    }
    for key, (before, now, most, unit) in totals.items():
        if most is not None and before + now > most:
            raise UserError(
                f"machine {name} would get {now:g} {unit} beside the {before:g} of its ledger, above "
                f"execution.machines.{name}.{key}, which is {most:g}, so nothing was sent; raise it, or ask for less"
            )
    if estimate.quota_left_s is not None and seconds > estimate.quota_left_s:
        raise UserError(
            f"machine {name} needs about {seconds:.0f} QPU seconds and the account has {estimate.quota_left_s:.0f} "
            "left, so nothing was sent; wait for new time, name another instance, or ask for less"
        )
    said = in_words(estimate, name, price)
    if allowed.dry:
        raise UserError(f"{said}; nothing was sent, since hardware.dry is true")
    if machine.is_real and not allowed.confirm:
        raise UserError(f"{said}; nothing was sent: to send it add --config 'hardware={{confirm: true}}'")
    if machine.is_real:
        log.warning("%s; sending", said)


def in_words(estimate: Estimate, name: str, price_per_second: float | None) -> str:
    """What it would take, in a sentence without its full stop."""
    seconds = estimate.qpu_seconds
    parts = [plural(estimate.jobs, "job"), f"{estimate.executions:,} executions"]
    parts += ["an unknown number of QPU seconds"] if seconds is None else [f"about {seconds:.0f} QPU seconds"]
    if seconds is not None and price_per_second is not None:
        parts.append(f"a price of {price_per_second * seconds:.2f}")
    extra = [] if estimate.quota_left_s is None else [f"{estimate.quota_left_s:.0f} QPU seconds are left"]
    extra += [] if estimate.queue is None else [f"{plural(estimate.queue, 'job')} before ours"]
    return "; ".join([f"machine {name} would take {', '.join(parts)}", *extra])


def _send(
    order: Order,
    parts: Sequence[Task],
    missing: Sequence[int],
    estimate: Estimate,
    provider: Provider,
    ledger: Ledger,
    machine: Machine,
) -> None:
    pause = 60.0 / provider.limits.jobs_per_minute if provider.limits.jobs_per_minute else 0.0
    rare = len(missing) > (provider.limits.jobs_per_minute or len(missing))
    about = {**order.about, "digests": dict(order.digests), "shots": order.task.shots, **machine.place}
    for position, k in enumerate(missing):
        time.sleep(pause if rare and position else 0.0)
        share = parts[k].executions / max(1, estimate.executions)
        seconds = None if estimate.qpu_seconds is None else estimate.qpu_seconds * share
        for attempt in range(1, TRIES + 1):
            tag = f"hqnn-{uuid.uuid4().hex}"
            ledger.append(
                "intent",
                tag,
                identity=order.identity,
                part=k,
                parts=len(parts),
                machine=provider.machine,
                about=about,
                executions=parts[k].executions,
                estimated_s=seconds,
                price_per_second=machine.price_per_second,
            )
            if _sent(parts[k], tag, provider, ledger, machine, last=attempt == TRIES):
                break


def _sent(task: Task, tag: str, provider: Provider, ledger: Ledger, machine: Machine, *, last: bool) -> bool:
    """Whether the machine has the job now; what is uncertain is settled at once."""
    try:
        ledger.append("job", tag, job=provider.submit(task, tag), state="sent")
    except InDoubtError as error:
        log.warning("%s; looking for the job by its tag", error)
        entry = next(entry for entry in ledger.entries() if entry.tag == tag)
        if _settle(entry, provider, ledger, machine):
            return True
        if last:
            raise UserError(
                f"{error}; machine {provider.machine} has no such job, nothing is out; run again"
            ) from error
        return False
    except UserError as error:
        ledger.append("state", tag, state="not sent", reason=str(error))
        raise
    return True


def _settle(entry: Entry, provider: Provider, ledger: Ledger, machine: Machine) -> bool:
    """Whether a job in doubt exists; it has an id then, and is alone."""
    found = _looked_up(entry, provider, machine)
    if found is None:
        raise UserError(
            f"it is in doubt whether machine {entry.machine} got the job {entry.tag} of {entry.time}, and nobody can "
            "be asked but you: look at the vendor's page of jobs, then run python -m hqnn.execution.machines.jobs "
            f"{entry.machine} {entry.tag} JOB with the job's id, or with none for no job; nothing was sent again"
        )
    if not found:
        ledger.append("state", entry.tag, state="not sent", reason="the machine knows no job of this tag")
        return False
    first, *others = found
    for job in others:
        provider.cancel(job)
    if others:
        log.warning(
            "machine %s got the job %s %d times, as happens behind a proxy; %s stays, the others were cancelled",
            entry.machine,
            entry.tag,
            len(found),
            first,
        )
    ledger.append("job", entry.tag, job=first, state="sent")
    return True


def _looked_up(entry: Entry, provider: Provider, machine: Machine) -> list[str] | None:
    """Ids by tag; none only where none came up for so long."""
    end = time.monotonic() + machine.settle_s
    pause = min(machine.poll_s, machine.settle_s / 4)
    while True:
        try:
            found = provider.find(entry.tag)
        except UnreachableError as error:
            if time.monotonic() >= end:
                raise UserError(
                    f"{error}; whether machine {entry.machine} got the job {entry.tag} is in doubt, so nothing was "
                    "sent again; run again, and it is looked up first"
                ) from error
            found = []
        else:
            if found is None or found or time.monotonic() >= end:
                return found
        time.sleep(pause)
