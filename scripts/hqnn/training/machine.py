"""Training on a machine: every step is one job, and is on disk before the next one is sent."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.measurement import measurement_groups
from hqnn.data.parts import TRAIN, VALIDATION
from hqnn.data.samples import NoSamplesError, Samples, read_samples
from hqnn.engine.further import FurtherInputs
from hqnn.errors import UserError
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
from hqnn.training.checkpoints import Checkpoint, resume, run_digest
from hqnn.training.counted_layer import CountedLayer, Values
from hqnn.training.draws import ORDER, batch_sizes
from hqnn.training.machine_history import Check, Step, kept, passes_csv, steps_csv
from hqnn.training.objective import Objective, right
from hqnn.training.optimizers import optimizer_of
from hqnn.training.shifts import Shifts, parameter_shifts, random_shifts
from hqnn.training.step_jobs import StepJobs

DIRECTIONS = 44  # the purpose of SPSA's directions, beside the seed and the step
DROPOUT = 45  # the purpose of what torch draws in a step, likewise

Files = str | os.PathLike[str]

log = logging.getLogger(__name__)


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
        UserError: a file cannot be read, a job is not sent, not done or not right, or validation samples shall choose
            and there are none; what is done stays done.
    """
    settings = HardwareTraining.model_validate(training)
    model, fingerprint = load_classifier(start)
    train, validation = read_samples(samples, TRAIN), _validation(samples, settings, seed)
    whole = deferred(model.program, unread=True)
    angles = free_angles(
        load_qpy(circuit), whole.observables, inputs=whole.circuit_inputs, weights=model.program.weights
    )
    run = MachineRun(model, train, angles, backend, jobs, settings, seed, validation)
    checkpoint = Checkpoint.beside(output, code)
    with jobs.together():
        run.go_through(checkpoint)
    write_text(history, passes_csv(run.steps, run.checks, settings.keep))
    write_text(steps, steps_csv(run.steps))
    about = {"training": dict(training), "seed": seed, "started_from": fingerprint, "train_samples": len(train.labels)}
    save_classifier(output, model, {**about, **run.choice, "native_program": angles.program.digest})
    remove_partials(checkpoint.path)


def _validation(samples: Sequence[Files], settings: HardwareTraining, seed: int) -> Samples | None:
    if settings.keep == "last":
        return None
    try:
        return read_samples(samples, VALIDATION, subset=settings.validation_samples, seed=seed)
    except NoSamplesError as error:
        raise UserError(
            "hardware_training.keep chooses by validation samples, of which there are none; leave it out"
        ) from error


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
        validation: samples that are run before the first step and after each pass, where `HardwareTraining.keep` asks
            for them.

    Attributes:
        steps: that are done.
        checks: of the validation samples, that are done.
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
        validation: Samples | None = None,
    ) -> None:
        self.steps: list[Step] = []
        self.checks: list[Check] = []
        self._validation = validation
        self._best: dict[str, Any] = {}
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
        write = resume(self, checkpoint)
        while (due := self._due()) is not None or len(self.steps) < self._settings.steps:
            if due is None:
                self._go_on()
            else:
                self._check(due)
            write(True)
        if self.checks:
            if self.choice["kept_step"] == 0:
                log.warning(
                    "no pass on the machine made the validation samples' %s better, so the weights of the phase before "
                    "are kept",
                    self._settings.keep.removeprefix("best_"),
                )
            self._model.load_state_dict(self._best)
        self._model.eval()

    @property
    def choice(self) -> dict[str, int]:
        """After how many steps the weights were as they are kept; nothing where they are the last."""
        return {"kept_step": kept(self.checks, self._settings.keep).step} if self.checks else {}

    @property
    def done(self) -> str:
        """The last step, in words."""
        return f"step {len(self.steps)}"

    def digest(self, code: str) -> str:
        """All that the run depends on but its length, see `run_digest`; to be asked for before its first step."""
        settings = {**self._settings.model_dump(exclude={"steps"}), "seed": self._seed}
        arrays = {"inputs": self._train.features, "labels": self._train.labels}
        return run_digest(self._model, arrays, settings, f"{code} {self._program.digest}")

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where a run like this one stood."""
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.steps = [Step(*one) for one in state["steps"]]
        self.checks, self._best = [Check(*one) for one in state["checks"]], state["best"]

    def state(self) -> dict[str, Any]:
        """Where the run stands, as `restore` takes it."""
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "steps": [list(astuple(step)) for step in self.steps],
            "checks": [list(astuple(check)) for check in self.checks],
            "best": self._best,
        }

    def _due(self) -> Samples | None:
        """The validation samples, where the weights are to be checked before anything else is done."""
        done = len(self.steps)
        between = done % len(self._sizes) == 0 or done >= self._settings.steps
        return self._validation if between and all(check.step != done for check in self.checks) else None

    def _check(self, samples: Samples) -> None:
        """Run validation samples, and keep the weights if they are the best so far."""
        labels = torch.from_numpy(samples.labels).long()
        self._model.eval()
        with torch.no_grad():
            logits = self._model(self._model.as_input(samples.features))
        loss, accuracy = float(self._objective(logits, labels)), float(right(logits, labels).double().mean())
        self.checks.append(Check(len(self.steps), loss, accuracy, *self._taken))
        if kept(self.checks, self._settings.keep) is self.checks[-1]:
            self._best = copy.deepcopy(self._model.state_dict())

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
