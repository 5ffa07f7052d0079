"""The config model: every key with its type, unit, default, limits and a line of help."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hqnn.errors import UserError, nearest

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    """A group of keys; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Section):
    """Where the images come from."""

    source: Literal["sample", "path", "download"] = Field(
        "sample",
        description="`sample`: synthetic data written by the workflow; `path`: files of yours; `download`: the "
        "published data set, fetched and verified as `resources/datasets.yaml` says.",
    )
    path: str | None = Field(None, description="Folder of the files, where `source` is `path`.")
    name: Name | None = Field(
        None, description="Name of the data set in the paths of results; the source's or the folder's where empty."
    )
    seed: Seed = Field(0, description="Seed of the synthetic data.")

    @property
    def dataset(self) -> str:
        """The name that stands in the paths of results."""
        if self.name:
            return self.name
        if self.source == "path":
            return "".join(c if c.isalnum() else "_" for c in Path(self.path or "data").resolve().name)
        return {"sample": "sample", "download": "published"}[self.source]


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


class PatchFitting(Fitting):
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

    train_cities: tuple[str, ...] = Field((), description="Cities to train on; the data set's own list where empty.")
    test_cities: tuple[str, ...] = Field((), description="Cities to test on; the data set's own list where empty.")
    features: Features = Features()
    models: tuple[str, ...] = Field(
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
    baselines: tuple[Literal["change_vector", "logistic_regression", "mlp", "unet_small", "unet_full"], ...] = Field(
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
    training: Training = Training()
    phases: tuple[Literal["ideal", "device", "noisy"], ...] = Field(
        ("ideal",),
        description="`ideal`: any connectivity, no noise; `device`: goes on from there with the native circuit of each "
        "backend; `noisy`: goes on from that with the backend's noise after every gate and its readout error.",
    )
    fine_tuning: FineTuning = FineTuning()


class Execution(Section):
    """By which paths a trained model is run."""

    paths: tuple[Literal["exact", "shots", "noisy", "hardware"], ...] = Field(
        ("exact", "shots", "noisy", "hardware"),
        description="`exact`: expectation values without noise; `shots`: sampled; `noisy`: native gates under the "
        "backend's noise and readout error, exact; `hardware`: Runtime primitives, in local mode on the snapshot.",
    )
    backends: tuple[str, ...] = Field(
        ("ibm_brisbane",), description="Calibrations in `resources/calibrations`, or the paths of such files."
    )
    layouts: Positive = Field(4, description="How many layouts are tried; the best by expected fidelity is kept.")
    shots: Positive = Field(1024, description="Repetitions of a circuit.", json_schema_extra={"unit": "shots"})
    subset: Positive = Field(
        1000,
        description="How many test samples, drawn by city and class in proportion, the paths that sample run on.",
        json_schema_extra={"unit": "samples"},
    )
    seed: Seed = Field(0, description="Seed of the subset, of sampling and of transpilation.")


class Engine(Section):
    """The simulator of expectation values."""

    memory_limit_mb: float = Field(
        2000.0,
        gt=0,
        description="The most that one call may store beside its inputs and outputs; it works in pieces where it would "
        "need more.",
        json_schema_extra={"unit": "MB"},
    )


class Explanation(Section):
    """Why a device differs from a simulator: the same weights under each part of its noise."""

    enabled: bool = Field(True, description="Whether to run it for every quantum model and backend.")
    draws: Positive = Field(20, description="Draws of untrained quantum weights for each seed.")
    few_shots: tuple[Positive, ...] = Field(
        (16, 64, 256, 1024), description="Numbers of shots without noise.", json_schema_extra={"unit": "shots"}
    )


class Evaluation(Section):
    """How predictions are scored."""

    draws: Positive = Field(1000, description="Bootstrap draws behind a 95 % interval.")
    seed: Seed = Field(0, description="Seed of the bootstrap.")


class Settings(Section):
    """Everything a user can set."""

    studies: tuple[Literal["change"], ...] = Field(("change",), description="Which studies to run.")
    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1, description="One training run each.")
    data: Data = Data()
    change: Change = Change()
    execution: Execution = Execution()
    engine: Engine = Engine()
    explanation: Explanation = Explanation()
    evaluation: Evaluation = Evaluation()


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a config.

    Args:
        config: as Snakemake merged it.

    Raises:
        UserError: a key is unknown or a value out of its limits; the message names it, and the nearest right key.
    """
    try:
        settings = Settings.model_validate(config)
    except ValidationError as error:
        raise UserError(_sentence(error)) from error
    if settings.data.source == "path" and not settings.data.path:
        raise UserError("config key data.path is empty although data.source is 'path'; name the folder of your files")
    return settings


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section = _section_at(first["loc"][:-1])
        return f"config key {key!r} is unknown{nearest(str(first['loc'][-1]), section.model_fields)}"
    return f"config key {key!r} is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _section_at(location: tuple[int | str, ...]) -> type[Section]:
    section: type[Section] = Settings
    for part in location:
        annotation = section.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, Section):
            section = annotation
    return section
