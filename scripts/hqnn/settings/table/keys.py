"""Keys of studies whose samples are rows of a table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hqnn.settings.dealt import DealtStudy
from hqnn.settings.fitting import FineTuning, Training
from hqnn.settings.section import Distinct, Positive, Section
from hqnn.settings.study import Data
from hqnn.settings.vectors import VectorStudy


class Columns(Section):
    """Which column of the table is what."""

    label: str = Field("", description="The class of a row; `label`, `class`, `target` or `y` where empty.")
    features: Distinct[str] = Field((), description="Numbers that a model sees; all other columns where empty.")
    split: str = Field("", description="`train`, `validation` or `test`; the column `split` where empty and there.")
    group: str = Field("", description="What belongs together; the column `group` where empty and there.")
    id: str = Field("", description="What a row is called; the column `id` where empty and there.")
    empty: Literal["stop", "drop"] = Field(
        "stop", description="What to do with a row that has an empty cell: stop, or leave it out and count it."
    )


class RowFeatures(Section):
    """What of a row the model sees; fitted on train rows alone."""

    components: Positive | None = Field(
        8, description="How many principal components remain, at most as many as there are columns; all where empty."
    )
    whiten: bool = Field(True, description="Scale every feature to unit variance over the train rows.")


class RowTraining(Training):
    """How a quantum model is fitted."""

    batch_size: Positive = Field(32, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(30, description="Passes over the train samples.")


class RowFineTuning(FineTuning):
    """How a phase goes on from the weights of the one before."""

    batch_size: Positive = Field(32, description="Samples a step.", json_schema_extra={"unit": "samples"})


class TableStudy(VectorStudy, DealtStudy):
    """Rows of numbers, in two classes or many."""

    kind: Literal["table"] = "table"
    data: Data = Data()
    columns: Columns = Columns()
    features: RowFeatures = RowFeatures()
    training: RowTraining = RowTraining()
    fine_tuning: RowFineTuning = RowFineTuning()
