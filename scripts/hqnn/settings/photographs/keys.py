"""Keys of studies B and D: transfer learning on photographs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.fitting import FineTuning, Training, refuse_choices
from hqnn.settings.section import Distinct, Positive, Section, Seed, Word
from hqnn.settings.splits import Split

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

    dataset: str = Field(
        "", description="Entry of `resources/datasets.yaml` that is fetched, where `data.source` is `download`."
    )
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


class MaskImages(Images):
    """How photographs of faces are read."""

    classes: Distinct[str] = Field(
        ("no_mask", "mask"), description="Label 0 first; the folders that are there, sorted, where empty."
    )
    dataset: str = Field(
        "face_masks_chandrikadeb7",
        description="Entry of `resources/datasets.yaml` that is fetched, where `data.source` is `download`.",
    )


class CrackImages(Images):
    """How patches of concrete are read."""

    classes: Distinct[str] = Field(
        ("no_crack", "crack"), description="Label 0 first; the folders that are there, sorted, where empty."
    )
    dataset: str = Field(
        "ozgenel",
        description="Entry of `resources/datasets.yaml` that is fetched, where `data.source` is `download`; `ozgenel` "
        "itself has to be fetched by hand, `uav75` (with `layout: masked`) has not.",
    )


class TransferTraining(Training):
    """How a head is fitted on frozen features."""

    learning_rate: float = Field(0.001, gt=0, description="Its rate.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(30, description="Passes over the train samples.")
    fused: bool = Field(True, description="Take torch's fused kernels: faster steps, other last digits.")


class TransferFineTuning(FineTuning):
    """How a phase goes on from the weights of the one before."""

    learning_rate: float = Field(0.0003, gt=0, description="Its rate.")
    batch_size: Positive = Field(8, description="Samples a step.", json_schema_extra={"unit": "samples"})


class Trainer(Section):
    """Another simulator, or another way to differentiate, to train the same model with."""

    device: str = Field("default.qubit", description="PennyLane's name of the simulator.")
    differentiation: Literal["backprop", "adjoint", "parameter-shift", "finite-diff", "spsa"] = Field(
        "backprop", description="Whose gradients."
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


class Transfer(Section):
    """Frozen features of photographs, and a small head that is trained on them."""

    images: Images = Images()
    splits: Distinct[Split] = Field((Split(),), min_length=1, description="Ways to part the set, each run apart.")
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
    qubits: Annotated[int, Field(ge=2, le=12)] = Field(4, description="Wires of the circuit.")
    delta: float = Field(0.01, ge=0, description="Standard deviation of the circuit's first weights.")
    twins: Distinct[Literal["linear", "mlp"]] = Field(
        ("linear", "mlp"),
        description="Classical heads on the same features: `linear`, and `mlp`, the dressed net without its circuit.",
    )
    training: TransferTraining = TransferTraining()
    phases: Distinct[Literal["ideal", "device", "noisy"]] = Field(
        ("ideal",), description="As in `change`: without noise, with the native circuit, with the backend's noise."
    )
    fine_tuning: TransferFineTuning = TransferFineTuning()
    trainers: dict[Word, Trainer] = Field(
        {}, description="Other simulators or ways to differentiate to train every quantum model with, by name."
    )
    trainer_seeds: Distinct[Seed] = Field((), description="Their training runs; those of `seeds` where empty.")

    @model_validator(mode="after")
    def _choose_by_what_there_is(self) -> Self:
        for split in self.splits:
            if split.validation == 0:
                refuse_choices(f"split {split.name}", training=self.training, fine_tuning=self.fine_tuning)
        return self

    @property
    def circuits(self) -> tuple[str, ...]:
        """Names of all circuits, as the library of circuits has them."""
        return self.models


class Masks(Transfer):
    """Study B: photographs of faces, with or without a mask."""

    images: MaskImages = MaskImages()


class Cracks(Transfer):
    """Study D: patches of concrete, with or without a crack."""

    images: CrackImages = CrackImages()
