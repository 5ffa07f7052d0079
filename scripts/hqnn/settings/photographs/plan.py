"""What a study of photographs runs."""

from __future__ import annotations

from typing import Any

from hqnn.settings.dealt_plan import DealtPlan
from hqnn.settings.photographs.keys import Photographs
from hqnn.settings.plan import Architecture, Circuit, raw_part


class PhotographPlan(DealtPlan[Photographs]):
    """Photographs to frozen features, and heads on these; a data set for each split."""

    @property
    def sample_set(self) -> str:
        """The one named."""
        return self.study.data.set

    @property
    def fetched_set(self) -> str:
        """The one named."""
        return self.study.data.set

    @property
    def read_within(self) -> str:
        """The folder named."""
        return self.study.images.folder

    def models(self) -> list[str]:
        """Each circuit behind each backbone."""
        return self._behind_backbones(self.study.models)

    def short_name(self, model: str) -> str:
        """Without the backbone."""
        return model.partition("-")[2]

    def circuit(self, model: str) -> Circuit:
        """The part of the name behind the backbone."""
        return Circuit(model.partition("-")[2], self.study.qubits, (), "dressed")

    def samples(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """Features of the backbone, and the split."""
        return [
            f"{self.folder}/{raw_part(dataset)}/{model.partition('-')[0]}/features.h5",
            f"{self.folder}/{dataset}/seed{seed}/split.h5",
        ]

    def architecture(self, model: str) -> Architecture:
        """The dressed net, or a head in its place."""
        backbone, _, head = model.partition("-")
        kind = head if head in self.study.twins else "dressed"
        return Architecture(
            kind,
            {"delta": self.study.delta, "hidden": self.study.qubits, "standardise": self.standardises(backbone)},
        )

    def standardises(self, backbone: str) -> bool:
        """Whether features are brought to mean 0 and deviation 1."""
        random = self.weights(backbone) == "random"
        return random if self.study.standardise is None else self.study.standardise

    def twins(self) -> list[str]:
        """Each behind each backbone."""
        return self._behind_backbones(self.study.twins)

    def references(self) -> list[str]:
        """Each behind each backbone."""
        return self._behind_backbones(self.study.baselines)

    def baseline(self, name: str) -> dict[str, Any]:
        """The part of the name behind the backbone; features of a backbone have no scale of their own."""
        return {"standardise": True, **super().baseline(name.partition("-")[2])}

    def weights(self, backbone: str) -> str:
        """Which weights a backbone has: a word, or a file."""
        return self.study.weights.get(backbone, "random")  # type: ignore[call-overload,no-any-return]

    def weights_file(self, backbone: str) -> list[str]:
        """The file of a backbone's weights, where it is one of the user's."""
        weights = self.weights(backbone)
        return [] if weights in ("random", "imagenet") else [weights]

    def fitted(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """Features and images, which say how both were made, and the backbone's weights where they are the user's."""
        backbone = model.partition("-")[0]
        features, _ = self.samples(dataset, model, seed)
        return [features, f"{self.folder}/{raw_part(dataset)}/samples.h5", *self.weights_file(backbone)]

    def reading(self, model: str) -> dict[str, Any]:
        """Which weights the backbone has."""
        return {"weights": self.weights(model.partition("-")[0])}

    def images(self) -> dict[str, Any]:
        """How images are read."""
        return self.study.images.model_dump(include={"classes", "fit", "unreadable", "duplicates", "similarity"})

    def patches(self) -> dict[str, Any] | None:
        """How large images are cut; nothing where there are none."""
        return self.study.images.patches.model_dump() if self.study.images.layout == "masked" else None

    def groups(self) -> dict[str, Any] | None:
        """Which table says what belongs together, where there is one."""
        groups = self.study.images.groups
        return groups.model_dump() if groups.table else None

    def artefacts(self) -> list[str]:
        """Images, features, splits, and the first models with their circuits."""
        return [
            self.table,
            *(f"{self.folder}/{self.data}/{backbone}/features.h5" for backbone in self.study.backbones),
            *(self.first_runs("bitstrings.csv") if self.study.bitstrings else []),
            *self.first_runs("model.safetensors"),
            *self.trained_elsewhere(),
            *self.splits,
        ]

    def _behind_backbones(self, names: Any) -> list[str]:
        return [f"{backbone}-{name}" for backbone in self.study.backbones for name in names]
