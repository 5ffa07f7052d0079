"""What a trained circuit does in its model: what stands in for it, and what training made of it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from hqnn.analysis.entanglement import meyer_wallach
from hqnn.analysis.information import effective_dimension, fisher_information, logit_jacobians, loss_gradients
from hqnn.analysis.polynomials import Polynomial, explained_variance
from hqnn.analysis.spectrum import frequencies, spectrum
from hqnn.analysis.states import state_vectors
from hqnn.data.parts import TEST, TRAIN
from hqnn.data.samples import Samples, read_samples
from hqnn.errors import UserError
from hqnn.metrics.score import score
from hqnn.models.architectures import build_classifier, read_classifier
from hqnn.models.classifier import SAMPLES_AT_ONCE
from hqnn.models.hybrid import HybridClassifier
from hqnn.store import whole_file

log = logging.getLogger(__name__)

COLUMNS = ("dataset", "model", "seed", "part", "variant", "draw", "metric", "value")
SCORES = ("accuracy", "balanced_accuracy", "roc_auc")
DEGREES = {"linear": 1, "quadratic": 2}
LOOKED_AT = 100  # samples whose gradients and spectra are taken one by one
AMPLITUDES = 1 << 22  # of all states that are looked at together

Floats = NDArray[np.float64]
Row: TypeAlias = tuple[str, str, int, str, float]  # part, variant, draw, metric, value


@dataclass(frozen=True)
class Trained:
    """A trained model and samples.

    Attributes:
        model: after training, in evaluation mode.
        start: the same before its first step.
        trained_on: how many samples trained it.
        train: train samples that are looked at.
        test: test samples that are looked at.
    """

    model: HybridClassifier
    start: HybridClassifier
    trained_on: int
    train: Samples
    test: Samples

    @property
    def few(self) -> NDArray[np.int64]:
        """Places of the train samples that are looked at one by one, spread over all."""
        return np.unique(np.linspace(0, len(self.train.labels) - 1, LOOKED_AT).astype(np.int64))


def write_layers(
    output: str,
    *,
    models: Mapping[int, str],
    samples: Sequence[Sequence[str]],
    dataset: str,
    name: str,
    most: int,
    draws: int,
    seed: int,
    memory_limit_mb: float,
) -> None:
    """Look into the circuits of one model's training runs, and write what is found as CSV, see `layer_rows`.

    Args:
        output: of the table, columns `COLUMNS`.
        models: training seed to the file of a trained model.
        samples: of each seed the tables of its samples.
        dataset: its name.
        name: of the model.
        most: train and test samples that are looked at, each drawn in proportion to scene and class where there are
            more.
        draws: of untrained weights.
        seed: of these draws and of the samples'.
        memory_limit_mb: of the engine.

    Raises:
        UserError: a file is missing or damaged, or a model has no circuit.
    """
    rows = []
    for (run, file), tables in zip(models.items(), samples, strict=True):
        train, test = (read_samples(tables, part, subset=most, seed=seed) for part in (TRAIN, TEST))
        found = layer_rows(_read(file, run, train, test, memory_limit_mb), draws, np.random.default_rng([seed, run]))
        rows += [(dataset, name, run, *row) for row in found]
    with whole_file(output) as partial:
        pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def layer_rows(trained: Trained, draws: int, generator: np.random.Generator) -> Iterator[Row]:
    """All that is found of one training run.

    Part `substitute`: accuracy, balanced accuracy and ROC AUC on test samples, and the share of predictions that are
    the trained model's (`agreement`), with the trained circuit and with what stands in its place, all else of the model
    kept: the best linear and quadratic fit to its expectation values on train samples, by least squares (`r2` on test
    samples); untrained weights, uniform in [0, 2 pi), by draw; no circuit, where it gives as many numbers as it takes.
    Part `training`, at the start and the end: mean entanglement of the states of train samples, see `meyer_wallach`;
    effective dimension of the circuits' weights, see there, and their number; variance of the loss's derivative by a
    weight over train samples, mean over weights.
    Part `spectrum`, of each input: see `Spectrum`; `draw` is the frequency.

    Args:
        trained: what is looked at.
        draws: of untrained weights.
        generator: of these draws.
    """
    yield from _substituted(trained, draws, generator)
    for variant, model in (("start", trained.start), ("end", trained.model)):
        for metric, value in _facts(model, trained).items():
            yield "training", variant, 0, metric, value
    yield from _spectra(trained)


def _read(file: str, seed: int, train: Samples, test: Samples, memory_limit_mb: float) -> Trained:
    """A model as it is, and as it started: initial weights, with what standardises samples fitted to these."""
    model, about = read_classifier(file, memory_limit_mb)
    if not isinstance(model, HybridClassifier):
        raise UserError(f"{file} holds a classifier without a circuit; name the model of a quantum one")
    start = build_classifier(model.architecture, model.program, seed=seed, memory_limit_mb=memory_limit_mb)
    assert isinstance(start, HybridClassifier)  # noqa: S101 - of the same kind
    start.load_state_dict({**start.state_dict(), **dict(model.named_buffers())})
    _take_statistics(start, train)
    return Trained(model, start, int(about.get("train_samples", len(train.labels))), train, test)


@torch.no_grad()
def _take_statistics(model: HybridClassifier, train: Samples) -> None:
    """Let batch normalisation see the samples once, and leave the model in evaluation mode."""
    normalising = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for module in normalising:
        module.reset_running_stats()
        module.momentum = None  # means of all batches
    if normalising and len(train.labels) > 1:
        model.train()
        model(model.as_input(train.features[:SAMPLES_AT_ONCE]))
    model.eval()


def _substituted(trained: Trained, draws: int, generator: np.random.Generator) -> Iterator[Row]:
    """Scores with the circuit and with what stands in its place."""
    model = trained.model
    train, test = (model.circuit_inputs(samples.features) for samples in (trained.train, trained.test))
    values, targets = model.expectations(test), model.expectations(train)
    own = model.probabilities(values)
    yield from _scores("trained", 0, own, own, trained.test)
    for name, degree in DEGREES.items():
        fit = Polynomial.fitted(train, targets, copies=model.quantum.copies, degree=degree)
        yield "substitute", name, 0, "r2", explained_variance(values, fit(test))
        yield from _scores(name, 0, model.probabilities(fit(test)), own, trained.test)
    for draw in range(draws):
        untrained = _with_weights(model, generator.uniform(0, 2 * np.pi, model.quantum.weights.shape))
        yield from _scores("untrained", draw, untrained.probabilities(untrained.expectations(test)), own, trained.test)
    if values.shape == test.shape:
        yield from _scores("none", 0, model.probabilities(test), own, trained.test)


def _scores(variant: str, draw: int, probability: Floats, own: Floats, test: Samples) -> Iterator[Row]:
    found = score(test.labels, probability, draws=0)
    pooled = found[(found["group"] == "pooled") & (found["sampling"] == "all")].set_index("metric")["value"]
    for metric in SCORES:
        yield "substitute", variant, draw, metric, float(pooled[metric])
    same = _predicted(probability) == _predicted(own)
    yield "substitute", variant, draw, "agreement", float(same.mean())


def _predicted(probability: Floats) -> NDArray[Any]:
    return probability > 0.5 if probability.ndim == 1 else probability.argmax(axis=1)


@torch.no_grad()
def _with_weights(model: HybridClassifier, weights: Floats) -> HybridClassifier:
    changed = copy.deepcopy(model)
    changed.quantum.weights.copy_(torch.from_numpy(weights))
    return changed


def _facts(model: HybridClassifier, trained: Trained) -> dict[str, float]:
    """What is told of the start and of the end of training."""
    inputs = model.circuit_inputs(trained.train.features[trained.few])
    labels = trained.train.labels[trained.few].astype(np.int64)
    logits, jacobians = logit_jacobians(model, inputs)
    return {
        "entanglement": _entanglement(model, inputs),
        "effective_dimension": effective_dimension(fisher_information(logits, jacobians), trained.trained_on),
        "weights": float(jacobians.shape[2]),
        "gradient_variance": float(loss_gradients(logits, jacobians, labels).var(axis=0).mean()),
    }


def _entanglement(model: HybridClassifier, inputs: Floats) -> float:
    """Mean over samples, places and copies; NaN where the circuit has no pure states, which is said."""
    program, copies = model.program, model.quantum.copies
    rows = inputs.reshape(-1, copies, program.inputs)[: max(1, AMPLITUDES >> program.wires)]
    weights = model.quantum_weights().reshape(copies, -1)
    try:
        states = [
            state_vectors(program, rows[:, place], np.tile(weights[place], (len(rows), 1))) for place in range(copies)
        ]
    except UserError as error:
        log.warning("entanglement is left out: %s", error)
        return float("nan")
    return float(np.mean([meyer_wallach(own) for own in states]))


def _spectra(trained: Trained) -> Iterator[Row]:
    """The spectrum of each input of each circuit."""
    model = trained.model
    program, copies = model.program, model.quantum.copies
    highest = frequencies(program)
    if highest is None:
        log.warning("the spectrum is left out: the circuit is not periodic in its inputs with a period of 2 pi")
        return
    every = model.circuit_inputs(trained.train.features[trained.few])
    inputs = every.reshape(-1, every.shape[-1])[:LOOKED_AT]
    for place in range(copies * program.inputs):
        own = highest[place % program.inputs]
        if own == 0:
            continue
        found = spectrum(model.expectations, inputs, place, own)
        for frequency, power in enumerate(found.power, start=1):
            yield "spectrum", f"x{place}", frequency, "power", float(power)
        for metric in ("low", "high", "straight"):
            yield "spectrum", f"x{place}", 0, metric, float(getattr(found, metric))
