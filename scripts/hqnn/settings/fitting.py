"""How models are fitted."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.hardware_training import HardwareTraining
from hqnn.settings.section import Positive, Section


class Descent(Section):
    """How a loss is brought down."""

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = Field("adam", description="Which optimiser of torch.")
    learning_rate: float = Field(0.01, gt=0, description="Its rate; of the schedule `one_cycle` the highest.")
    momentum: float = Field(0.0, ge=0, lt=1, description="Of `sgd` and `rmsprop`.")
    weight_decay: float = Field(
        0.0,
        ge=0,
        description="Pulls weights towards zero, of nets on frozen features the matrix that reads them and no other; "
        "apart from the gradient in `adamw`, added to it elsewhere.",
    )
    schedule: Literal["constant", "step", "one_cycle", "cosine"] = Field(
        "constant", description="How the rate changes: over all steps in `one_cycle` and `cosine`, by epochs in `step`."
    )
    step_epochs: Positive = Field(
        10,
        description="After how many epochs `step` multiplies the rate by `gamma`.",
        json_schema_extra={"unit": "epochs"},
    )
    gamma: float = Field(0.1, gt=0, le=1, description="That factor.")
    batch_size: Positive | None = Field(
        None,
        description="Samples a step; where empty a power of two from 8 to 512 that leaves an epoch 20 steps or more, "
        "as far as there are samples.",
        json_schema_extra={"unit": "samples"},
    )
    epochs: Positive = Field(20, description="Passes over as many draws as there are train samples.")
    fused: bool = Field(False, description="Take torch's fused kernels: faster steps, other last digits.")


# What all seeds of a model can be trained by at once.
TOGETHER: dict[str, object] = {"patience": None, "keep": "last", "class_weights": "none"}


class Regime(Descent):
    """How a classifier is fitted."""

    balanced: bool = Field(False, description="Draw train samples with replacement, all classes equally likely.")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="Weights in the loss: `balanced` is inverse to the frequency of a sample's class."
    )
    patience: Positive | None = Field(
        None,
        description="Stop after so many epochs without a lower validation loss; never where empty.",
        json_schema_extra={"unit": "epochs"},
    )
    keep: Literal["last", "best_accuracy", "best_loss"] = Field(
        "last", description="Which epoch's weights are kept: the last, or the best on the validation samples."
    )

    @model_validator(mode="after")
    def _even_out_once(self) -> Self:
        if self.balanced and self.class_weights == "balanced":
            raise PydanticCustomError(
                "twice",
                "balanced draws and class_weights 'balanced' would even the classes out twice; set balanced to false "
                "or class_weights to 'none'",
            )
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """Keys that are set and that validation samples decide."""
        return tuple(key for key, default in (("patience", None), ("keep", "last")) if getattr(self, key) != default)


def refuse_choices(lack: str, **regimes: Regime | HardwareTraining) -> None:
    """Refuse what validation samples decide where there are none.

    Args:
        lack: what has none of them.
        regimes: by their keys.

    Raises:
        PydanticCustomError: a regime leaves something to them.
    """
    for name, regime in regimes.items():
        if regime.choices:
            raise PydanticCustomError(
                "validation",
                "{key} chooses by validation samples, of which {lack} has none; leave it out",
                {"key": f"{name}.{regime.choices[0]}", "lack": lack},
            )


class Training(Regime):
    """How a quantum model is fitted."""

    differentiation: Literal["engine", "backprop", "adjoint", "parameter-shift", "finite-diff", "spsa"] = Field(
        "engine", description="Whose gradients: the engine's own, or one of PennyLane's methods on `device`."
    )
    device: str = Field("default.qubit", description="The PennyLane device, where `differentiation` is PennyLane's.")


class FineTuning(Regime):
    """How a phase goes on from the weights of the one before."""

    learning_rate: float = Field(0.003, gt=0, description="Its rate.")
    epochs: Positive = Field(10, description="Passes over as many draws as there are train samples.")
