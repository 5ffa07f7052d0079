"""Trained models on real machines: sending and fetching, each on its own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program_file import read_program
from hqnn.data.samples import Samples
from hqnn.errors import UserError
from hqnn.execution.backends import backend, snapshot
from hqnn.execution.counts_file import plain_bits, write_counts
from hqnn.execution.hardware import native_task
from hqnn.execution.machines.choice import real_provider
from hqnn.execution.machines.collect import archive_of, collect
from hqnn.execution.machines.drift import check_drift
from hqnn.execution.machines.ledger import Entry, Ledger, ledger_of
from hqnn.execution.machines.parts import split
from hqnn.execution.machines.provider import Counts
from hqnn.execution.machines.submit import Order, options_digest, send
from hqnn.execution.predict import predict
from hqnn.execution.predictions import Expectations
from hqnn.execution.sampled import averages
from hqnn.models.architectures import load_classifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.settings.machines import Hardware, Machine
from hqnn.store import fingerprint, write_text

Files = str | os.PathLike[str]


@dataclass(frozen=True)
class Remote:
    """A trained model's samples on one real machine.

    Attributes:
        name: of the machine in the config.
        machine: its settings there.
        model: file of the trained model.
        circuit: QPY file of the native circuit.
        program: file of the same circuit as a program.
        calibration: file that it was compiled for.
        shots: repetitions a sample.
        samples: to predict.
        about: what the path of the result says: study, dataset, model, phase, seed, path.
        mitigation: what the counts shall be good for, beside their plain means.
    """

    name: str
    machine: Mapping[str, Any]
    model: Files
    circuit: Files
    program: Files
    calibration: Files
    shots: int
    samples: Samples
    about: Mapping[str, str]
    mitigation: Sequence[str] = ()

    def submit(self, submission: Files, calibration: Files, allowed: Mapping[str, Any]) -> None:
        """Send what was not sent yet; write which jobs run it, and the machine's calibration at that time.

        Args:
            submission: JSON of the order's identity, its jobs and what they were estimated to take.
            calibration: a snapshot.
            allowed: the section ``hardware`` of the config.

        Raises:
            UserError: as of `send`; or the machine has drifted too far.
        """
        machine, ledger = Machine.model_validate(self.machine), ledger_of(self.name)
        order = self._order()
        known = ledger.of(order.identity)
        provider = real_provider(self.name, machine)
        kept = archive_of(self.name).calibration(order.identity)
        if not known or len(known) < known[0].parts or not kept.exists():
            now = provider.calibration()
            check_drift(read_program(self.program), snapshot(str(self.calibration)), now, machine.max_drift)
            write_text(kept, now.to_json())
        entries, _ = send(order, provider, ledger, machine, Hardware.model_validate(allowed))
        write_text(calibration, kept.read_text(encoding="utf-8"))
        jobs = [{"tag": entry.tag, "job": entry.job, "estimated_s": entry.estimated_s} for entry in entries]
        said = {"identity": order.identity, "machine": self.name, "digests": dict(order.digests), "jobs": jobs}
        write_text(submission, json.dumps(said, indent=2) + "\n")

    def collect(self, predictions: Files, counts: Files, submission: Files) -> None:
        """Fetch what was sent; write the raw counts and the predictions.

        Args:
            predictions: in the one schema.
            counts: the bits of every sample and pub, with the samples' ids.
            submission: what `submit` wrote.

        Raises:
            UserError: as of `hqnn.execution.machines.collect.collect`; or circuit, weights, samples or options are
                others than were sent.
        """
        said = json.loads(Path(submission).read_text(encoding="utf-8"))
        order = self._order()
        changed = [key for key, digest in order.digests.items() if said["digests"].get(key) != digest]
        if changed:
            raise UserError(
                f"the {' and '.join(changed)} of {self.model} are others than were sent to machine {self.name}, so its "
                f"results are not taken; delete {submission} to send these"
            )
        predict(
            predictions,
            samples=self.samples,
            model=self.model,
            path=lambda model, trained, inputs: self._fetched(model, trained, inputs, counts),
            about=self.about,
        )

    def _order(self) -> Order:
        classifier, trained = load_classifier(self.model)
        inputs = classifier.circuit_inputs(self.samples.features)
        return self._order_of(classifier, trained, inputs)

    def _order_of(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Order:
        machine = Machine.model_validate(self.machine)
        at = backend(str(self.calibration))
        task = native_task(
            self.circuit, self.program, at, model, trained, inputs, self.shots, mitigation=self.mitigation
        )
        digests = {
            "circuit": read_program(self.program).digest,
            "weights": trained,
            "samples": fingerprint({"ids": self.samples.ids, "features": self.samples.features}),
            "options": "+".join([options_digest(machine, self.shots), *sorted(self.mitigation)]),
        }
        return Order(task, digests, self.about)

    def _fetched(
        self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64], output: Files
    ) -> Expectations:
        machine, ledger = Machine.model_validate(self.machine), ledger_of(self.name)
        order = self._order_of(model, trained, inputs)
        entries = jobs_of(order, ledger)
        parts = split(order.task, len(entries))
        provider, archive = real_provider(self.name, machine), archive_of(self.name)
        counts = collect(order.task, entries, parts, provider, ledger, machine, archive)
        program, noise = read_program(self.program), backend(str(self.calibration)).noise
        self._write_counts(output, order, counts, entries, noise.digest)
        values, errors = averages(program, plain_bits(order.task, counts), inputs.shape)
        done = ledger.of(order.identity)
        price = [entry.price for entry in done]
        return Expectations(
            values,
            errors,
            program.digest,
            self.name,
            noise.digest,
            shots=self.shots,
            jobs=len(done),
            executions=order.task.executions,
            qpu_s=sum(entry.seconds for entry in done),
            estimated_s=sum(entry.estimated_s or 0.0 for entry in done),
            price=None if None in price else sum(one or 0.0 for one in price),
        )

    def _write_counts(
        self, output: Files, order: Order, counts: Counts, entries: list[Entry], calibration: str
    ) -> None:
        jobs = [entry.job or "" for entry in entries]
        about = {"identity": order.identity, "jobs": jobs, "machine": self.name, "calibration": calibration}
        about |= {"weights_fingerprint": order.digests["weights"]}
        write_counts(output, self.samples.ids, order.task, counts, {**self.about, **about})


def jobs_of(order: Order, ledger: Ledger) -> list[Entry]:
    """The jobs of an order, all of them.

    Raises:
        UserError: one has failed or was cancelled, or none was sent.
    """
    entries = ledger.of(order.identity)
    if entries and len(entries) == entries[0].parts:
        return entries
    gone = [one for one in ledger.entries() if one.identity == order.identity and not one.is_alive]
    said = f"{gone[-1].state} ({gone[-1].reason})" if gone else "never sent"
    raise UserError(
        f"a job of {', '.join(order.about.values())} was {said}, so it has no counts; run again with --forcerun "
        "submit to send it anew"
    )
