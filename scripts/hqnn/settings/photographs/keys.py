"""Keys of studies whose samples are photographs, seen by a frozen backbone."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.errors import nearest
from hqnn.settings.dealt import DealtStudy
from hqnn.settings.fitting import FineTuning, Training
from hqnn.settings.hardware_training import HardwareTraining
from hqnn.settings.section import Distinct, Positive, Section
from hqnn.settings.study import Data

Backbone = Literal[
    "resnet18",
    "resnet18_layer3",
    "resnet34",
    "resnet50",
    "vgg16",
    "vgg16_fc",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "vit_b_16",
]


View = Literal[
    "centre",
    "centre_mirrored",
    "centre_upside_down",
    "centre_turned",
    "whole",
    "whole_mirrored",
    "whole_upside_down",
    "whole_turned",
]


class PhotographData(Data):
    """Where the photographs come from."""

    set: str = Field(
        "faces",
        description="Which synthetic set (`faces` or `concrete`), or which entry of `resources/datasets.yaml` that is "
        "fetched.",
    )


class Groups(Section):
    """What belongs together: a table beside the images."""

    table: str = Field("", description="CSV file in the folder of the images; none where empty.")
    columns: tuple[str, ...] = Field((), description="Its columns that name a group.")
    key: str = Field("file", description="Its column that names the image.")


class Patches(Section):
    """How large images with masks are cut and labelled."""

    size: Positive = Field(64, description="Side of a patch.", json_schema_extra={"unit": "pixels"})
    centre: Positive = Field(
        56, description="Side of its central square, which the backbone sees.", json_schema_extra={"unit": "pixels"}
    )
    minimum: Positive = Field(
        8, description="Mask pixels in the centre that make a patch of class 1.", json_schema_extra={"unit": "pixels"}
    )
    clearance: Annotated[int, Field(ge=0)] = Field(
        8, description="Around a patch of class 0 there is no mask either.", json_schema_extra={"unit": "pixels"}
    )


class Images(Section):
    """How images are read."""

    folder: str = Field("", description="Folder of the classes below the set's own, where they do not lie at its top.")
    layout: Literal["folders", "masked"] = Field(
        "folders",
        description="`folders`: a folder a class; `masked`: large images, each with a `_mask` beside, cut up.",
    )
    classes: Distinct[str] = Field((), description="Label 0 first; the folders that are there, sorted, where empty.")
    patches: Patches = Patches()
    groups: Groups = Groups()
    fit: Literal["crop", "stretch"] = Field(
        "crop",
        description="How an image becomes a square: `crop` keeps the central square, `stretch` all of it, but not its "
        "proportions.",
    )
    unreadable: Literal["skip", "stop"] = Field(
        "skip", description="What to do with a file that is no whole image: leave it out and name it, or stop."
    )
    duplicates: Literal["near", "exact", "keep"] = Field(
        "near", description="Which of images that are alike are left out but for the first; all are named."
    )
    similarity: float = Field(0.99, gt=0, le=1, description="Least correlation of nearly equal images.")

    @model_validator(mode="after")
    def _tell_something_apart(self) -> Self:
        if len(self.classes) == 1:
            raise PydanticCustomError(
                "classes", "classes names a single one; name two or more, or none for all folders"
            )
        if self.layout == "masked" and len(self.classes) > 2:
            raise PydanticCustomError("classes", "patches cut by a mask are of two classes; name two in classes")
        return self


class HeadTraining(Training):
    """How a head is fitted on frozen features."""

    learning_rate: float = Field(0.001, gt=0, description="Its rate.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(30, description="Passes over the train samples.")
    fused: bool = Field(True, description="Take torch's fused kernels: faster steps, other last digits.")


class HeadFineTuning(FineTuning):
    """How a phase goes on from the weights of the one before."""

    learning_rate: float = Field(0.0003, gt=0, description="Its rate.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})


class HeadHardwareTraining(HardwareTraining):
    """How the phase `hardware` goes on from the weights of `noisy`: one job a step."""

    learning_rate: float = Field(
        0.0003,
        gt=0,
        description="Its rate: a step of Adam moves every weight by it, and a head has hundreds before each wire.",
    )


class Augmentation(Section):
    """Variants of each train image; each kind is off at 0 (`crop` at 1), and the image itself is always kept beside."""

    copies: Annotated[int, Field(ge=0, le=10_000)] = Field(0, description="Variants of each image.")
    horizontal_flip: float = Field(0.5, ge=0, le=1, description="Probability to mirror left and right.")
    vertical_flip: float = Field(0.0, ge=0, le=1, description="Probability to mirror top and bottom.")
    rotation: float = Field(
        15.0, ge=0, le=180, description="Greatest angle either way.", json_schema_extra={"unit": "degrees"}
    )
    crop: float = Field(0.6, ge=0.05, le=1, description="Smallest share of the area that is cut out and enlarged.")
    brightness: float = Field(0.2, ge=0, le=1, description="Greatest relative change.")
    contrast: float = Field(0.2, ge=0, le=1, description="Greatest relative change.")
    saturation: float = Field(0.2, ge=0, le=1, description="Greatest relative change.")
    hue: float = Field(0.02, ge=0, le=0.5, description="Greatest shift, as a share of the colour circle.")
    grey: float = Field(0.1, ge=0, le=1, description="Probability to lose all colour.")
    blur: float = Field(0.1, ge=0, le=1, description="Probability of a Gaussian blur.")
    sharpen: float = Field(0.1, ge=0, le=1, description="Probability to be sharpened.")


class Photographs(DealtStudy):
    """Frozen features of photographs, and a small head that is trained on them."""

    OWN: ClassVar[tuple[str, ...]] = ("logistic_regression",)

    kind: Literal["photographs"] = "photographs"
    data: PhotographData = PhotographData()
    images: Images = Images()
    backbones: Distinct[Backbone] = Field(
        ("resnet18",), min_length=1, description="Networks whose features are taken, torchvision's."
    )
    weights: dict[Backbone, str] = Field(
        {},
        description="For each backbone `imagenet` (torchvision downloads it), `random` (seeded, says nothing about the "
        "published models), or the path of a safetensors or pth file; `random` where it is not named.",
    )
    views: Distinct[View] = Field(
        ("centre",),
        min_length=1,
        description="Fixed views of each image: all are trained on, and what a net says of an image is the mean of its "
        "log-probabilities over all. `centre` is the central 224 of 256 pixels, `whole` the whole brought to 224.",
    )
    augmentation: Augmentation = Augmentation()
    standardise: bool | None = Field(
        None,
        description="Whether features are brought to mean 0 and deviation 1, by the train images; where empty only "
        "those of random weights, which have no scale of their own.",
    )
    models: Distinct[str] = Field(
        ("hadamard_angle_y-dressed-1",),
        description="Circuits of the dressed quantum net, named embedding-ansatz-layers.",
    )
    qubits: Annotated[int, Field(ge=2, le=20)] | None = Field(
        None, description="Wires of the circuit; where empty four, and more where there are more than four classes."
    )
    delta: float = Field(0.01, ge=0, description="Standard deviation of the circuit's first weights.")
    twins: Distinct[Literal["linear", "mlp"]] = Field(
        ("linear", "mlp"),
        description="Classical heads on the same features: `linear`, and `mlp`, the dressed net without its circuit.",
    )
    training: HeadTraining = HeadTraining()
    fine_tuning: HeadFineTuning = HeadFineTuning()
    hardware_training: HeadHardwareTraining = HeadHardwareTraining()
    bitstrings: bool = Field(
        False, description="Whether the first model's circuit is sampled on several simulators, bit by bit."
    )

    @model_validator(mode="after")
    def _have_synthetic_data(self) -> Self:
        if self.data.source == "sample" and self.data.set not in ("concrete", "faces"):
            raise PydanticCustomError(
                "sample",
                "has no synthetic data called {name}{hint}",
                {"name": repr(self.data.set), "hint": nearest(self.data.set, ("concrete", "faces"))},
            )
        return self
