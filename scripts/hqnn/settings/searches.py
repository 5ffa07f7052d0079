"""What is searched of each model of a study, and where the settings lie that a search chose."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hqnn.errors import UserError, nearest
from hqnn.settings.spaces import CIRCUIT, baseline_space, net_space
from hqnn.settings.tuning import FAMILIES, Range, Space, Tuning

if TYPE_CHECKING:
    from hqnn.settings.plan import Plan


class Searches:
    """The searches of one study.

    Where each seed deals the samples anew, each has a search of its own, since what one tests on another may train on;
    where all seeds share the test samples, one search serves them all.

    Args:
        plan: of the study.
    """

    def __init__(self, plan: Plan[Any]) -> None:
        self.plan = plan
        self._spaces: dict[str, Space] = {}

    @property
    def tuning(self) -> Tuning | None:
        """How it is searched; None where it is not."""
        found: Tuning | None = self.plan.study.tuning
        return found

    @cached_property
    def quantum(self) -> list[str]:
        """Names of the models with a circuit."""
        return list(dict.fromkeys(one.run.model for one in self.plan.quantum_runs()))

    @cached_property
    def twins(self) -> list[str]:
        """Names of the classical nets."""
        return list(dict.fromkeys(run.model for run in self.plan.twin_runs()))

    def models(self) -> list[str]:
        """Names of all models that are searched for."""
        every = [*self.quantum, *self.twins, *self.plan.references()]
        return [model for model in every if self.space(model)]

    def space(self, model: str) -> Space:
        """What is searched of a model; nothing of one that stays as the study says."""
        if self.tuning is None:
            return {}
        if model not in self._spaces:
            self._spaces[model] = self._space(model, self.tuning)
        return self._spaces[model]

    def require_known(self) -> None:
        """Refuse a space for what the study does not have.

        Raises:
            UserError: it names the key and the nearest right one.
        """
        every = [*self.twins, *self.plan.references()]
        known = {*FAMILIES, *map(self.plan.short_name, every)}
        for key in self.tuning.space if self.tuning else ():
            if key not in known:
                raise UserError(
                    f"config key 'studies.{self.plan.name}.tuning.space.{key}' is no model of the study"
                    f"{nearest(key, known)}"
                )

    def chooses_circuit(self, model: str) -> bool:
        """Whether the circuit itself is searched for, and not its net's training alone."""
        return any(key in CIRCUIT for key in self.space(model))

    def seed(self, model: str, seed: int | str) -> int:
        """The seed whose search serves a seed."""
        return int(seed) if self.plan.deals_by_seed else self.plan.first_seed(model)

    def settings(self, dataset: str, model: str, seed: int | str) -> list[str]:
        """The file of the settings that were chosen, where they were searched for."""
        return [f"{self._folder(dataset, model, seed)}/settings.json"] if self.space(model) else []

    def files(self) -> list[str]:
        """Every file of chosen settings; beside each lie its trials."""
        runs = [*(one.run for one in self.plan.quantum_runs()), *self.plan.twin_runs(), *self.plan.reference_runs()]
        found = [file for run in runs for file in self.settings(run.dataset, run.model, run.seed)]
        return list(dict.fromkeys(found))

    def program(self, dataset: str, model: str, seed: int | str) -> str:
        """The circuit of a model: the one that was chosen, or the one the study names."""
        folder = self._folder(dataset, model, seed) if self.chooses_circuit(model) else self._own(dataset, model)
        return f"{folder}/program.json"

    def subject(self, model: str) -> dict[str, Any]:
        """What a model is before anything is chosen, in built-in types."""
        plan = self.plan
        if model in plan.references():
            return {"parameters": plan.baseline(model), "balanced": plan.training(model)["balanced"]}
        architecture = plan.architecture(model)
        return {
            "kind": architecture.kind,
            "options": dict(architecture.options),
            "training": plan.training(model),
            "augmentation": plan.augmentation(model),
            "circuit": plan.circuit(model).plain() if model in self.quantum else None,
        }

    def plain_space(self, model: str) -> dict[str, Any]:
        """The space in built-in types."""
        return {
            key: one.model_dump() if isinstance(one, Range) else list(one) for key, one in self.space(model).items()
        }

    def _space(self, model: str, tuning: Tuning) -> Space:
        said, name = tuning.space, self.plan.short_name(model)
        is_net = model in (*self.quantum, *self.twins)
        family = ("quantum" if model in self.quantum else "twins") if is_net else ""
        for key in (name, family):
            if key in said:
                return dict(said[key])
        if not is_net:
            return baseline_space(self.plan.baseline(model)["estimator"]) if model in self.plan.references() else {}
        shipped = net_space(self.plan.study.kind, has_circuit=family == "quantum")
        return shipped if family == "twins" else self._that_fits(model, shipped)

    def _that_fits(self, model: str, shipped: Mapping[str, Any]) -> Space:
        """The shipped space without what this model has not, and with what it has."""
        dropped = set(CIRCUIT) if self.plan.fixed_circuit(model) else set()
        name = self.plan.circuit(model).name
        embedding, ansatz = name.split("-")[:2]
        if embedding == "amplitude":
            dropped |= {"embedding", "embedding_scale"}
        if getattr(self.plan.study, "reading", "") == "born":
            dropped.add("reading")
        own = {"ansatz": ansatz, "embedding": embedding}
        return {
            key: (*one, own[key]) if key in own and own[key] not in one else one
            for key, one in shipped.items()
            if key not in dropped
        }

    def _own(self, dataset: str, model: str) -> str:
        return f"{self.plan.folder}/{dataset}/{model}"

    def _folder(self, dataset: str, model: str, seed: int | str) -> str:
        return f"{self._own(dataset, model)}/tuned/seed{self.seed(model, seed)}"
