"""How models are fitted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hqnn.settings.section import Positive, Section


class Fitting(Section):
    """How a model is fitted."""

    optimizer: Literal["adam", "rmsprop", "sgd"] = Field("adam", description="Which optimiser of torch.")
    learning_rate: float = Field(0.01, gt=0, description="Its rate.")
    batch_size: Positive = Field(500, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(20, description="Passes over as many draws as there are train samples.")
    balanced: bool = Field(
        True, description="Draw train samples with replacement, both classes equally likely. Test samples never are."
    )


class Training(Fitting):
    """How a quantum model is fitted."""

    differentiation: Literal["engine", "backprop", "adjoint", "parameter-shift", "finite-diff", "spsa"] = Field(
        "engine", description="Whose gradients: the engine's own, or one of PennyLane's methods on `device`."
    )
    device: str = Field("default.qubit", description="The PennyLane device, where `differentiation` is PennyLane's.")


class FineTuning(Training):
    """How a phase goes on from the weights of the one before."""

    learning_rate: float = Field(0.003, gt=0, description="Its rate.")
    epochs: Positive = Field(10, description="Passes over as many draws as there are train samples.")
