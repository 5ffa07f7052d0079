"""Keys of training on a machine."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hqnn.settings.section import Positive, Section


class HardwareTraining(Section):
    """How the phase `hardware` goes on from the weights of `noisy`: one job a step."""

    gradient: Literal["parameter_shift", "spsa"] = Field(
        "parameter_shift",
        description="`parameter_shift`: right on average, two circuits for each angle of a sample; `spsa`: two "
        "circuits a sample, whatever the number of angles, with more variance.",
    )
    perturbation: float = Field(
        0.2, gt=0, description="How far `spsa` moves the angles.", json_schema_extra={"unit": "rad"}
    )
    shots: Positive = Field(1024, description="Repetitions of a circuit.", json_schema_extra={"unit": "shots"})
    steps: Positive = Field(7, description="How many steps, and so jobs, there are.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})
    optimizer: Literal["adam", "sgd"] = Field("adam", description="Which optimiser of torch.")
    learning_rate: float = Field(0.003, gt=0, description="Its rate.")
    keep: Literal["last", "best_accuracy", "best_loss"] = Field(
        "last",
        description="Which weights are kept: the last, or the best on the validation samples, which the machine then "
        "runs before the first step and after each pass over the train samples, in a job each time.",
    )
    validation_samples: Positive = Field(
        64,
        description="The most validation samples that are run each time, drawn in proportion to the classes.",
        json_schema_extra={"unit": "samples"},
    )

    @property
    def choices(self) -> tuple[str, ...]:
        """Keys that are set and that validation samples decide."""
        return () if self.keep == "last" else ("keep",)
