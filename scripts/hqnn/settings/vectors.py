"""What studies have in common whose samples are vectors of features: a circuit behind one linear layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.plan import Architecture, Circuit, Plan
from hqnn.settings.section import Distinct, Name
from hqnn.settings.study import Baseline, Study


class VectorStudy(Study):
    """Keys of a circuit on features."""

    models: Distinct[str] = Field(
        ("angle_y-simplified_two_design-3",), description="Quantum models, named embedding-ansatz-layers."
    )
    qubits: Annotated[int, Field(ge=2, le=20)] = Field(
        8, description="Wires of the circuit; a linear layer brings the features to so many angles."
    )
    observables: Distinct[str] = Field(
        (),
        description="What is measured: Pauli words such as `Z1`, sums such as `0.5*Z0 - 0.3*X1Z2 + 1`, projectors onto "
        "bitstrings such as `|01>@0,1`, or the probabilities of all bitstrings of some wires, `probs@0,1`; in quotes, "
        "since they hold commas. Where empty Z of the second wire for two classes, and for more enough words that each "
        "class has one.",
    )
    reading: Literal["sigmoid", "scaled", "born"] = Field(
        "scaled",
        description="How one expectation value becomes the probability of the second of two classes: `sigmoid` of it, "
        "which keeps it within [.269, .731], or `scaled` by a trainable factor and bias first. More classes, or more "
        "observables, are read by a linear layer. `born`: the probabilities of all bitstrings of some wires "
        '(`observables: ["probs@0,1"]`) are those of the classes, bitstring i of class i modulo their number.',
    )
    twins: Distinct[Literal["dense_twin"]] = Field(
        ("dense_twin",),
        description="Classical nets trained alike: `dense_twin` has a dense layer in place of the circuit, with nearly "
        "as many parameters.",
    )
    baselines: dict[Name, Baseline] = Field(
        {"logistic_regression": Baseline(), "mlp": Baseline()},
        description="References on the same samples, as in every study; of pixels further `change_vector`, "
        "of two dates, and the U-Nets, of two dates and classes, which see red, green and blue around each pixel: "
        "`unet_small` 2 x 2 pixels with 1,312 trainable numbers, `unet_full` 32 x 32 with 1.35 million.",
    )

    @model_validator(mode="after")
    def _have_probabilities_to_read(self) -> Self:
        if self.reading == "born" and not (len(self.observables) == 1 and "probs" in self.observables[0]):
            raise PydanticCustomError(
                "born", "reads the probabilities of bitstrings; set observables as in ['probs@0,1'], or another reading"
            )
        return self


V = TypeVar("V", bound=VectorStudy)


class VectorPlan(Plan[V]):
    """What a study of vectors runs."""

    def models(self) -> list[str]:
        """Those named."""
        return list(self.study.models)

    def circuit(self, model: str) -> Circuit:
        """As it is named."""
        return Circuit(model, self.study.qubits, self.study.observables, "pixel")

    def architecture(self, model: str) -> Architecture:
        """Features, a linear layer, the circuit or what stands in its place, and a reading."""
        return Architecture(model if model in self.study.twins else "pixel", {"reading": self.study.reading})

    def training(self, model: str) -> dict[str, Any]:
        """The same for all."""
        regime: dict[str, Any] = self.study.training.model_dump()  # type: ignore[attr-defined]
        return regime

    def twins(self) -> list[str]:
        """Those named."""
        return list(self.study.twins)
