"""Support vector machines on quantum kernels, with scikit-learn's interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC

from hqnn.circuits.library import build_for
from hqnn.circuits.names import parse_name
from hqnn.circuits.program import Program
from hqnn.circuits.sizes import wires_of
from hqnn.engine.overlaps import check_memory
from hqnn.errors import UserError
from hqnn.models.kernels import bloch_vectors, fidelity_kernel, gaussian_of_qubits, usual_gamma
from hqnn.models.reference_parameters import CIRCUIT
from hqnn.noise.model import NoiseModel

Array = NDArray[np.float64]
Native: TypeAlias = Callable[[Program], tuple[Program, NoiseModel | None]]

MOST_WIRES = 20


def _check_wires(circuit: str, features: int) -> None:
    wires = wires_of(parse_name(circuit).embedding, features)
    if wires > MOST_WIRES:
        raise UserError(
            f"the kernel's circuit {circuit} would have {wires} wires for {features} features, and at most "
            f"{MOST_WIRES} can be simulated; take fewer features, as principal components, or the embedding amplitude"
        )


def _as_it_is(program: Program) -> tuple[Program, None]:
    return program, None


class KernelMachine(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A support vector machine on how alike a circuit makes two samples.

    Attributes:
        kernel_: of the samples that were fitted, shape (samples, samples).
        labels_: their classes.
        classes_: all classes.
    """

    def __init__(
        self,
        circuit: str = CIRCUIT,
        scale: float = 1.0,
        C: float = 1.0,  # noqa: N803  scikit-learn's name
        class_weight: Any = None,
        train_samples: int | None = None,
        random_state: int = 0,
        native: Native = _as_it_is,
        memory_limit_mb: float = 2000.0,
    ) -> None:
        """Say what is compared and how much a margin counts.

        Args:
            circuit: puts samples into states, see `hqnn.circuits.names`; its weights are drawn once from [0, 2 pi).
            scale: what samples are multiplied by, the kernel's bandwidth (Shaydulin and Wild, Phys. Rev. A 106, 042407,
                2022).
            C: see scikit-learn's SVC.
            class_weight: likewise.
            train_samples: the most that are fitted, drawn from all; all where None.
            random_state: seed of weights and of the draw.
            native: brings the circuit to a machine, and says that machine's noise.
            memory_limit_mb: of a kernel.
        """
        self.circuit, self.scale, self.C, self.class_weight = circuit, scale, C, class_weight
        self.train_samples, self.random_state = train_samples, random_state
        self.native, self.memory_limit_mb = native, memory_limit_mb

    def fit(self, features: Any, labels: Any) -> KernelMachine:
        """Compare all samples and fit; features of shape (samples, features), labels of shape (samples,)."""
        generator = np.random.default_rng(self.random_state)
        chosen = generator.permutation(len(features))[: self.train_samples]
        samples, self.labels_ = self._scaled(features)[chosen], np.asarray(labels)[chosen]
        check_memory(samples, samples, 0, self.memory_limit_mb)
        _check_wires(self.circuit, samples.shape[1])
        program = build_for(self.circuit, samples.shape[1])
        self.program_, self.noise_ = self.native(program)
        self.weights_ = generator.uniform(0, 2 * np.pi, program.weight_shape)
        self._remember(samples)
        self.kernel_ = self._beside(samples)
        self._machine = SVC(C=self.C, kernel="precomputed", class_weight=self.class_weight)
        self._machine.fit(self.kernel_, self.labels_)
        self.classes_ = self._machine.classes_
        return self

    def decision_function(self, features: Any) -> Any:
        """As SVC's: of the second of two classes, shape (samples,), or of every class, shape (samples, classes)."""
        return self._machine.decision_function(self._beside(self._scaled(features)))

    def predict(self, features: Any) -> Any:
        """The likeliest classes."""
        return self._machine.predict(self._beside(self._scaled(features)))

    def _scaled(self, features: Any) -> Array:
        return np.asarray(features, dtype=np.float64) * self.scale

    @abstractmethod
    def _remember(self, samples: Array) -> None:
        """Keep of the train samples what others are compared with."""

    @abstractmethod
    def _beside(self, samples: Array) -> Array:
        """The kernel of some samples and those that are remembered."""


class FidelityKernel(KernelMachine):
    """By `hqnn.models.kernels.fidelity_kernel`."""

    def _remember(self, samples: Array) -> None:
        self._samples = samples

    def _beside(self, samples: Array) -> Array:
        return fidelity_kernel(
            self.program_,
            self.weights_,
            samples,
            self._samples,
            noise=self.noise_,
            memory_limit_mb=self.memory_limit_mb,
        )


class ProjectedKernel(KernelMachine):
    """By `hqnn.models.kernels.projected_kernel`."""

    def __init__(
        self,
        circuit: str = CIRCUIT,
        scale: float = 1.0,
        gamma: float | None = None,
        C: float = 1.0,  # noqa: N803
        class_weight: Any = None,
        train_samples: int | None = None,
        random_state: int = 0,
        native: Native = _as_it_is,
        memory_limit_mb: float = 2000.0,
    ) -> None:
        """As `KernelMachine`; ``gamma`` as `hqnn.models.kernels.projected_kernel`."""
        super().__init__(circuit, scale, C, class_weight, train_samples, random_state, native, memory_limit_mb)
        self.gamma = gamma

    def _remember(self, samples: Array) -> None:
        self._qubits = self._measured(samples)
        self._gamma = usual_gamma(self._qubits) if self.gamma is None else self.gamma

    def _beside(self, samples: Array) -> Array:
        check_memory(samples, self._qubits, 0, self.memory_limit_mb)
        return gaussian_of_qubits(self._measured(samples), self._qubits, self._gamma)

    def _measured(self, samples: Array) -> Array:
        return bloch_vectors(
            self.program_, self.weights_, samples, noise=self.noise_, memory_limit_mb=self.memory_limit_mb
        )


KERNEL_MACHINES = {"fidelity_kernel": FidelityKernel, "projected_kernel": ProjectedKernel}
"""By their names in `hqnn.models.reference_names.KERNELS`."""
