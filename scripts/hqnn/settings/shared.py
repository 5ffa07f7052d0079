"""Keys that every study shares."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hqnn.settings.section import Distinct, Name, Positive, Section, Seed


class Data(Section):
    """Where the images come from."""

    source: Literal["sample", "path", "download"] = Field(
        "sample",
        description="`sample`: synthetic data written by the workflow; `path`: files of yours; `download`: the "
        "published data set, fetched and verified as `resources/datasets.yaml` says.",
    )
    path: str | None = Field(None, description="Folder of the files, where `source` is `path`.")
    name: Name | None = Field(
        None,
        description="Name of the data set in the paths of results; where empty `sample`, the folder's, or that of the "
        "set that is fetched.",
    )
    seed: Seed = Field(0, description="Seed of the synthetic data.")


class Execution(Section):
    """By which paths a trained model is run."""

    paths: Distinct[Literal["exact", "shots", "noisy", "hardware"]] = Field(
        ("exact", "shots", "noisy", "hardware"),
        min_length=1,
        description="`exact`: expectation values without noise; `shots`: sampled; `noisy`: native gates under the "
        "backend's noise and readout error, exact; `hardware`: Runtime primitives, in local mode on the snapshot.",
    )
    backends: Distinct[str] = Field(
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
    few_shots: Distinct[Positive] = Field(
        (16, 64, 256, 1024), description="Numbers of shots without noise.", json_schema_extra={"unit": "shots"}
    )


class Evaluation(Section):
    """How predictions are scored."""

    draws: Positive = Field(1000, description="Bootstrap draws behind a 95 % interval.")
    seed: Seed = Field(0, description="Seed of the bootstrap.")
