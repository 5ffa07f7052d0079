"""Keys of study A: change detection on pairs of satellite images."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hqnn.settings.fitting import Descent, FineTuning, Training, refuse_choices
from hqnn.settings.section import Distinct, Positive, Section


class Features(Section):
    """What of a pixel pair the model sees."""

    grid: Literal["native", "rect"] = Field(
        "native",
        description="`native`: bands as delivered, brought onto date 1's 10 m grid through their geotransforms; "
        "`rect`: the data set's own resampled copies.",
    )
    bands: Literal["rgb", "rgbnir", "below20m", "all"] = Field("below20m", description="Which Sentinel-2 bands.")
    layout: Literal["per_date", "joint", "residual"] = Field(
        "per_date",
        description="`per_date`: each date has its own scaler and PCA, half of the components each (the study's 4 + "
        "4); `joint`: one scaler and PCA over the bands of both dates; `residual`: 8 features of what date 1 does not "
        "explain of date 2, and of brightness, water and texture around a pixel, under per-image radiometric "
        "normalisation: by the pair's own pixels, test pairs too, but no label. It takes `all` bands and has no PCA.",
    )
    components: Positive = Field(8, le=26, description="How many features remain after the PCA, both dates together.")
    fit: Literal["train", "image"] = Field(
        "train",
        description="`train`: scaler and PCA fitted once, on train pixels; `image`: anew on every image, test images "
        "included, as the study's authors did.",
    )
    whiten: bool = Field(True, description="Scale every feature to unit variance over the train pixels.")
    stride: Positive = Field(
        10, description="Every how many-th row and column is a sample.", json_schema_extra={"unit": "pixels"}
    )


class PixelTraining(Training):
    """How a quantum model is fitted."""

    balanced: bool = Field(
        True, description="Draw train samples with replacement, all classes equally likely. Test samples never are."
    )


class PixelFineTuning(FineTuning):
    """How a phase goes on from the weights of the one before."""

    balanced: bool = Field(
        True, description="Draw train samples with replacement, all classes equally likely. Test samples never are."
    )


class PatchFitting(Descent):
    """How a U-Net is fitted on the patches around the train samples."""

    batch_size: Positive = Field(500, description="Patches a step.", json_schema_extra={"unit": "patches"})
    epochs: Positive = Field(20, description="Passes over the patches.")
    balanced: bool = Field(True, description="Whether both classes weigh equally in the loss.")


class LargePatchFitting(PatchFitting):
    """How the full U-Net is fitted on the patches around the train samples."""

    learning_rate: float = Field(0.001, gt=0, description="Its rate.")
    batch_size: Positive = Field(32, description="Patches a step.", json_schema_extra={"unit": "patches"})


class Change(Section):
    """Study A: change detection on pairs of Sentinel-2 images."""

    train_cities: Distinct[str] = Field((), description="Cities to train on; the data set's own list where empty.")
    test_cities: Distinct[str] = Field((), description="Cities to test on; the data set's own list where empty.")
    features: Features = Features()
    models: Distinct[str] = Field(
        ("angle_y-simplified_two_design-3",), description="Quantum models, named embedding-ansatz-layers."
    )
    qubits: Annotated[int, Field(ge=2, le=12)] = Field(8, description="Wires of the circuit.")
    observable: str = Field("Z1", description="The Pauli word that is measured; `Z1` is Z of the second wire.")
    reading: Literal["sigmoid", "scaled"] = Field(
        "sigmoid",
        description="How the expectation value becomes a probability: `sigmoid` of it, which keeps it within "
        "[.269, .731] as in the study, or `scaled` by a trainable factor and bias first. With train cities left out "
        "in turn both score alike; the default kept its score over more epochs.",
    )
    baselines: Distinct[Literal["change_vector", "logistic_regression", "mlp", "unet_small", "unet_full"]] = Field(
        ("change_vector", "logistic_regression", "mlp", "unet_small"),
        description="Classical references on the same pixels; the U-Nets see red, green and blue of both dates around "
        "each: `unet_small` 2 x 2 pixels with 1,312 trainable numbers, `unet_full` 32 x 32 with 1.35 million.",
    )
    mlp_parameters: Positive = Field(
        114,
        description="The `mlp` is as wide as brings it nearest to so many trainable numbers; the study's has 114.",
    )
    unet_small: PatchFitting = PatchFitting()
    unet_full: LargePatchFitting = LargePatchFitting()
    training: PixelTraining = PixelTraining()
    phases: Distinct[Literal["ideal", "device", "noisy"]] = Field(
        ("ideal",),
        description="`ideal`: any connectivity, no noise; `device`: goes on from there with the native circuit of each "
        "backend; `noisy`: goes on from that with the backend's noise after every gate and its readout error.",
    )
    fine_tuning: PixelFineTuning = PixelFineTuning()

    @model_validator(mode="after")
    def _choose_nothing(self) -> Self:
        refuse_choices("study A", training=self.training, fine_tuning=self.fine_tuning)
        return self

    @property
    def circuits(self) -> tuple[str, ...]:
        """Names of all circuits, as the library of circuits has them."""
        return self.models
