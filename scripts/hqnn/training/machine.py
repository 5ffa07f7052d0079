"""Training on a machine: every step is one job, and is on disk before the next one is sent."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.measurement import measurement_groups
from hqnn.data.parts import TRAIN
from hqnn.data.samples import Samples, read_samples
from hqnn.engine.further import FurtherInputs
from hqnn.execution.hardware import translation
from hqnn.execution.machines.provider import Pub, Task
from hqnn.execution.sampled import averages, measured
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.interpreters.free_angles import FreeAngles, free_angles
from hqnn.interpreters.qpy import load_qpy
from hqnn.models.architectures import load_classifier, save_classifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.noise.deferral import deferred
from hqnn.partials import remove_partials
from hqnn.settings.fitting import Descent
from hqnn.settings.hardware_training import HardwareTraining
from hqnn.store import write_text
from hqnn.training.checkpoints import Checkpoint, read_checkpoint, run_digest, write_checkpoint
from hqnn.training.counted_layer import CountedLayer, Values
from hqnn.training.draws import ORDER, batch_sizes
from hqnn.training.objective import Objective, right
from hqnn.training.optimizers import optimizer_of
from hqnn.training.shifts import Shifts, parameter_shifts, random_shifts
from hqnn.training.step_jobs import StepJobs

DIRECTIONS = 44  # the purpose of SPSA's directions, beside the seed and the step
DROPOUT = 45  # the purpose of what torch draws in a step, likewise

Files = str | os.PathLike[str]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What one step took and gave.

    Attributes:
        step: counted from 1.
        epoch: the pass over the samples it belongs to, likewise.
        samples: in its batch.
        loss: of the batch, in nats, before the step.
        accuracy: likewise.
        rows: circuits run.
        executions: circuits times shots.
        qpu_s: QPU seconds as used, or else as estimated.
        jobs: the machine's ids, separated by blanks.
    """

    step: int
    epoch: int
    samples: int
    loss: float
    accuracy: float
    rows: int
    executions: int
    qpu_s: float
    jobs: str


def train_on_machine(
    output: Files,
    history: Files,
    steps: Files,
    *,
    samples: Sequence[Files],
    start: Files,
    circuit: Files,
    backend: SnapshotBackend,
    jobs: StepJobs,
    training: Mapping[str, Any],
    seed: int,
    code: str = "",
) -> None:
    """Go on from the weights of the phase before with gradients from counts.

    Args:
        output: of the model.
        history: CSV of loss and accuracy per pass over the samples, and of what it took.
        steps: CSV of what every step took, columns of `Step`.
        samples: the tables of the store.
        start: model file of the phase before.
        circuit: QPY file of the native circuit.
        backend: of the calibration it was compiled for.
        jobs: where the steps run.
        training: values of `hqnn.settings.hardware_training.HardwareTraining`.
        seed: of the order of samples and of SPSA's directions.
        code: see `hqnn.training.checkpoints.Checkpoint`; empty on a real machine, where no edit may cost a step.

    Raises:
        UserError: a file cannot be read, or a job is not sent, not done or not right; what is done stays done.
    """
    settings = HardwareTraining.model_validate(training)
    model, fingerprint = load_classifier(start)
    train = read_samples(samples, TRAIN)
    whole = deferred(model.program, unread=True)
    angles = free_angles(
        load_qpy(circuit), whole.observables, inputs=whole.circuit_inputs, weights=model.program.weights
    )
    run = MachineRun(model, train, angles, backend, jobs, settings, seed)
    checkpoint = Checkpoint.beside(output, code)
    with jobs.together():
        run.go_through(checkpoint)
    write_text(history, passes_csv(run.steps))
    write_text(steps, steps_csv(run.steps))
    about = {"training": dict(training), "seed": seed, "started_from": fingerprint, "train_samples": len(train.labels)}
    save_classifier(output, model, {**about, "native_program": angles.program.digest})
    remove_partials(checkpoint.path)


class MachineRun:
    """A model that is trained on a machine, and how far it is.

    Args:
        model: changed in place; its circuit runs on the machine from now on.
        train: the train samples.
        angles: the native circuit.
        backend: whose gates turn qubits before a measurement of X or Y.
        jobs: where the steps run.
        settings: how.
        seed: of all randomness but the machine's.

    Attributes:
        steps: that are done.
    """

    def __init__(
        self,
        model: HybridClassifier,
        train: Samples,
        angles: FreeAngles,
        backend: SnapshotBackend,
        jobs: StepJobs,
        settings: HardwareTraining,
        seed: int,
    ) -> None:
        self.steps: list[Step] = []
        self._model, self._train, self._jobs, self._settings, self._seed = model, train, jobs, settings, seed
        self._task = task_maker(angles, backend, settings.shots)
        self._program, self._taken = angles.program, (0, 0, 0.0, "")
        quantum = model.quantum
        layer = CountedLayer(
            quantum.weights,
            angles,
            self._evaluate,
            copies=quantum.copies,
            shifts=self._shifts(angles),
            further=FurtherInputs(model.program) if model.program.functions else None,
        )
        model.register_module("quantum", layer)
        descent = Descent(optimizer=settings.optimizer, learning_rate=settings.learning_rate)
        self._optimizer = optimizer_of(descent, model)
        self._objective = Objective(max(2, len(train.classes)))
        self._sizes = batch_sizes(len(train.labels), settings.batch_size)

    def go_through(self, checkpoint: Checkpoint) -> None:
        """Take all steps that are not done, and write a checkpoint after each."""
        settings = {**self._settings.model_dump(exclude={"steps"}), "seed": self._seed}
        arrays = {"inputs": self._train.features, "labels": self._train.labels}
        digest = run_digest(self._model, arrays, settings, f"{checkpoint.code} {self._program.digest}")
        state = read_checkpoint(checkpoint.path, digest)
        if state is not None:
            self._model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.steps = [Step(*one) for one in state["steps"]]
            log.info("goes on after step %d, where %s was written", len(self.steps), checkpoint.path)
        while len(self.steps) < self._settings.steps:
            self._go_on()
            steps = [list(astuple(step)) for step in self.steps]
            state = {"model": self._model.state_dict(), "optimizer": self._optimizer.state_dict(), "steps": steps}
            write_checkpoint(checkpoint.path, digest, state)
        self._model.eval()

    def _go_on(self) -> None:
        number = len(self.steps)
        epoch, place = divmod(number, len(self._sizes))
        order = np.random.default_rng(np.random.SeedSequence([self._seed, ORDER, epoch]))
        first = sum(self._sizes[:place])
        rows = order.permutation(len(self._train.labels))[first : first + self._sizes[place]]
        labels = torch.from_numpy(self._train.labels[rows]).long()
        self._model.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence([self._seed, DROPOUT, number]).generate_state(1)[0]))
            self._optimizer.zero_grad()
            logits = self._model(self._model.as_input(self._train.features[rows]))
            loss = self._objective(logits, labels)
            torch.autograd.backward(loss)
            self._optimizer.step()
        accuracy = float(right(logits.detach(), labels).double().mean())
        self.steps.append(Step(number + 1, epoch + 1, len(rows), float(loss.detach()), accuracy, *self._taken))

    def _evaluate(self, rows: Values) -> Values:
        """Expectation values of rows of angles: the one job of a step."""
        task = self._task(rows)
        ran = self._jobs(task, len(self.steps) + 1)
        self._taken = (task.rows, task.executions, ran.qpu_s, " ".join(ran.jobs))
        return averages(self._program, ran.counts.bits, rows.shape)[0]

    def _shifts(self, angles: FreeAngles) -> Callable[[int, NDArray[np.bool_]], Shifts]:
        if self._settings.gradient == "parameter_shift":
            return lambda samples, wanted: parameter_shifts(angles.program, wanted)

        def directed(samples: int, wanted: NDArray[np.bool_]) -> Shifts:
            generator = np.random.default_rng(np.random.SeedSequence([self._seed, DIRECTIONS, len(self.steps)]))
            return random_shifts(samples, wanted, self._settings.perturbation, generator)

        return directed


def passes_csv(steps: Sequence[Step]) -> str:
    """Steps as passes over the samples, the last of which may be cut short: what they gave, and what they took."""
    lines = ["epoch,loss,accuracy,jobs,rows,executions,qpu_s"]
    for epoch in sorted({step.epoch for step in steps}):
        own = [step for step in steps if step.epoch == epoch]
        sizes = [step.samples for step in own]
        gave = [float(np.average([getattr(s, key) for s in own], weights=sizes)) for key in ("loss", "accuracy")]
        took = [sum(getattr(step, key) for step in own) for key in ("rows", "executions", "qpu_s")]
        jobs = sum(max(1, len(step.jobs.split())) for step in own)
        lines.append(",".join(map(repr, [epoch, *gave, jobs, *took])))
    return "\n".join(lines) + "\n"


def steps_csv(steps: Sequence[Step]) -> str:
    """Steps as a table."""
    rows = [",".join(map(str, astuple(step))) for step in steps]
    return "\n".join([",".join(field.name for field in fields(Step)), *rows]) + "\n"


def task_maker(angles: FreeAngles, backend: SnapshotBackend, shots: int) -> Callable[[Values], Task]:
    """A function that gives the task of rows of angles, shape (rows, angles): a pub for each group of observables.

    Args:
        angles: the native circuit.
        backend: whose gates turn qubits before a measurement of X or Y.
        shots: repetitions a row.
    """
    program, turns = angles.program, translation(backend.target)
    circuits = [
        measured(angles.circuit, program.native_wires, group, turns.run)
        for group in measurement_groups(program.observables)
    ]
    columns = [int(parameter.name[7:-1]) for parameter in angles.circuit.parameters]

    def task(rows: Values) -> Task:
        return Task(tuple(Pub(f"group{k}", circuit, rows[:, columns]) for k, circuit in enumerate(circuits)), shots)

    return task
