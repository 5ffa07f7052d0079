"""A trained model and the path by which it runs, as one function from samples to probabilities."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.words import written
from hqnn.errors import UserError, nearest
from hqnn.execution.predict import ExecutionPath
from hqnn.models.architectures import read_classifier
from hqnn.models.classifier import Classifier
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.store import file_digest

PATHS = ("exact", "shots", "noisy", "hardware")
AT_ONCE = 1 << 16  # samples
BITS_AT_ONCE = 1 << 21  # shots of all samples together; Aer gives each as a text of its own

PathOfPiece = Callable[[int], ExecutionPath]
Probabilities = NDArray[np.float64]
Expectations = NDArray[np.float64]


@dataclass(frozen=True)
class Execution:
    """How circuits are run, piece by piece.

    Attributes:
        path_of: the path of the piece of some number; one that samples draws anew for each.
        at_once: how many samples a piece has.
        key: the same text for the same numbers.
    """

    path_of: PathOfPiece
    at_once: int = AT_ONCE
    key: str = ""


def execution_by(
    path: str,
    native: Sequence[str],
    *,
    shots: int,
    seed: int,
    noise: Mapping[str, Any] = MappingProxyType({}),
    trajectories: int = 100,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> Execution:
    """An execution path by its name.

    Args:
        path: exact, shots, noisy or hardware.
        native: files of the native program and of its QPY, and the calibration's file or name, where that circuit runs.
        shots: repetitions of a circuit, where it is sampled.
        seed: of the sampling; piece number i has the seed `seed` + i.
        noise: values of `hqnn.settings.execution.Noise`.
        trajectories: where noise on so many wires cannot be exact within the memory limit.
        memory_limit_mb: of the engine.

    Raises:
        UserError: there is no such path.
    """
    at_once = max(1, BITS_AT_ONCE // shots)
    files = [file_digest(file) if Path(file).is_file() else file for file in native]
    key = repr((path, files, shots, seed, sorted(noise.items()), trajectories, memory_limit_mb))
    if path == "exact":
        from hqnn.execution.exact import run_exact

        return Execution(lambda piece: run_exact, key=key)
    if path == "noisy":
        from hqnn.execution.noisy import Noisy

        noisy = Noisy(native[0], native[2], noise, trajectories, seed, memory_limit_mb)
        return Execution(lambda piece: noisy, key=key)
    if path == "shots":
        from hqnn.execution.sampled import Shots

        return Execution(lambda piece: Shots(shots, seed + piece), at_once, key)
    if path == "hardware":
        from hqnn.execution.hardware import Hardware

        return Execution(
            lambda piece: Hardware(native[1], native[0], native[2], shots, seed + piece, options=noise), at_once, key
        )
    raise UserError(f"there is no execution path {path!r}{nearest(path, PATHS)}")


def seed_of(seed: int, name: str) -> int:
    """The seed of one of several data sets by its name, so that each is drawn apart, whichever others there are."""
    return int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:4], "big") >> 2  # room for the pieces' numbers


class Predictor:
    """A trained model that runs by some path.

    Args:
        model: its file.
        execution: how its circuits run; a model without circuits runs as it is.
        memory_limit_mb: of the engine.

    Attributes:
        key: the same text for the same numbers.

    Raises:
        UserError: the file is damaged or missing.
    """

    def __init__(
        self, model: str | os.PathLike[str], execution: Execution, memory_limit_mb: float = MEMORY_LIMIT_MB
    ) -> None:
        self.classifier, about = read_classifier(model, memory_limit_mb)
        self.execution = execution
        self.key = about["fingerprint"] + execution.key
        self._trained: str = about["fingerprint"]
        self._pieces = 0

    @property
    def observables(self) -> tuple[str, ...]:
        """Those of its circuits, copy after copy, as a person writes them; none where no circuit runs."""
        if not isinstance(self.classifier, HybridClassifier):
            return ()
        return self.classifier.quantum.copies * tuple(map(written, self.classifier.program.observables))

    def __call__(self, samples: NDArray[Any]) -> Probabilities:
        """Predict samples, some at once.

        Args:
            samples: float features, shape (samples, features) or (samples, views, features); or images, shape (samples,
                height, width, channels).

        Returns:
            The probability of every class, shape (samples, classes).

        Raises:
            UserError: the weights about to run are not the trained ones.
        """
        return self.with_expectations(samples)[0]

    def with_expectations(self, samples: NDArray[Any]) -> tuple[Probabilities, Expectations]:
        """Predict samples, some at once, and say what the circuits gave.

        Args:
            samples: as above.

        Returns:
            The probability of every class, shape (samples, classes), and expectation values, shape (samples, ...,
            observables), of none where no circuit runs.

        Raises:
            UserError: the weights about to run are not the trained ones.
        """
        starts = range(0, len(samples), self.execution.at_once)
        found = [self._of_piece(samples[start : start + self.execution.at_once]) for start in starts]
        if not found:
            return np.empty((0, self.classifier.architecture.classes)), np.empty((0, len(self.observables)))
        probabilities, expectations = zip(*found, strict=True)
        return np.concatenate(probabilities), np.concatenate(expectations)

    def pass_over(self, calls: Iterable[int]) -> None:
        """Count calls that were made before, each with so many samples, so that the next one draws as if it had been.

        Args:
            calls: samples of each.
        """
        self._pieces += sum(-(-samples // self.execution.at_once) for samples in calls)

    def _of_piece(self, samples: NDArray[Any]) -> tuple[Probabilities, Expectations]:
        path = self.execution.path_of(self._pieces)
        probability, expectation = _predicted(self.classifier, self._trained, path, samples)
        self._pieces += 1
        both = np.stack([1 - probability, probability], axis=1) if probability.ndim == 1 else probability
        return both, expectation


def _predicted(
    classifier: Classifier, trained: str, path: ExecutionPath, samples: NDArray[Any]
) -> tuple[Probabilities, Expectations]:
    """Probability of class 1 of two, shape (samples,), or of every class of more, and expectation values."""
    if not isinstance(classifier, HybridClassifier):
        return classifier.classify(samples), np.empty((len(samples), 0))
    values = path(classifier, trained, classifier.circuit_inputs(samples)).values
    return classifier.probabilities(values), values
