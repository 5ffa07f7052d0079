"""Keys of studies whose samples are rows of a table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hqnn.settings.dealt import DealtStudy
from hqnn.settings.fitting import FineTuning, Training
from hqnn.settings.section import Distinct, Name, Positive, Section
from hqnn.settings.study import Baseline, Data


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


class TableStudy(DealtStudy):
    """Rows of numbers, in two classes or many."""

    kind: Literal["table"] = "table"
    data: Data = Data()
    columns: Columns = Columns()
    features: RowFeatures = RowFeatures()
    models: Distinct[str] = Field(
        ("angle_y-simplified_two_design-3",), description="Quantum models, named embedding-ansatz-layers."
    )
    qubits: Annotated[int, Field(ge=2, le=12)] = Field(
        8, description="Wires of the circuit; a linear layer brings the features to so many angles."
    )
    observables: Distinct[str] = Field(
        (),
        description="Pauli words that are measured, such as `Z1`; where empty Z of the second wire for two classes, "
        "and for more enough words that each class has one.",
    )
    reading: Literal["sigmoid", "scaled"] = Field(
        "scaled",
        description="How one expectation value becomes the probability of the second of two classes: `sigmoid` of it, "
        "or `scaled` by a trainable factor and bias first. More classes are read by a linear layer.",
    )
    twins: Distinct[Literal["pixel_twin"]] = Field(
        ("pixel_twin",),
        description="Classical nets trained alike: `pixel_twin` has a dense layer in place of the circuit, with nearly "
        "as many parameters.",
    )
    baselines: dict[Name, Baseline] = Field(
        {"logistic_regression": Baseline(), "mlp": Baseline()},
        description="Classical references on the same rows, as in every study.",
    )
    training: RowTraining = RowTraining()
    fine_tuning: RowFineTuning = RowFineTuning()
