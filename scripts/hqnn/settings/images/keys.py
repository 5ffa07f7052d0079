"""Keys of studies whose samples are small images."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.fitting import TOGETHER, FineTuning, Training, refuse_choices
from hqnn.settings.section import Distinct, Positive, Section, Seed, Word
from hqnn.settings.study import Data, Study


def _number(said: object) -> object:
    """Take digits for a number, since values from the command line arrive as text."""
    return int(said) if isinstance(said, str) and said.isdecimal() else said


class ImageData(Data):
    """Where the images come from."""

    set: Literal["handwritten", "mnist", "fashion_mnist", "kmnist", "emnist", "cifar10", "medical_mnist"] = Field(
        "mnist", description="Which entry of `resources/datasets.yaml` is fetched, where `source` is `download`."
    )


class SmallImages(Section):
    """How sets of small images are read."""

    kind: Literal["auto", "idx", "cifar_python", "cifar_binary", "npz", "class_folders"] = Field(
        "auto", description="The layout of the files; by what is there where `auto`."
    )
    subset: str = Field(
        "", description="Which of several sets in one folder, such as `emnist-balanced`, or the name of an NPZ file."
    )
    classes: Distinct[str] = Field(
        (), description="Names of the classes of IDX and NPZ files; the numbers where empty."
    )
    bands: Distinct[str | int] = Field(
        (), description="Bands of multi-band images in class folders, by name or by number from 1; all where empty."
    )
    size: Positive | None = Field(
        None,
        description="Rows and columns that every image is brought to; as stored where empty.",
        json_schema_extra={"unit": "pixels"},
    )
    channels: Annotated[Literal[1, 3], BeforeValidator(_number)] | None = Field(
        None, description="Grey or colour; as stored where empty."
    )
    unreadable: Literal["skip", "stop"] = Field(
        "skip",
        description="What to do with a file in a class folder that is no whole image: leave it out and name it, or "
        "stop.",
    )
    train_share: float = Field(0.8, gt=0, lt=1, description="Share to train on, where the set has no split of its own.")
    train_images: Positive | None = Field(
        None,
        description="How many of the train images are trained on, each class by its share; all where empty.",
        json_schema_extra={"unit": "images"},
    )
    seed: Seed = Field(0, description="Seed of that split, and of which images `train_images` are.")


class Warping(Section):
    """How images are varied each time they are trained on; edges bring in black."""

    rotation: float = Field(
        0.0, ge=0, le=180, description="Greatest turn either way.", json_schema_extra={"unit": "degrees"}
    )
    scale: float = Field(0.0, ge=0, lt=1, description="Greatest growth or shrinking, as a part of the size.")
    shift: Annotated[int, Field(ge=0)] = Field(
        0, description="Greatest move along either axis.", json_schema_extra={"unit": "pixels"}
    )
    flip: bool = Field(False, description="Whether half of the images are mirrored left to right.")


class ImageTraining(Training):
    """How a convolutional net is fitted."""

    learning_rate: float = Field(
        0.01,
        gt=0,
        description="Its rate; of the schedule `one_cycle` the highest. Where nobody says it, .001 for a `cnn` without "
        "batch normalisation, which .01 can leave at chance.",
    )
    schedule: Literal["constant", "step", "one_cycle", "cosine"] = Field(
        "one_cycle",
        description="How the rate changes: over all steps in `one_cycle` and `cosine`, by epochs in `step`.",
    )
    batch_size: Positive = Field(128, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(10, description="Passes over the train samples.")
    fused: bool = Field(True, description="Take torch's fused kernels: faster steps, other last digits.")


class ImageFineTuning(FineTuning):
    """How a phase goes on from the weights of the one before."""

    learning_rate: float = Field(0.001, gt=0, description="Its rate; of the schedule `one_cycle` the highest.")
    schedule: Literal["constant", "step", "one_cycle", "cosine"] = Field(
        "one_cycle",
        description="How the rate changes: over all steps in `one_cycle` and `cosine`, by epochs in `step`.",
    )
    batch_size: Positive = Field(128, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(1, description="Passes over the train samples.")
    fused: bool = Field(True, description="Take torch's fused kernels: faster steps, other last digits.")


class QuanvTraining(ImageTraining):
    """How a net with one small kernel is fitted."""

    learning_rate: float = Field(0.05, gt=0, description="Its rate; of the schedule `one_cycle` the highest.")
    batch_size: Positive = Field(32, description="Samples a step.", json_schema_extra={"unit": "samples"})
    epochs: Positive = Field(20, description="Passes over the train samples.")


class Sizes(Section):
    """A convolutional net: convolutions and hidden dense layers, each followed by ReLU, and a last dense layer."""

    channels: tuple[Positive, ...] = Field((16, 32), min_length=1, description="That each convolution gives.")
    kernel: Positive = Field(5, description="Rows and columns of each kernel.", json_schema_extra={"unit": "pixels"})
    padding: Annotated[int, Field(ge=0)] = Field(
        2, description="Zeros on each side of each convolution's input.", json_schema_extra={"unit": "pixels"}
    )
    poolings: Annotated[int, Field(ge=0)] = Field(
        2, description="So many of the convolutions, the first ones, are followed by 2 x 2 max pooling."
    )
    dense: tuple[Positive, ...] = Field((), description="Widths of the hidden dense layers.")
    normalised: Distinct[Literal["convolutions", "dense", "circuits"]] = Field(
        ("convolutions", "dense", "circuits"), description="Behind which layers batch normalisation stands."
    )


class ParallelSizes(Sizes):
    """HQNN-Parallel: the same net with circuits side by side before the last dense layer."""

    circuits: Positive = Field(4, description="How many stand side by side.")
    qubits: Annotated[int, Field(ge=2, le=20)] = Field(5, description="Wires of each.")
    layers: Positive = Field(3, description="Strongly entangling layers of each.")
    rectified: bool = Field(True, description="Whether ReLU follows the circuits' batch normalisation.")

    @property
    def circuit(self) -> str:
        """Its name in the library of circuits."""
        return f"angle_x-strongly_entangling-{self.layers}"


class CnnSizes(Sizes):
    """The CNN as its printed number of parameters says."""

    dense: tuple[Positive, ...] = Field((224, 32), description="Widths of the hidden dense layers.")
    normalised: Distinct[Literal["convolutions", "dense", "circuits"]] = Field(
        (), description="Behind which layers batch normalisation stands."
    )


class Draw(Section):
    """A small subset of the set's own split."""

    train: Positive | None = Field(500, description="Images to train on; all where empty.")
    test: Positive | None = Field(100, description="Images to test on; all where empty.")
    fixed: bool = Field(False, description="Always the first ones, instead of drawn anew for every seed.")

    @property
    def name(self) -> str:
        """What the draw is called in the paths of results: 500_100_fresh, 500_all_fixed."""
        sizes = ["all" if size is None else str(size) for size in (self.train, self.test)]
        return "_".join([*sizes, "fixed" if self.fixed else "fresh"])


def kernel_circuit(model: str) -> str:
    """The circuit of a quanvolutional net, as the library of circuits names it; see `Kernel.name`."""
    return model.replace("quanv", "angle_y-quanvolutional-1", 1)


class Kernel(Section):
    """A circuit of four rotations and up to three CNOTs as the kernel of a convolution."""

    axis: Literal["x", "y", "z"] = Field("y", description="Of the rotations.")
    cnots: Word = Field("into_first", description="Which wires they join, see `scripts/hqnn/circuits/ansatze.py`.")
    rotations: Literal["first", "last"] = Field("first", description="Ahead of the CNOTs or behind them.")

    @property
    def name(self) -> str:
        """Of the model."""
        return f"quanv-axis_{self.axis}-cnots_{self.cnots}-rotations_{self.rotations}"


class Quanv(Section):
    """HQNN-Quanv and its classical twins on small draws from the set."""

    kernels: Distinct[Kernel] = Field((), description="Circuits; none leaves this part out.")
    twins: Distinct[Literal["cnn1", "cnn4"]] = Field(
        ("cnn1", "cnn4"), description="Ordinary kernels in the circuit's place: one, or four."
    )
    draws: Distinct[Draw] = Field((Draw(),), min_length=1, description="Images they are trained and tested on.")
    shrink: Positive = Field(2, description="Each so many rows and columns become their mean first.")
    kernel: Positive = Field(2, description="Rows and columns of the kernel.", json_schema_extra={"unit": "pixels"})
    stride: Positive = Field(4, description="From one position to the next.", json_schema_extra={"unit": "pixels"})
    seeds: Distinct[Seed] = Field((), description="Training runs; those of `seeds` where empty.")
    sweep: Literal["together", "apart"] = Field(
        "together", description="All seeds of a model in one job, trained side by side, or a job for each."
    )
    training: QuanvTraining = QuanvTraining()

    @model_validator(mode="after")
    def _sweep_together_what_can_be(self) -> Self:
        refuse_choices("a sweep over small kernels", training=self.training)
        for name, value in {**TOGETHER, "differentiation": "engine"}.items():
            if self.sweep == "together" and getattr(self.training, name) != value:
                raise PydanticCustomError(
                    "together",
                    "seeds that are trained together take no training.{name}; leave it out or set sweep to 'apart'",
                    {"name": name},
                )
        return self

    @model_validator(mode="after")
    def _give_circuits_four_pixels(self) -> Self:
        if self.kernels and self.kernel != 2:
            raise PydanticCustomError(
                "wires", "a circuit has four wires, one a pixel; set kernel to 2, or kernels to []"
            )
        return self


class Analysis(Section):
    """What is asked of a circuit without any data."""

    enabled: bool = Field(False, description="Whether to analyse the circuits of the study.")
    draws: Annotated[int, Field(ge=2)] = Field(
        100, description="Random weights for Fourier coefficients and for gradients."
    )
    pairs: Annotated[int, Field(ge=100)] = Field(5000, description="Pairs of states behind the expressibility.")
    qubits: Distinct[Annotated[int, Field(ge=2, le=8)]] = Field(
        (2, 4, 6),
        min_length=1,
        description="Sizes at which gradients are looked at; those that the ansatz does not fit are left out, for a "
        "quanvolutional one all but 4.",
    )
    depths: Distinct[Positive] = Field((1, 2, 4), min_length=1, description="Depths at which gradients are looked at.")
    backend: str = Field("ibm_brisbane", description="Whose median gate errors the noisy gradients see.")
    seed: Seed = Field(0, description="Of the draws.")


class SmallImageStudy(Study):
    """Small images, through convolutions and circuits, or circuits as the kernels of a convolution."""

    kind: Literal["images"] = "images"
    data: ImageData = ImageData()
    images: SmallImages = SmallImages()
    models: Distinct[Literal["parallel"]] = Field(("parallel",), description="Hybrid nets on the whole set.")
    twins: Distinct[Literal["parallel_twin", "cnn"]] = Field(
        ("parallel_twin", "cnn"),
        description="Classical nets on the whole set: `parallel_twin` has a dense layer in place of all circuits, "
        "`cnn` is a plain convolutional net.",
    )
    parallel: ParallelSizes = ParallelSizes()
    cnn: CnnSizes = CnnSizes()
    training: ImageTraining = ImageTraining()
    warping: Warping = Warping()
    quanv: Quanv = Quanv()
    fine_tuning: ImageFineTuning = ImageFineTuning()
    analysis: Analysis = Analysis()

    def resized(self, axis: str, value: int) -> Self:
        """The same study with parallel circuits of so many `qubits` or `layers`."""
        return self.model_copy(update={"parallel": self.parallel.model_copy(update={axis: value})})
