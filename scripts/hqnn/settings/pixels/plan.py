"""What a study of pixels runs."""

from __future__ import annotations

from typing import Any

from hqnn.settings.pixels.keys import Pixels
from hqnn.settings.runs import Run
from hqnn.settings.study import Study
from hqnn.settings.vectors import VectorPlan

SYNTHETIC = {"oscd": "pairs", "scenes": "scenes"}  # layout to the set that has it
UNTRAINED = ("change_vector",)  # references without a seed
UNETS = ("unet_small", "unet_full")


class PixelPlan(VectorPlan[Pixels]):
    """Scenes, window by window, to features of pixels; one data set."""

    @property
    def sample_set(self) -> str:
        """The one of the layout."""
        return SYNTHETIC[self.study.scenes.layout]

    @property
    def fetched_set(self) -> str:
        """OSCD."""
        return self.study.data.set or "oscd"

    def datasets(self) -> list[str]:
        """The raw one alone."""
        return [self.data]

    def features(self) -> dict[str, Any]:
        """What of a pixel the model sees; what is left open follows the layout."""
        said = self.study.features.model_dump()
        layout = self.study.scenes.layout
        bands = said["bands"] or ("below20m" if layout == "oscd" else "all")
        return said | {
            "bands": bands if isinstance(bands, str) else list(bands),
            "stride": said["stride"] or (1 if layout == "cube" else 10),
            "windows": list(said["windows"]) if said["layout"] == "neighbourhood" else [],
        }

    def scenes(self) -> dict[str, Any]:
        """How scenes are found."""
        said = self.study.scenes.model_dump()
        lists = {name: list(value) for name, value in said.items() if isinstance(value, tuple)}
        return said | lists

    def samples(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The table with the features."""
        return [f"{self.folder}/{dataset}/samples.h5"]

    def kept_whole(self, dataset: str) -> dict[str, Any]:
        """Scenes, or blocks of them."""
        within = self.study.within
        return {"column": "scene", "block": within.block if within.by == "blocks" else 0}

    def references(self) -> list[str]:
        """All but the U-Nets, which have a rule of their own."""
        return [name for name in self.study.baselines if name not in UNETS]

    def unets(self) -> list[str]:
        """Names of the U-Nets."""
        return [name for name in self.study.baselines if name in UNETS]

    def unet_training(self, name: str) -> dict[str, Any]:
        """How a U-Net is fitted."""
        fitting: dict[str, Any] = getattr(self.study, name).model_dump()
        return fitting

    def reference_runs(self) -> list[Run]:
        """Fits of references, U-Nets among them; one that is not trained has no seeds."""
        runs = self._runs([*self.references(), *self.unets()])
        return [run for run in runs if run.model not in UNTRAINED or run.seed == self.study.seeds[0]]

    def fitted(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The table, which holds the transform."""
        return self.samples(dataset, model, seed)

    def reading(self, model: str) -> dict[str, Any]:
        """How scenes are found."""
        return self.study.scenes.model_dump()

    @property
    def scored_with(self) -> list[str]:
        """The table says the scene of each pixel."""
        return [self.table]

    def artefacts(self) -> list[str]:
        """The table, the first models with their circuits and maps, and why the device differs."""
        maps = self.first_runs("maps") if self.study.maps else []
        return [self.table, *self.first_runs("model.safetensors"), *maps, *self.explained("ablation.csv")]

    def more_scores(self) -> list[str]:
        """Scores on every pixel of the test scenes, where they are asked for."""
        asked = self.study.every_pixel
        return [f"{self.folder}/{dataset}/every_pixel.csv" for dataset in self.datasets()] if asked else []

    def scored_models(self, dataset: str) -> list[str]:
        """The models that are scored on every pixel: quantum ones and twins, trained without noise."""
        runs = [run for run in self.trained() if (run.dataset, run.phase) == (dataset, "ideal")]
        return [f"{run.folder}/model.safetensors" for run in runs]

    def scored_references(self, dataset: str) -> list[dict[str, Any]]:
        """The fits of references that are scored so: of ours, which predict quickly, with what a search chose."""
        return [
            {"name": name, "seed": seed, "parameters": said, "tuned": self.searches.settings(dataset, name, seed)}
            for name, said in ((name, self.baseline(name)) for name in self.references())
            for seed in self.study.seeds
            if said["estimator"] in Study.OWN
        ]

    def tuned_references(self, dataset: str) -> list[str]:
        """The settings that searches chose for these."""
        return list(dict.fromkeys(file for one in self.scored_references(dataset) for file in one["tuned"]))

    def ideal_models(self, dataset: str, model: str) -> list[str]:
        """The models of all seeds, trained without noise."""
        runs = [Run(self.name, dataset, model, "ideal", seed) for seed in self.study.seeds]
        return [f"{run.folder}/model.safetensors" for run in runs]

    def explained(self, name: str) -> list[str]:
        """The files called so of every quantum model on every backend, where the device is to be explained."""
        if not self.study.explanation.enabled:
            return []
        return [
            f"{self.folder}/{dataset}/{model}/explained/{backend}/{name}"
            for dataset in self.datasets()
            for model in self.models()
            for backend in self.backends
        ]
