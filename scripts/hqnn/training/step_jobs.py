"""Where the circuits of a training step run: simulated, or as a job of a real machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from hqnn.execution.machines.choice import real_provider, warn_of_ignored
from hqnn.execution.machines.collect import archive_of, collect
from hqnn.execution.machines.durations import duration_s
from hqnn.execution.machines.ledger import Ledger, ledger_of
from hqnn.execution.machines.provider import Counts, Provider, Pub, Task
from hqnn.execution.machines.sessions import Session
from hqnn.execution.machines.simulated import simulate
from hqnn.execution.machines.submit import Order, options_digest, send
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.settings.machines import Hardware, Machine
from hqnn.store import fingerprint

SAMPLING = 43  # the purpose of the shots' randomness, beside the seed and the step
JOB_S, PAUSE_S = 2.0, 250e-6  # a job's overhead and the pause before a shot, as IBM's machines have them
DIGITS = 6  # of angles in radians, by which a step is known again: coarser than the last bits of another computer


@dataclass(frozen=True)
class Ran:
    """What a step's circuits gave.

    Attributes:
        counts: of the task.
        jobs: the machine's ids; empty where it is simulated.
        qpu_s: QPU seconds as used, or else as estimated.
    """

    counts: Counts
    jobs: tuple[str, ...]
    qpu_s: float


class StepJobs(Protocol):
    """Runs the circuits of each step."""

    def together(self) -> AbstractContextManager[object]:
        """A block in which all steps run as one batch or session, where the machine has them."""

    def __call__(self, task: Task, step: int) -> Ran:
        """Run a step's circuits, or fetch what they gave before.

        Raises:
            UserError: see `hqnn.execution.machines.submit.send` and `collect`.
        """


@dataclass(frozen=True)
class Simulated:
    """Steps in Aer, with the time that a machine of IBM's would take by IBM's formula.

    Attributes:
        backend: with gates, durations and noise.
        noisy: whether the noise acts.
        seed: of all sampling.
    """

    backend: SnapshotBackend
    noisy: bool
    seed: int

    def together(self) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def __call__(self, task: Task, step: int) -> Ran:
        """Simulate; a step draws the same shots whenever it runs."""
        seed = int(np.random.SeedSequence([self.seed, SAMPLING, step]).generate_state(1)[0] >> 1)
        counts = simulate(task, self.backend.noise if self.noisy else None, seed)
        runs = [(len(pub.values), duration_s(pub.circuit, self.backend.snapshot)) for pub in task.pubs]
        return Ran(counts, (), JOB_S + sum(rows * task.shots * (PAUSE_S + takes) for rows, takes in runs))


@dataclass(frozen=True)
class Sent:
    """Steps on a real machine. A step is known by its circuits, angles and options: none is paid twice.

    Attributes:
        provider: of the machine.
        ledger: of the machine.
        machine: its settings.
        allowed: what this run may do.
        about: what people should read of it: study, dataset, model, phase and seed.
    """

    provider: Provider
    ledger: Ledger
    machine: Machine
    allowed: Hardware
    about: Mapping[str, str]

    def together(self) -> AbstractContextManager[Session]:
        """As the machine's settings say."""
        return self._session

    def __call__(self, task: Task, step: int) -> Ran:
        """Send what was not sent, wait, and fetch."""
        order = Order(task, self._digests(task, step), {**self.about, "step": str(step)})
        entries, parts = send(order, self.provider, self.ledger, self.machine, self.allowed, self._session)
        archive = archive_of(self.provider.machine)
        counts = collect(task, entries, parts, self.provider, self.ledger, self.machine, archive)
        done = self.ledger.of(order.identity)
        return Ran(counts, tuple(str(entry.job) for entry in done), sum(entry.seconds for entry in done))

    @cached_property
    def _session(self) -> Session:
        return Session(self.provider, self.ledger, self.machine, f"training {' '.join(self.about.values())}")

    def _digests(self, task: Task, step: int) -> dict[str, str]:
        angles = {pub.name: np.round(pub.values, DIGITS) + 0.0 for pub in task.pubs}
        return {
            "circuit": hashlib.sha256("".join(map(_written, task.pubs)).encode()).hexdigest(),
            "weights": fingerprint(angles),
            "samples": f"step {step} of seed {self.about['seed']}",
            "options": options_digest(self.machine, task.shots),
        }


def _written(pub: Pub) -> str:
    """A circuit as a text: its gates, their angles and places."""
    steps = [
        (
            step.name,
            [str(p) for p in step.params],
            [pub.circuit.find_bit(bit).index for bit in (*step.qubits, *step.clbits)],
        )
        for step in pub.circuit.data
    ]
    return f"{pub.name} {steps}"


def step_jobs(
    backend: SnapshotBackend,
    seed: int,
    *,
    name: str,
    machine: Mapping[str, Any] | None,
    allowed: Mapping[str, Any],
    about: Mapping[str, str],
) -> StepJobs:
    """Where a machine's steps run.

    Args:
        backend: of the calibration that the circuit was compiled for.
        seed: of the training run.
        name: of the machine in the config.
        machine: its settings there; None for a calibration.
        allowed: the section ``hardware`` of the config.
        about: see `Sent`.
    """
    settings = None if machine is None else Machine.model_validate(machine)
    if settings is None or not settings.is_real:
        if settings is not None:
            warn_of_ignored(name, settings)
        return Simulated(backend, settings is None or settings.provider != "aer", seed)
    return Sent(real_provider(name, settings), ledger_of(name), settings, Hardware.model_validate(allowed), about)
