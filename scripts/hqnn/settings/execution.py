"""Keys of running and scoring trained models; a study may override each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hqnn.settings.machines import Machine
from hqnn.settings.section import Distinct, Name, Positive, Section, Seed

ExecutionPath = Literal["exact", "shots", "noisy", "hardware"]
MARGIN = 0.02  # of balanced accuracy
Mitigation = Literal["readout", "m3", "zne_linear", "zne_richardson"]


class Noise(Section):
    """What goes wrong on a backend beside what its calibration says of gates and readout."""

    idle: bool = Field(
        True,
        description="Whether qubits relax and dephase, by their T1 and T2, while they wait for a gate or for the "
        "measurement; the native circuit runs as late as possible. `false` is the usual noise model of Qiskit Aer.",
    )
    zz_khz: float = Field(
        0.0,
        ge=-1000,
        le=1000,
        description="Static ZZ interaction of coupled qubits that wait together, where `idle`; 20 to 100 is usual for "
        "transmons with fixed couplers.",
        json_schema_extra={"unit": "kHz"},
    )
    over_rotation: float = Field(
        0.0,
        ge=-0.5,
        le=0.5,
        description="By which part of its angle every gate that takes time turns too far, a coherent part of its "
        "reported error; for backends whose gates have fixed angles, such as `sx` and `ecr`.",
    )


class Execution(Section):
    """By which paths a trained model is run."""

    paths: Distinct[ExecutionPath] = Field(
        ("exact", "shots", "noisy", "hardware"),
        min_length=1,
        description="`exact`: expectation values without noise; `shots`: sampled; `noisy`: native gates under the "
        "backend's noise and readout error, exact, or averaged over trajectories where that takes too much memory; "
        "`hardware`: sampled, on a machine or with a backend's noise.",
    )
    backends: Distinct[str] = Field(
        ("ibm_brisbane",), description="Calibrations in `resources/calibrations`, or the paths of such files."
    )
    machines: dict[Name, Machine] = Field(
        {},
        description="Machines by names of your choice, beside `backends`; a real one is sent nothing unless "
        "`--config 'hardware={confirm: true}'` says so.",
    )
    mitigation: Distinct[Mitigation] = Field(
        (),
        description="What is made of the counts of `hardware`, beside their plain means: `readout` undoes errors of "
        "the detectors, which two more circuits measure; `m3` does so among the bitstrings that came up, with IBM's "
        "mthree, and is exact where all did; `zne_linear` and `zne_richardson` undo them as `readout` does, and "
        "extrapolate to no noise by a line or a parabola, from circuits with every gate of two qubits once, 3 and 5 "
        "times: three times the shots. Each is a path of its own, `hardware-<machine>+readout`.",
    )
    noise: Noise = Noise()
    trajectories: int = Field(
        100,
        ge=2,
        description="Runs of a sample that the path `noisy` averages where the circuit is too wide for exact "
        "propagation within `engine.memory_limit_mb`: pure states that jump at random; on the subset of the samples.",
        json_schema_extra={"unit": "trajectories"},
    )
    layouts: Positive = Field(4, description="How many layouts are tried; the best by expected fidelity is kept.")
    shots: Positive = Field(1024, description="Repetitions of a circuit.", json_schema_extra={"unit": "shots"})
    subset: Positive = Field(
        1000,
        description="How many test samples the paths that sample run on, drawn in proportion to scene and class.",
        json_schema_extra={"unit": "samples"},
    )
    seed: Seed = Field(0, description="Seed of the subset, of sampling and of transpilation.")


class Evaluation(Section):
    """How predictions are scored."""

    draws: Positive = Field(1000, description="Bootstrap draws behind a 95 % interval.")
    seed: Seed = Field(0, description="Seed of the bootstrap.")
    margin: float = Field(
        MARGIN,
        gt=0,
        lt=1,
        description="Balanced accuracy by which a model may be worse than another and yet count as not worse.",
    )


class LayerAnalysis(Section):
    """What the circuit does in its model: what can stand in for it, and what training made of it."""

    enabled: bool = Field(
        False,
        description="Whether every quantum model is scored with the best linear and quadratic fit in the circuit's "
        "place, with untrained weights and with no circuit, and its entanglement, effective dimension, gradients and "
        "spectrum are shown.",
    )
    draws: Positive = Field(10, description="Draws of untrained weights.")
    samples: Positive = Field(
        5000,
        description="How many train and test samples are looked at, drawn in proportion to scene and class.",
        json_schema_extra={"unit": "samples"},
    )
    seed: Seed = Field(0, description="Seed of these draws.")


class Engine(Section):
    """The simulator of expectation values."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        "cpu",
        description="Where torch trains nets and runs the paths `exact` and `noisy`: `cuda` asks for a GPU, from the "
        "cluster, too; `auto` takes one where torch sees it. Few wires are fastest on the CPU, by kernels of its own.",
    )
    memory_limit_mb: float = Field(
        2000.0,
        gt=0,
        description="The most that one call may store beside its inputs and outputs; it works in pieces where it would "
        "need more.",
        json_schema_extra={"unit": "MB"},
    )
