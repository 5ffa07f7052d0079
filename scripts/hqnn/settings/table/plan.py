"""What a study of rows of a table runs."""

from __future__ import annotations

from typing import Any

from hqnn.settings.dealt_plan import DealtPlan
from hqnn.settings.plan import raw_part
from hqnn.settings.table.keys import TableStudy
from hqnn.settings.vectors import VectorPlan


class TablePlan(VectorPlan[TableStudy], DealtPlan[TableStudy]):
    """Rows to features that are fitted on train rows; a data set for each split."""

    @property
    def sample_set(self) -> str:
        """There is one."""
        return "table"

    @property
    def fetched_set(self) -> str:
        """The name of the data."""
        return self.study.data.name or "table"

    @property
    def read_within(self) -> str:
        """The file of a made folder."""
        return "table.csv" if self.study.data.source == "sample" else ""

    def samples(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """Features of the split, and the split."""
        folder = f"{self.folder}/{dataset}/seed{seed}"
        return [f"{folder}/features.h5", f"{folder}/split.h5", f"{self.folder}/{raw_part(dataset)}/samples.h5"]

    def fitted(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """Features of the split, with the transform that its train rows decided."""
        return [f"{self.folder}/{dataset}/seed{seed}/features.h5"]

    def reading(self, model: str) -> dict[str, Any]:
        """Which columns say what a row is called and its class, and what an empty cell means."""
        return self.study.columns.model_dump(include={"label", "id", "empty"})

    def artefacts(self) -> list[str]:
        """The table, the splits, the first features, and the first models with their circuits."""
        first = self.study.seeds[0]
        features = [file for dataset in self.datasets() for file in self.fitted(dataset, "", first)]
        return [self.table, *self.first_runs("model.safetensors"), *self.splits, *features]
