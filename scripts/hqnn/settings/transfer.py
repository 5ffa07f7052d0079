"""Keys of studies B and D: transfer learning on photographs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hqnn.settings.fitting import Training
from hqnn.settings.section import Name, Positive, Section

Part = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]
Backbone = Literal[
    "resnet18", "resnet34", "resnet50", "vgg16", "vgg16_fc", "mobilenet_v3_small", "mobilenet_v3_large", "vit_b_16"
]


class Split(Section):
    """How a set is parted."""

    train: Part = Field(0.7, description="Images to train on: a number of them, or a share of all.")
    validation: Part = Field(0.15, description="Images to choose the epoch by.")
    test: Part = Field(0.15, description="Images to test on.")
    group: Name | None = Field(
        None, description="Which grouping of the set never has members on two sides, such as `site`; none where empty."
    )

    @model_validator(mode="after")
    def _of_one_kind(self) -> Split:
        parts = (self.train, self.validation, self.test)
        if len({type(part) for part in parts}) > 1:
            raise ValueError("take three numbers of images, or three shares of all")
        if isinstance(self.train, float) and sum(parts) > 1 + 1e-9:
            raise ValueError("the shares of train, validation and test are more than 1 together")
        return self

    @property
    def name(self) -> str:
        """What the split is called in the paths of results: ``240_50_120``, ``70_15_15``, ``70_15_15_site``."""
        parts = [p if isinstance(p, int) else round(100 * p) for p in (self.train, self.validation, self.test)]
        return "_".join([*map(str, parts), *([self.group] if self.group else [])])


class Images(Section):
    """How images are read."""

    classes: tuple[str, ...] = Field((), description="Folders of the classes, label 0 first; all, sorted, where empty.")
    unreadable: Literal["skip", "stop"] = Field(
        "skip", description="What to do with a file that is no whole image: leave it out and name it, or stop."
    )
    duplicates: Literal["drop", "keep"] = Field(
        "drop", description="What to do with equal and nearly equal images: keep the first, or all; both are reported."
    )


class TransferTraining(Training):
    """How a head is fitted on frozen features."""

    learning_rate: float = Field(0.001, gt=0, description="Its rate.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(30, description="Passes over the train samples.")
    balanced: bool = Field(False, description="Draw train samples with replacement, all classes equally likely.")


class Trainer(Section):
    """Another simulator, or another way to differentiate, to train the same model with."""

    device: str = Field("default.qubit", description="PennyLane's name of the simulator.")
    differentiation: Literal["backprop", "adjoint", "parameter-shift", "finite-diff", "spsa"] = Field(
        "backprop", description="Whose gradients."
    )
