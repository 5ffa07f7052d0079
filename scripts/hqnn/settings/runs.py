"""Training runs, and where their results lie."""

from __future__ import annotations

from dataclasses import dataclass

RESULTS = "results"


@dataclass(frozen=True)
class Run:
    """A training run.

    Attributes:
        study: its name.
        dataset: name of the data set, with the split or draw behind a hyphen where there are several.
        model: its name.
        phase: ideal, device-BACKEND, noisy-BACKEND, hardware-BACKEND or ideal-TRAINER.
        seed: of initial weights and of the order of samples.
    """

    study: str
    dataset: str
    model: str
    phase: str
    seed: int

    @property
    def folder(self) -> str:
        """Where its results lie."""
        return f"{RESULTS}/{self.study}/{self.dataset}/{self.model}/{self.phase}/seed{self.seed}"


@dataclass(frozen=True)
class Executed:
    """A training run of a quantum model, and the paths by which it is executed."""

    run: Run
    paths: tuple[str, ...]
