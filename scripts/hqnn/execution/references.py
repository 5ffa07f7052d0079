"""References by name: fitted on the train samples, run on the test samples."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.data.images.ranges import channel_ranges
from hqnn.data.parts import TRAIN
from hqnn.data.samples import Files, Samples, read_samples
from hqnn.errors import UserError
from hqnn.execution.predictions import write_predictions
from hqnn.metrics.alignment import kernel_target_alignment
from hqnn.models.baselines import (
    change_vector_probability,
    fit_reference,
    fitted_numbers,
    reference,
    reference_probability,
)
from hqnn.models.reference_names import KERNELS
from hqnn.models.reference_parameters import check_parameters
from hqnn.noise.model import NoiseModel
from hqnn.settings.chosen import read_chosen
from hqnn.store import open_table
from hqnn.training.draws import epoch_order, order_generator

if TYPE_CHECKING:
    from hqnn.models.kernel_machines import Native

CHANGE_VECTOR = "change_vector"
LENGTHS = "change_vector_length"

log = logging.getLogger(__name__)


def predict_reference(
    output: str | os.PathLike[str],
    *,
    samples: Files,
    name: str,
    parameters: Mapping[str, Any],
    seed: int,
    about: Mapping[str, Any],
    tuned: Sequence[str | os.PathLike[str]] = (),
    balanced: bool = False,
    memory_limit_mb: float = 2000.0,
    layouts: int = 4,
    noise: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Fit one reference and write its predictions of the test samples.

    Beside what `about` says, the predictions' attributes are `seconds` of fitting, `wall_s` of predicting, and, where
    they can be counted, `parameters`, the numbers that were fitted. Those of a quantum kernel are further `kernel`, its
    `alignment` with the classes, the `train_samples` that it compared, and the digests of circuit and noise.

    Args:
        output: of the predictions.
        samples: the tables of the store, with features.
        name: ``change_vector``, which is not fitted and is for two dates and two classes; or see `reference`; or any
            name, where the parameters say an ``estimator``, which is such a name.
        parameters: its estimator, and further see `reference`.
        seed: of the balanced draws and of what is random in fitting.
        about: what the path of the result says.
        tuned: file of the parameters that a search chose, which take the place of the same in `parameters`.
        balanced: fit on as many samples drawn with replacement, all classes equally likely.
        memory_limit_mb: of a quantum kernel.
        layouts: tried where a quantum kernel is for a backend.
        noise: of that backend, values of `hqnn.settings.execution.Noise`.

    Raises:
        UserError: see `check_parameters`; scikit-learn refuses a value, or the samples are not of the reference's kind.
    """
    chosen = read_chosen(tuned)
    said = {**parameters, **chosen.parameters}
    estimator = said.pop("estimator", "") or name
    check_parameters(estimator, said)
    train, test = read_samples(samples, TRAIN), read_samples(samples)
    if estimator == CHANGE_VECTOR:
        probability, facts = _by_change_vector(samples, train, test)
    else:
        of_kernels = kernel_options(
            estimator, said, seed=seed, memory_limit_mb=memory_limit_mb, layouts=layouts, noise=noise
        )
        probability, facts = fitted_probability(estimator, said, seed, balanced, of_kernels, *as_vectors(train, test))
    write_predictions(
        output,
        test,
        probability,
        {"model": name, **about, "backend": "scikit-learn", **facts, **chosen.about, "seed": seed},
    )


def fitted_probability(
    name: str,
    parameters: Mapping[str, Any],
    seed: int,
    balanced: bool,
    of_kernels: Mapping[str, Any],
    train: Samples,
    test: Samples,
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Fit a reference and score samples with it.

    Args:
        name: of the estimator, see `reference`.
        parameters: likewise.
        seed: see `predict_reference`.
        balanced: likewise.
        of_kernels: see `kernel_options`.
        train: samples to fit, as `as_vectors` gives them.
        test: samples to score.

    Returns:
        Probabilities as of `reference_probability`, and what is to be said of them.

    Raises:
        UserError: see `predict_reference`.
    """
    started = time.perf_counter()
    fitted = fitted_reference(name, parameters, train, seed=seed, balanced=balanced, of_kernels=of_kernels)
    seconds = time.perf_counter() - started
    probability = reference_probability(fitted, test.features, max(2, len(train.classes)))
    count = fitted_numbers(fitted)
    facts = {"seconds": seconds, "wall_s": time.perf_counter() - started - seconds, **_of_kernel(name, fitted)}
    return probability, facts if count is None else {**facts, "parameters": count}


def fitted_reference(
    name: str,
    parameters: Mapping[str, Any],
    train: Samples,
    *,
    seed: int,
    balanced: bool,
    of_kernels: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Fit one reference.

    Args:
        name: of its estimator, see `reference`.
        parameters: further ones, see `reference`.
        train: samples with features of shape (samples, features).
        seed: of the balanced draws and of what is random in fitting.
        balanced: fit on as many samples drawn with replacement, all classes equally likely.
        of_kernels: see `reference`.

    Returns:
        What `reference_probability` takes.
    """
    classes = max(2, len(train.classes))
    model = reference(
        name, parameters, seed=seed, features=train.features.shape[1], classes=classes, of_kernels=of_kernels
    )
    drawn = epoch_order(train.labels, True, order_generator(seed)) if balanced else slice(None)
    missing = [known for label, known in enumerate(train.classes) if label not in train.labels]
    if missing:
        log.warning("no train sample is of class %s, which %s will never predict", ", ".join(missing), name)
    return fit_reference(model, train.features[drawn], train.labels[drawn])


def _of_kernel(name: str, fitted: Any) -> dict[str, Any]:
    """What is to be said of a quantum kernel; nothing of another reference, nor where it was fitted in folds."""
    if name not in KERNELS:
        return {}
    from hqnn.models.kernel_machines import KernelMachine  # torch and PennyLane, which no other reference needs

    machine = fitted[-1] if hasattr(fitted, "steps") else fitted
    if not isinstance(machine, KernelMachine):
        return {"kernel": name}
    facts = {
        "kernel": name,
        "alignment": kernel_target_alignment(machine.kernel_, machine.labels_),
        "train_samples": len(machine.labels_),
        "program_digest": machine.program_.digest,
    }
    noise = machine.noise_
    return {**facts, "backend": noise.name, "calibration_digest": noise.digest} if noise else facts


def kernel_options(
    estimator: str,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    memory_limit_mb: float,
    layouts: int,
    noise: Mapping[str, Any],
) -> dict[str, Any]:
    """What a quantum kernel takes beside its parameters, see `reference`; nothing of another reference."""
    if estimator not in KERNELS:
        return {}
    return {"native": _native_of(parameters.get("backend"), noise, seed, layouts), "memory_limit_mb": memory_limit_mb}


def _native_of(backend_name: str | None, noise: Mapping[str, Any], seed: int, layouts: int) -> Native:
    """What brings a circuit to the backend that is named, if one is."""
    from hqnn.execution.backends import backend
    from hqnn.execution.compilation import compile_program
    from hqnn.models.kernels import measuring_qubits

    def native(program: Program) -> tuple[Program, NoiseModel | None]:
        if not backend_name:
            return program, None
        machine = backend(backend_name, noise)
        compiled = compile_program(measuring_qubits(program), machine, seed=seed, layouts=layouts)
        return compiled.program, machine.noise

    return native


def as_vectors(train: Samples, test: Samples) -> tuple[Samples, Samples]:
    """Samples as vectors, shape (samples, features): of several views the first, of images all their pixels."""
    if train.augmented is not None:
        log.warning("classical references see the first view of an image alone, and none of its variants")
    if train.features.ndim == 4:
        offset, scale = (values.astype(np.float32) for values in channel_ranges(train.features))
        return _flat(train, (train.features - offset) * scale), _flat(test, (test.features - offset) * scale)
    if test.features.ndim == 3:
        return train, _flat(test, test.features[:, 0])
    return train, test


def _flat(samples: Samples, values: NDArray[Any]) -> Samples:
    return replace(samples, features=values.reshape(len(values), -1))


def _by_change_vector(files: Files, train: Samples, test: Samples) -> tuple[NDArray[np.float64], dict[str, Any]]:
    if len(train.classes) > 2:
        raise UserError(
            f"the baseline {CHANGE_VECTOR} tells two classes apart and the samples are of {len(train.classes)}; leave "
            "it out of baselines"
        )
    started = time.perf_counter()
    lengths = _lengths(files)
    probability = change_vector_probability(lengths[test.ids], lengths[train.ids])
    return probability, {"seconds": 0.0, "wall_s": time.perf_counter() - started, "parameters": 1}


def _lengths(files: Files) -> NDArray[Any]:
    paths = [files] if isinstance(files, str | os.PathLike) else list(files)
    for path in paths:
        with open_table(path) as table:
            if LENGTHS in table:
                lengths: NDArray[Any] = table[LENGTHS][()]
                return lengths
    raise UserError(
        f"the baseline {CHANGE_VECTOR} needs two dates, and {paths[0]} has no column {LENGTHS!r}; leave it out of "
        "baselines"
    )
