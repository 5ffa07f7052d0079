"""Keys that studies of every kind have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import yaml
from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from hqnn.errors import nearest, quoted
from hqnn.settings.curves import Curves
from hqnn.settings.execution import Evaluation, Execution, LayerAnalysis
from hqnn.settings.hardware_training import HardwareTraining
from hqnn.settings.section import Distinct, Name, Section, Seed, Word
from hqnn.settings.spaces import circuit_name
from hqnn.settings.tuning import Tuning

Phase = Literal["ideal", "device", "noisy", "hardware"]


class Data(Section):
    """Where the samples come from."""

    source: Literal["sample", "path", "download"] = Field(
        "sample",
        description="`sample`: synthetic data written by the workflow; `path`: files of yours; `download`: a public "
        "set, fetched and verified as `resources/datasets.yaml` says.",
    )
    path: str | None = Field(None, description="Folder or file of the data, where `source` is `path`.")
    name: Name | None = Field(
        None,
        description="Name of the data set in the paths of results; where empty `sample`, the folder's, or that of the "
        "set that is fetched.",
    )
    seed: Seed = Field(0, description="Seed of the synthetic data.")
    licence: str = Field("", description="What the owners of your files allow, in their words; archives say it.")

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str | None) -> str | None:
        if path and "\0" in path:
            raise PydanticCustomError("path", "holds a NUL character, which no path has; name your files")
        return path


class Baseline(Section):
    """A reference: one of ours by its name, or any classifier of scikit-learn or quantum kernel with its parameters."""

    model_config = ConfigDict(extra="allow")

    estimator: str = Field(
        "", description="Name of scikit-learn's class, such as `RandomForestClassifier`, or a kernel's."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_values(cls, said: Any) -> Any:
        """Values from the command line arrive as text."""
        if not isinstance(said, Mapping):
            return said
        return {key: _read_text(value, key) if isinstance(value, str) else value for key, value in said.items()}


def _read_text(text: str, key: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PydanticCustomError(
            "text", "says {text} as {key}, which is no value; mend it", {"text": quoted(text), "key": key}
        ) from error


class Trainer(Section):
    """Another simulator, or another way to differentiate, to train the same model with."""

    device: str = Field("default.qubit", description="PennyLane's name of the simulator.")
    differentiation: Literal["backprop", "adjoint", "parameter-shift", "finite-diff", "spsa"] = Field(
        "backprop", description="Whose gradients."
    )


class Study(Section):
    """What every study has, whatever its kind."""

    title: str = Field("", description="What the page calls the study; its name where empty.")
    published: Name | None = Field(
        None,
        description="File of `resources/published` whose figures stand beside ours; never beside synthetic data.",
    )
    data: Data = Data()
    seeds: Distinct[Seed] = Field((0, 1, 2), min_length=1, description="One training run each.")
    seeds_a_job: int = Field(
        1,
        ge=1,
        le=1000,
        description="How many seeds of a model one job trains without noise and runs exactly, one after the other; "
        "more than 1 spares many small runs the start of a process each: half a second, or about 3 s on a cluster.",
    )
    execution: Execution = Execution()
    evaluation: Evaluation = Evaluation()
    layer: LayerAnalysis = LayerAnalysis()
    curves: Curves = Curves()
    phases: Distinct[Phase] = Field(
        ("ideal",),
        description="`ideal`: any connectivity, no noise; `device`: goes on from there with the native circuit of each "
        "backend; `noisy`: goes on from that with the backend's noise after every gate and its readout error; "
        "`hardware`: goes on from that with gradients from the machine's own counts.",
    )
    hardware_training: HardwareTraining = HardwareTraining()
    tuning: Tuning | None = Field(
        None, description="Search settings for every model; `{}` with the defaults, not at all where empty."
    )
    trainers: dict[Word, Trainer] = Field(
        {}, description="Other simulators or ways to differentiate to train every quantum model with, by name."
    )
    trainer_seeds: Distinct[Seed] = Field((), description="Their training runs; those of `seeds` where empty.")
    baselines: dict[Name, Baseline] = Field(
        {},
        description="References on the same samples: `logistic_regression` and `mlp` are ours, others are named freely "
        "and say their `estimator`, such as `forest: {estimator: RandomForestClassifier, n_estimators: 300}`. The "
        "estimators `fidelity_kernel` and `projected_kernel` are support vector machines on quantum kernels; they take "
        "`circuit`, `scale` (of the features), `C`, `class_weight`, `train_samples` (the most that are compared), "
        "`backend` (whose native gates and noise), and the projected one `gamma`.",
    )

    OWN: ClassVar[tuple[str, ...]] = ("logistic_regression", "mlp")

    def resized(self, axis: str, value: int) -> Self:
        """The same study with circuits of so many `qubits` or `layers`."""
        layered = tuple(circuit_name(name, {"layers": value}) for name in getattr(self, "models", ()))
        return self.model_copy(update={"qubits": value} if axis == "qubits" else {"models": layered})

    @model_validator(mode="after")
    def _name_estimators(self) -> Self:
        for name, baseline in self.baselines.items():
            if name in getattr(self, "twins", ()):
                raise PydanticCustomError(
                    "taken", "baselines.{name} is called like a twin; choose another name", {"name": name}
                )
            if not baseline.estimator and name not in self.OWN:
                raise PydanticCustomError(
                    "estimator",
                    "baselines.{name} says no estimator; name a classifier of scikit-learn or a quantum kernel, or "
                    "take one of ours{hint}",
                    {"name": name, "hint": nearest(name, self.OWN)},
                )
        return self
