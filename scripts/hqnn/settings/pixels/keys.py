"""Keys of studies whose samples are pixels of rasters."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.fitting import Descent, FineTuning, Training, refuse_choices
from hqnn.settings.section import Distinct, Positive, Section, Seed
from hqnn.settings.study import Data
from hqnn.settings.vectors import VectorStudy


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise PydanticCustomError("odd", "a window of an even side has no pixel in its middle; give an odd number")
    return side


Side = Annotated[int, Field(ge=1, le=99), AfterValidator(_odd)]


class PixelData(Data):
    """Where the scenes come from."""

    set: Literal["pairs", "scenes", "oscd"] | None = Field(
        None,
        description="Which synthetic set (`pairs` of dates, or `scenes` of one date), or which entry of "
        "`resources/datasets.yaml` that is fetched (`oscd`); what fits the layout where empty.",
    )


class Scenes(Section):
    """How scenes are found, and which of their pixels are trained and tested on."""

    layout: Literal["oscd", "scenes", "safe", "cube"] = Field(
        "oscd",
        description="`oscd`: a folder a city with two dates; `scenes`: rasters listed in `scenes.csv`; `safe`: "
        "Sentinel-2 products as delivered; `cube`: one hyperspectral cube with its ground truth.",
    )
    train: Distinct[str] = Field((), description="Scenes to train on; the data set's own list where empty.")
    validation: Distinct[str] = Field((), description="Scenes to choose the epoch by; the data set's own likewise.")
    test: Distinct[str] = Field((), description="Scenes to test on; the data set's own list where empty.")
    grid: Literal["native", "rect"] = Field(
        "native",
        description="Of the layout `oscd`. `native`: bands as delivered, brought onto date 1's 10 m grid through their "
        "geotransforms; `rect`: the data set's own resampled copies.",
    )
    labels: Literal["scl", ""] = Field(
        "scl",
        description="Of the layout `safe`: the product's scene classification as labels, or none, where the products "
        "are only to be predicted.",
    )
    mask_clouds: bool = Field(
        True, description="Of the layout `safe`: leave out clouds and their shadows, where they are not labels."
    )
    resolution_m: Literal[10, 20, 60] | None = Field(
        None,
        description="Of the layout `safe`: side of a pixel; that of the finest band where empty.",
        json_schema_extra={"unit": "m"},
    )
    series: bool = Field(
        False, description="Of the layout `safe`: products of one tile are the dates of one scene, not scenes."
    )
    cube: str = Field("", description="Of the layout `cube`: the file of the cube, found where empty.")
    truth: str = Field("", description="Of the layout `cube`: the file of the ground truth, found where empty.")
    classes: Distinct[str] = Field(
        (), description="Of the layout `cube`: names of the classes in ascending order of their values; these if empty."
    )
    unlabelled: Distinct[int] = Field(
        (0,), description="Of the layouts `scenes` and `cube`: values of a raster of classes that mean no label."
    )


class Within(Section):
    """How the pixels of a scene are dealt, where no list deals whole scenes."""

    by: Literal["blocks", "random"] = Field(
        "blocks",
        description="`blocks`: squares of neighbouring pixels; `random`: single pixels, which leaks, since neighbours "
        "are alike; the page says so.",
    )
    block: Positive = Field(15, description="Side of a block.", json_schema_extra={"unit": "pixels"})
    train: float = Field(0.5, gt=0, lt=1, description="Share to train on.")
    validation: float = Field(0.0, ge=0, lt=1, description="Share to choose the epoch by.")
    train_per_class: float | None = Field(
        None,
        gt=0,
        description="How many train pixels of each class are kept, or, below 1, which share of them; all where empty.",
    )
    seed: Seed = Field(0, description="Of the deal.")


class Features(Section):
    """What of a pixel the model sees."""

    bands: Literal["rgb", "rgbnir", "below20m", "all"] | Distinct[str | int] | None = Field(
        None,
        description="Names or numbers of bands, or a set of Sentinel-2's: `rgb`, `rgbnir`, `below20m`; `all` of them. "
        "Where empty `below20m` of pairs in OSCD's layout, all elsewhere.",
    )
    layout: Literal["per_date", "joint", "residual", "neighbourhood"] = Field(
        "per_date",
        description="`per_date`: each date has its own scaler and PCA, half of the components each (4 + 4 as "
        "published); `joint`: one scaler and PCA over the bands of both dates; `residual`: 8 features of what date 1 "
        "does not explain of date 2, and of brightness, water and texture around a pixel, under per-image radiometric "
        "normalisation: by the pair's own pixels, test pairs too, but no label. It takes `all` bands and has no PCA. "
        "`neighbourhood`: means, textures and changes of every band in windows around a pixel, under the same kind of "
        "normalisation; of these candidates so many `components` are kept as part the classes of train pixels best.",
    )
    windows: Distinct[Side] = Field(
        (1, 3, 9, 21),
        min_length=1,
        description="Of the layout `neighbourhood`: sides of the windows, odd.",
        json_schema_extra={"unit": "pixels"},
    )
    components: Positive | None = Field(
        None,
        description="How many features remain after the PCA, all dates together; where empty 8, or as many as there "
        "are bands where these are fewer.",
    )
    fit: Literal["train", "image"] = Field(
        "train",
        description="`train`: scaler and PCA fitted once, on train pixels; `image`: anew on every image, test images "
        "included, as Gupta et al. did.",
    )
    whiten: bool = Field(True, description="Scale every feature to unit variance over the train pixels.")
    stride: Positive | None = Field(
        None,
        description="Every how many-th row and column is a sample; where empty each of a cube, every tenth elsewhere.",
        json_schema_extra={"unit": "pixels"},
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


class Explanation(Section):
    """Why a device differs from a simulator: the same weights under each part of its noise."""

    enabled: bool = Field(False, description="Whether to run it for every quantum model and backend; two classes.")
    draws: Positive = Field(20, description="Draws of untrained quantum weights for each seed.")
    few_shots: Distinct[Positive] = Field(
        (16, 64, 256, 1024), description="Numbers of shots without noise.", json_schema_extra={"unit": "shots"}
    )


class Pixels(VectorStudy):
    """Pixels of scenes of one date or more, in two classes or many."""

    kind: Literal["pixels"] = "pixels"
    data: PixelData = PixelData()
    scenes: Scenes = Scenes()
    within: Within = Within()
    features: Features = Features()
    unet_small: PatchFitting = PatchFitting()
    unet_full: LargePatchFitting = LargePatchFitting()
    training: Training = Training()
    fine_tuning: FineTuning = FineTuning()
    explanation: Explanation = Explanation()
    maps: bool = Field(True, description="Whether every test scene is mapped by the first model.")
    every_pixel: bool = Field(
        False,
        description="Whether quantum models, twins, `logistic_regression` and `mlp` are scored on all pixels of whole "
        "test scenes, too, as papers on change detection do: F1, precision, recall and IoU of the second of two "
        "classes, at the threshold of greatest F1 on all pixels of the train scenes.",
    )

    OWN: ClassVar[tuple[str, ...]] = ("change_vector", "logistic_regression", "mlp", "unet_full", "unet_small")

    @model_validator(mode="after")
    def _choose_by_what_there_is(self) -> Self:
        if not self.scenes.validation and self.within.validation == 0 and self.scenes.layout == "oscd":
            refuse_choices(
                "the study",
                training=self.training,
                fine_tuning=self.fine_tuning,
                hardware_training=self.hardware_training,
            )
        return self

    @model_validator(mode="after")
    def _have_synthetic_data(self) -> Self:
        if self.data.source == "sample" and self.scenes.layout not in ("oscd", "scenes"):
            raise PydanticCustomError(
                "sample",
                "has no synthetic data of the layout {layout}; set data.source to 'path' and data.path to your files",
                {"layout": repr(self.scenes.layout)},
            )
        return self
