"""What a study of small images runs."""

from __future__ import annotations

from typing import Any

from hqnn.settings.images.keys import SmallImageStudy, kernel_circuit
from hqnn.settings.plan import Architecture, Circuit, Plan, raw_part
from hqnn.settings.runs import Executed, Run

ANALYSED = (
    "sentences.json",
    "zx_before.svg",
    "zx_after.svg",
    "fourier.svg",
    "gradients_by_qubits.svg",
    "gradients_by_depth.svg",
)
PLAIN_RATE = 0.001  # of a net without batch normalisation, where nobody says one
SMALL = ("quanv", "cnn1", "cnn4")  # models with one small kernel, trained on draws


class SmallImagePlan(Plan[SmallImageStudy]):
    """Images as they are; a data set of all of them, and one for each small draw."""

    @property
    def sample_set(self) -> str:
        """Handwritten digits."""
        return "handwritten"

    @property
    def fetched_set(self) -> str:
        """The one named."""
        return self.study.data.set

    @property
    def calibrations(self) -> list[str]:
        """That of the analysis, too."""
        analysed = self.study.analysis
        return [*super().calibrations, *([analysed.backend] if analysed.enabled else [])]

    def datasets(self) -> list[str]:
        """The raw one; for the draws see `draws`."""
        return [self.data]

    def draws(self) -> list[str]:
        """One data set for each draw."""
        return [f"{self.data}-{draw.name}" for draw in self.study.quanv.draws] if self.study.quanv.kernels else []

    def draw(self, name: str) -> dict[str, Any]:
        """How a small subset is drawn."""
        return self._asked_for(name, {draw.name: draw for draw in self.study.quanv.draws}, "quanv.draws")

    def models(self) -> list[str]:
        """Those on the whole set."""
        return list(self.study.models)

    def kernels(self) -> list[str]:
        """Quanvolutional nets, on draws."""
        return [kernel.name for kernel in self.study.quanv.kernels]

    def kernel_twins(self) -> list[str]:
        """Ordinary kernels in their place."""
        return list(self.study.quanv.twins) if self.study.quanv.kernels else []

    def circuit(self, model: str) -> Circuit:
        """Of the parallel net, or of a kernel."""
        if model == "parallel":
            sizes = self.study.parallel
            return Circuit(sizes.circuit, sizes.qubits, tuple(f"Y{wire}" for wire in range(sizes.qubits)), "fixed")
        inputs = self.study.quanv.kernel**2
        return Circuit(kernel_circuit(model), inputs, tuple(f"Z{wire}" for wire in range(inputs)), "fixed")

    def samples(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The table of images, and the draw where it is one."""
        draw = [f"{self.folder}/{dataset}/seed{seed}/draw.h5"] if "-" in dataset else []
        return [*draw, f"{self.folder}/{raw_part(dataset)}/samples.h5"]

    def architecture(self, model: str) -> Architecture:
        """A convolutional net, or one small kernel."""
        kind = model.partition("-")[0]
        if kind in SMALL:
            options = self.study.quanv.model_dump(include={"shrink", "kernel", "stride"})
            return Architecture(kind, options | {"kernels": 1 if kind == "cnn1" else 4})
        sizes = self.study.cnn if kind == "cnn" else self.study.parallel
        return Architecture(kind, sizes.model_dump())

    def training(self, model: str) -> dict[str, Any]:
        """Small kernels have a regime of their own, and a net that normalises nothing a lower rate."""
        kind = model.partition("-")[0]
        regime = (self.study.quanv if kind in SMALL else self.study).training
        plain = kind == "cnn" and not self.study.cnn.normalised and "learning_rate" not in regime.model_fields_set
        return {**regime.model_dump(), **({"learning_rate": PLAIN_RATE} if plain else {})}

    def fitted(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The table of all images, which says their size, depth and bands."""
        return [f"{self.folder}/{raw_part(dataset)}/samples.h5"]

    def augmentation(self, model: str) -> dict[str, Any] | None:
        """How images are warped; small kernels see them as they are."""
        warping = self.study.warping.model_dump()
        return None if model.partition("-")[0] in SMALL or not any(warping.values()) else warping

    @property
    def watches_test(self) -> bool:
        """Curves of both are shown, as published."""
        return True

    def twins(self) -> list[str]:
        """Those on the whole set."""
        return list(self.study.twins)

    def kernel_seeds(self) -> list[int]:
        """Seeds of the training runs of small kernels."""
        return list(self.study.quanv.seeds or self.study.seeds)

    def first_seed(self, model: str) -> int:
        """Small kernels have seeds of their own."""
        return self.kernel_seeds()[0] if model.partition("-")[0] in SMALL else super().first_seed(model)

    def fixed_circuit(self, model: str) -> str:
        """Kernels are named after theirs, and an analysis is of the circuit that the study names."""
        if model.partition("-")[0] in SMALL:
            return "a small kernel is what its circuit is"
        return "the analysis is of the circuit that the study names" if self.study.analysis.enabled else ""

    @property
    def sweeps_together(self) -> bool:
        """Whether all seeds of a small kernel are trained side by side, in one job."""
        return bool(self.study.quanv.kernels) and self.study.quanv.sweep == "together"

    def quantum_runs(self) -> list[Executed]:
        """On the whole set; small kernels exactly, the first of them by every path."""
        kernels = self._kernel_runs(self.kernels())
        everywhere = Executed(kernels[0], self.paths("ideal")) if kernels else None
        exact = [Executed(run, ("exact",)) for run in kernels[1:]]
        return [*super().quantum_runs(), *([everywhere] if everywhere else []), *exact]

    def twin_runs(self) -> list[Run]:
        """On the whole set, and on draws."""
        return [*super().twin_runs(), *self._kernel_runs(self.kernel_twins())]

    def programs(self) -> list[str]:
        """The circuits, as traced."""
        traced = [(self.data, model) for model in self.models()]
        traced += [(draw, kernel) for draw in self.draws() for kernel in self.kernels()]
        return [self.searches.program(dataset, model, self.first_seed(model)) for dataset, model in traced]

    def analyses(self) -> list[str]:
        """What the circuits say without any data."""
        if not self.study.analysis.enabled:
            return []
        circuits = [(self.data, model) for model in self.models()]
        circuits += [(self.draws()[0], kernel) for kernel in self.kernels()[:1]]
        return [f"{self.folder}/{dataset}/{model}/analysis/{name}" for dataset, model in circuits for name in ANALYSED]

    def artefacts(self) -> list[str]:
        """Images, circuits, and what these say without data."""
        return [self.table, *self.analyses(), *self.programs()]

    def _kernel_runs(self, models: list[str]) -> list[Run]:
        return [
            Run(self.name, draw, model, "ideal", seed)
            for draw in self.draws()
            for model in models
            for seed in self.kernel_seeds()
        ]
