"""What studies run whose samples are dealt to train, validation and test."""

from __future__ import annotations

from typing import Any, TypeVar

from hqnn.settings.dealt import DealtStudy
from hqnn.settings.plan import Plan

D = TypeVar("D", bound=DealtStudy)


class DealtPlan(Plan[D]):
    """What a study runs whose samples are dealt: a data set for each split."""

    def datasets(self) -> list[str]:
        """One for each split."""
        return [f"{self.data}-{split.name}" for split in self.study.splits]

    def split(self, name: str) -> dict[str, Any]:
        """How the samples are parted."""
        return self._asked_for(name, {split.name: split for split in self.study.splits}, "splits")

    def training(self, model: str) -> dict[str, Any]:
        """The same for all."""
        return self.study.training.model_dump()

    def kept_whole(self, dataset: str) -> dict[str, Any]:
        """The groups of the split, where it has some."""
        group = self.split(dataset.partition("-")[2])["group"]
        return {"column": f"group_{group}"} if group else {}

    @property
    def deals_by_seed(self) -> bool:
        """They do."""
        return True

    def fixed_circuit(self, model: str) -> str:
        """It is compiled for all seeds at once."""
        native = len(self.phases()) > 1 or any(path not in ("exact", "shots") for path in self.paths("ideal"))
        return "each seed has a search of its own, and native paths and phases one circuit for all" if native else ""

    @property
    def splits(self) -> list[str]:
        """The splits that are dealt."""
        seeds = self.study.seeds
        return [f"{self.folder}/{dataset}/seed{seed}/split.h5" for dataset in self.datasets() for seed in seeds]

    @property
    def scored_with(self) -> list[str]:
        """The table, and for each split one that says by what groups it was dealt."""
        first = self.study.seeds[0]
        return [self.table, *(f"{self.folder}/{dataset}/seed{first}/split.h5" for dataset in self.datasets())]
