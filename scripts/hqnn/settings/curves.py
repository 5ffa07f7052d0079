"""Keys of axes along which a study is repeated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hqnn.settings.section import Distinct, Positive, Section

Wires = Annotated[int, Field(ge=2, le=20)]
Factor = Annotated[float, Field(ge=0, le=1000)]


class Curves(Section):
    """Axes along which the study is repeated with all seeds; one that is not named is left out."""

    train_sizes: Distinct[Positive] = Field(
        (),
        min_length=1,
        description="Numbers of train samples, of which the smaller are among the larger and every class has its "
        "share; quantum models, twins and references are trained on them, nets in as many steps as on all.",
        json_schema_extra={"unit": "samples"},
    )
    qubits: Distinct[Wires] = Field(
        (), min_length=1, description="Wires of the circuits; twins that have a circuit's width follow."
    )
    layers: Distinct[Positive] = Field(
        (), min_length=1, description="Layers of the circuits in place of those that their names say; likewise."
    )
    noise: Distinct[Factor] = Field(
        (),
        min_length=1,
        description="Multiples of the error rates and inverse times of every backend's calibration, all together and "
        "each of its parts alone: relaxation and dephasing during gates, the rest of the gates' errors, readout, and "
        "idling. The models are those trained without noise.",
        json_schema_extra={"unit": "times the calibration"},
    )
    shots: Distinct[Positive] = Field(
        (),
        min_length=1,
        description="Repetitions of a circuit, without noise, on the subset of the samples.",
        json_schema_extra={"unit": "shots"},
    )
