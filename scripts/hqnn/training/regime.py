"""How a model is fitted: the choices, apart from any study's settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from hqnn.errors import UserError


@dataclass(frozen=True)
class Regime:
    """Choices of a training run.

    Attributes:
        optimizer: see `hqnn.training.optimizers.optimizer_of`.
        learning_rate: its rate; of the schedule ``one_cycle`` the highest.
        batch_size: samples a step.
        epochs: passes over as many draws as there are train samples; the most, where `patience` is set.
        balanced: draw train samples with replacement, all classes equally likely.
        momentum: of sgd and rmsprop.
        weight_decay: decoupled from the gradient in adamw, added to it elsewhere.
        fused: take torch's fused kernels where the optimiser has them: faster steps, other last digits.
        schedule: of the rate, see `hqnn.training.schedules.schedule_of`.
        step_epochs: epochs after which the schedule ``step`` multiplies the rate by `gamma`.
        gamma: that factor.
        class_weights: of samples in the loss: ``none``, or ``balanced``: inverse to the frequency of their class.
        patience: stop after so many epochs without a lower validation loss; never where None.
        keep: weights of the ``last`` epoch, or of the best on the validation samples: of the highest accuracy (of equal
            ones the lowest loss), or of the lowest loss.
    """

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    learning_rate: float = 0.01
    batch_size: int = 500
    epochs: int = 20
    balanced: bool = False
    momentum: float = 0.0
    weight_decay: float = 0.0
    fused: bool = False
    schedule: Literal["constant", "step", "one_cycle", "cosine"] = "constant"
    step_epochs: int = 10
    gamma: float = 0.1
    class_weights: Literal["none", "balanced"] = "none"
    patience: int | None = None
    keep: Literal["last", "best_accuracy", "best_loss"] = "last"

    @classmethod
    def of(cls, section: object) -> Regime:
        """Take what a section of the settings says; what it does not know keeps its default."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: getattr(section, name) for name in names if hasattr(section, name)})

    def require_sense(self, validation: bool) -> None:
        """Check what no single choice shows.

        Args:
            validation: whether there are validation samples.

        Raises:
            UserError: two choices contradict each other, or one needs validation samples.
        """
        if self.balanced and self.class_weights == "balanced":
            raise UserError(
                "balanced draws and class_weights 'balanced' would even the classes out twice; set balanced to false "
                "or class_weights to 'none'"
            )
        for choice, default in (("patience", None), ("keep", "last")):
            value = getattr(self, choice)
            if value != default and not validation:
                raise UserError(
                    f"{choice} is {value!r} but no samples are set aside for validation; give the split some"
                )
