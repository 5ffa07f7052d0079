"""What a study runs, and where every result lies; each kind of study answers the same questions."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from hqnn.errors import UserError, nearest
from hqnn.settings.machines import Machine
from hqnn.settings.runs import RESULTS, Executed, Run
from hqnn.settings.searches import Searches
from hqnn.settings.section import Section
from hqnn.settings.study import Study

S = TypeVar("S", bound=Study)

CALIBRATION_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Architecture:
    """From what a model is built.

    Attributes:
        kind: see `hqnn.models.architectures`.
        options: of the kind; anything JSON can say.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Circuit:
    """Which circuit a model has.

    Attributes:
        name: as the library of circuits names it.
        inputs: how many numbers it takes; by the number of classes where None.
        observables: see `hqnn.circuits.words.parse_observables`; by the number of classes where empty.
        reading: what reads the expectation values: `pixel`, `dressed` or `fixed`.
    """

    name: str
    inputs: int | None
    observables: tuple[str, ...]
    reading: str

    def plain(self) -> dict[str, Any]:
        """The same in built-in types."""
        return {**asdict(self), "observables": list(self.observables)}


class Plan(ABC, Generic[S]):
    """What one study runs.

    Args:
        name: of the study.
        study: its settings.

    Attributes:
        searches: for the settings of its models.
    """

    def __init__(self, name: str, study: S) -> None:
        self.name, self.study = name, study
        self.searches = Searches(self)

    # --- what each kind answers ---

    @property
    @abstractmethod
    def sample_set(self) -> str:
        """Name of the synthetic set."""

    @property
    @abstractmethod
    def fetched_set(self) -> str:
        """Entry of the catalogue that is fetched."""

    @abstractmethod
    def datasets(self) -> list[str]:
        """Names of the data sets: the raw one, with the split where there are several."""

    @abstractmethod
    def models(self) -> list[str]:
        """Names of the quantum models that are trained on every data set."""

    @abstractmethod
    def circuit(self, model: str) -> Circuit:
        """The circuit of a quantum model."""

    @abstractmethod
    def samples(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The tables of samples that a run reads, row beside row."""

    @abstractmethod
    def architecture(self, model: str) -> Architecture:
        """From what a model is built, quantum or not."""

    @abstractmethod
    def training(self, model: str) -> dict[str, Any]:
        """How a model is trained without noise."""

    @abstractmethod
    def twins(self) -> list[str]:
        """Names of the classical nets that are trained as the quantum models are, on every data set."""

    @abstractmethod
    def artefacts(self) -> list[str]:
        """What the page shows beside tables: maps, scores, pictures."""

    @abstractmethod
    def fitted(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The files that say how raw data become what a model takes; of new data, too."""

    def reading(self, model: str) -> dict[str, Any]:
        """How new raw data are read, beyond what these files say."""
        return {}

    def references(self) -> list[str]:
        """Names of the classical references that are fitted at once."""
        return list(self.study.baselines)

    @property
    def deals_by_seed(self) -> bool:
        """Whether each seed deals the samples to train and test anew."""
        return False

    def kept_whole(self, dataset: str) -> dict[str, Any]:
        """What no part of a data set shares with another, see `hqnn.data.folds.fold_groups`; nothing of samples."""
        return {}

    def first_seed(self, model: str) -> int:
        """The first seed of a model's runs."""
        return self.study.seeds[0]

    def short_name(self, model: str) -> str:
        """What the config calls a model."""
        return model

    def fixed_circuit(self, model: str) -> str:
        """Why a model's circuit cannot be searched for; empty where it can."""
        return ""

    def twin_of(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The circuit whose number of parameters decides a twin's width, where one does."""
        first = next(iter(self.models()), None)
        return [self.searches.program(dataset, first, seed)] if first and model == "dense_twin" else []

    def augmentation(self, model: str) -> dict[str, Any] | None:
        """How images are varied while a model is trained on them."""
        return None

    @property
    def watches_test(self) -> bool:
        """Whether histories say loss and accuracy on test samples, too; they decide nothing."""
        return False

    @property
    def scored_with(self) -> list[str]:
        """Tables that say which scene or group each sample is of."""
        return []

    def more_scores(self) -> list[str]:
        """Tidy tables that other rules make beside the scores of predictions."""
        return []

    # --- where the data lie ---

    @property
    def own_data(self) -> str | None:
        """The user's own file or folder, where the data are the user's."""
        return self.study.data.path if self.study.data.source == "path" else None

    @property
    def raw(self) -> str:
        """Where the raw data lie: in a folder that a rule makes, or where the user has them."""
        data = self.study.data
        if data.source == "sample":
            return f"{RESULTS}/raw/sample_{self.sample_set}_{data.seed}"
        return str(data.path) if data.source == "path" else f"{RESULTS}/raw/{self.fetched_set}"

    @property
    def read_within(self) -> str:
        """The part of the raw data that is read, by its path within them; empty for all."""
        return ""

    @property
    def data(self) -> str:
        """Name of the raw data set in the paths of results."""
        data = self.study.data
        if data.name:
            return data.name
        if data.source == "path":
            path = Path(data.path or "data").resolve()
            whole = os.path.isdir(path)  # noqa: PTH112 - which takes names that are too long
            name = path.name if whole else path.name.split(".")[0]
            return "".join(c if c.isalnum() else "_" for c in name) or "data"
        return "sample" if data.source == "sample" else self.fetched_set

    @property
    def table(self) -> str:
        """The table of all samples."""
        return f"{self.folder}/{self.data}/samples.h5"

    @property
    def folder(self) -> str:
        """Where the results of the study lie."""
        return f"{RESULTS}/{self.name}"

    @property
    def published(self) -> str | None:
        """Name of the published figures that may stand beside ours; none beside synthetic data."""
        return None if self.study.data.source == "sample" else self.study.published

    @property
    def title(self) -> str:
        """What the page calls the study."""
        return self.study.title or self.name.replace("_", " ").capitalize()

    # --- what runs ---

    @property
    def calibrations(self) -> list[str]:
        """Backends, or files of their calibrations, that the study names."""
        return list(self.study.execution.backends)

    @property
    def machines(self) -> Mapping[str, Machine]:
        """Machines that have a calibration of their own, by names."""
        return self.study.execution.machines

    @property
    def backends(self) -> list[str]:
        """Names of the backends and machines in the paths of results."""
        return [*(backend_name(given) for given in self.study.execution.backends), *self.machines]

    def calibration(self, machine: str) -> str:
        """Where the calibration of a machine lies."""
        return f"{self.folder}/calibrations/{machine}.json"

    def phases(self) -> list[str]:
        """Folder names of the training phases; all but the first are for one backend each."""
        native = [phase for phase in self.study.phases if phase != "ideal"]
        return ["ideal", *(f"{phase}-{backend}" for phase in native for backend in self.backends)]

    def paths(self, phase: str) -> tuple[str, ...]:
        """Folder names of the paths by which a phase's model runs: on its own backend, or on all."""
        chosen = self.study.execution.paths
        own = phase.split("-")[1:] or self.backends
        simulated = [path for path in ("exact", "shots") if path in chosen]
        native = [path for path in ("noisy", "hardware") if path in chosen]
        mitigated = {"hardware": ["", *(f"+{name}" for name in self.study.execution.mitigation)]}
        return (
            *simulated,
            *(f"{path}-{backend}{how}" for path in native for backend in own for how in mitigated.get(path, [""])),
        )

    def quantum_runs(self) -> list[Executed]:
        """Training runs of quantum models."""
        seeds = self.study.seeds
        kinds: list[tuple[str, Sequence[int], tuple[str, ...]]] = [
            *((phase, seeds, self.paths(phase)) for phase in self.phases()),
            *((f"ideal-{name}", self.study.trainer_seeds or seeds, ("exact",)) for name in self.study.trainers),
        ]
        return [
            Executed(Run(self.name, dataset, model, phase, seed), paths)
            for dataset in self.datasets()
            for model in self.models()
            for phase, own, paths in kinds
            for seed in own
        ]

    def seed_groups(self) -> list[list[int]]:
        """The seeds that one job trains."""
        seeds, size = self.study.seeds, self.study.seeds_a_job
        return [list(seeds[start : start + size]) for start in range(0, len(seeds), size)]

    def first_program(self, dataset: str, model: str) -> str:
        """The circuit that is compiled, the same for all seeds."""
        return self.searches.program(dataset, model, self.first_seed(model))

    def traced(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The circuit that a model has, or that a twin is built after."""
        own = self.searches.program(dataset, model, seed)
        return [own] if model in self.models() else self.twin_of(dataset, model, seed)

    def circuits(self) -> list[str]:
        """Names of all circuits, as the library of circuits has them."""
        return sorted({self.circuit(one.run.model).name for one in self.quantum_runs()})

    def twin_runs(self) -> list[Run]:
        """Training runs of classical nets."""
        return self._runs(self.twins())

    def reference_runs(self) -> list[Run]:
        """Fits of classical references."""
        return self._runs(self.references())

    def trained(self) -> list[Run]:
        """All runs that leave a model and a history."""
        return [*(executed.run for executed in self.quantum_runs()), *self.twin_runs()]

    def trained_files(self, name: str) -> list[str]:
        """The files called so of all runs that leave a model."""
        return [f"{run.folder}/{name}" for run in self.trained()]

    def predictions(self) -> list[str]:
        """Every predictions file of the study."""
        return [
            *(f"{one.run.folder}/{path}/predictions.h5" for one in self.quantum_runs() for path in one.paths),
            *(f"{run.folder}/exact/predictions.h5" for run in [*self.twin_runs(), *self.reference_runs()]),
        ]

    def native_circuits(self) -> list[str]:
        """The native circuits that any path runs, as QPY."""
        ran = [(one.run, path.partition("-")[2].partition("+")[0]) for one in self.quantum_runs() for path in one.paths]
        folders = {f"{self.folder}/{run.dataset}/{run.model}/compiled/{backend}" for run, backend in ran if backend}
        return [f"{folder}/program.qpy" for folder in sorted(folders)]

    def first_runs(self, name: str, phase: str = "ideal", seed: int | None = None) -> list[str]:
        """The files called so of the first training run of every quantum model."""
        first = self.study.seeds[0] if seed is None else seed
        return [
            f"{Run(self.name, dataset, model, phase, first).folder}/{name}"
            for dataset in self.datasets()
            for model in self.models()
        ]

    def trained_elsewhere(self) -> list[str]:
        """The model of the first run of every other trainer; it says how many circuits were run."""
        first = (self.study.trainer_seeds or self.study.seeds)[0]
        return [
            file
            for trainer in self.study.trainers
            for file in self.first_runs("model.safetensors", f"ideal-{trainer}", first)
        ]

    def trainer(self, model: str, trainer: str) -> dict[str, Any]:
        """How a model is trained by another simulator, or differentiated another way."""
        return {**self.training(model), **self._asked_for(trainer, self.study.trainers, "trainers")}

    def baseline(self, name: str) -> dict[str, Any]:
        """The estimator of a classical reference and its parameters."""
        said = self.study.baselines[name].model_dump()
        return {**said, "estimator": said["estimator"] or name}

    def check(self) -> None:
        """Find out before anything runs that the study has something to run.

        Raises:
            UserError: it has not.
        """
        if not self.predictions():
            raise UserError(f"study {self.name} has no model that runs by any path; name one, or leave the study out")

    def _runs(self, models: Iterable[str]) -> list[Run]:
        return [
            Run(self.name, dataset, model, "ideal", seed)
            for dataset in self.datasets()
            for model in models
            for seed in self.study.seeds
        ]

    def _asked_for(self, name: str, sections: Mapping[str, Section], key: str) -> dict[str, Any]:
        """What the config says under a name in a path.

        Raises:
            UserError: it says nothing of it.
        """
        if name not in sections:
            raise UserError(
                f"studies.{self.name}.{key} has no {name!r}, which the path that is asked for names"
                f"{nearest(name, sections)}"
            )
        return sections[name].model_dump()


def backend_name(given: str) -> str:
    """What a backend, or the file of its calibration, is called in the paths of results."""
    path = Path(given)
    return path.stem if path.suffix in CALIBRATION_SUFFIXES else given


def raw_part(dataset: str) -> str:
    """The raw data set of a data set: its name without split or draw."""
    return dataset.partition("-")[0]
