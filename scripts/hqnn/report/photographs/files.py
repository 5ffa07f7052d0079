"""What lies beside the tables of photographs: images, splits, backbones, models and bitstrings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hqnn.circuits.program import Program
from hqnn.metrics.runs import Run, run_of
from hqnn.metrics.table import read_csv
from hqnn.report.image_table import ImageTable
from hqnn.store import open_table, read_attributes, read_model

BITSTRING_COLUMNS = ("device", "bitstring", "count", "probability")


@dataclass(frozen=True)
class PhotographFiles:
    """What the artefacts of one raw set are.

    Attributes:
        images: the table of images, where it was given.
        splits: data set to seed to the attributes of that split.
        backbones: name to the attributes of its features.
        models: training run to what its model file says.
        bitstrings: training run to how often each bitstring came on each device.
    """

    images: ImageTable | None
    splits: Mapping[str, Mapping[int, Mapping[str, Any]]]
    backbones: Mapping[str, Mapping[str, Any]]
    models: Mapping[Run, Mapping[str, Any]]
    bitstrings: Mapping[Run, pd.DataFrame]

    @classmethod
    def read(cls, artefacts: Sequence[Path]) -> PhotographFiles:
        """Read files by their names: samples.h5, split.h5, features.h5, model.safetensors and bitstrings.csv.

        Raises:
            UserError: one cannot be read.
        """
        named: dict[str, list[Path]] = {}
        for path in sorted(artefacts):
            named.setdefault(path.name, []).append(path)
        splits: dict[str, dict[int, Mapping[str, Any]]] = {}
        for path in named.get("split.h5", []):
            splits.setdefault(path.parents[1].name, {})[int(path.parent.name.removeprefix("seed"))] = _attributes(path)
        return cls(
            images=next((ImageTable.read(path) for path in named.get("samples.h5", [])), None),
            splits=splits,
            backbones={path.parent.name: _attributes(path) for path in named.get("features.h5", [])},
            models={run_of(path): read_model(path)[1] for path in named.get("model.safetensors", [])},
            bitstrings={
                run_of(path): read_csv(path, BITSTRING_COLUMNS, numbers=("count", "probability"))
                for path in named.get("bitstrings.csv", [])
            },
        )

    def program(self, model: str) -> Program | None:
        """The circuit of a model by name, where a file of it was given."""
        return next((Program.from_json(m["program"]) for r, m in self.models.items() if r.model == model), None)


def _attributes(path: Path) -> dict[str, Any]:
    with open_table(path) as file:
        return read_attributes(file)
