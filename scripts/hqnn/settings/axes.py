"""What a study repeats along its axes, and where each table of results lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hqnn.errors import UserError
from hqnn.settings.plan import Plan

TRAINED = ("train_sizes", "qubits", "layers")  # axes along which models are trained anew
OF_CIRCUITS = ("qubits", "layers", "noise", "shots")


def curve_tables(plan: Plan[Any]) -> list[str]:
    """The table of every model along every axis of a study.

    Raises:
        UserError: see `check_axes`.
    """
    check_axes(plan)
    curves = plan.study.curves
    names = [name for axis in type(curves).model_fields if getattr(curves, axis) for name in _tables(plan, axis)]
    return [f"{plan.folder}/{dataset}/{name}.csv" for dataset in plan.datasets() for name in names]


def check_axes(plan: Plan[Any]) -> None:
    """Find out before anything runs that a study has the axes along which it is to be repeated.

    Raises:
        UserError: an axis is of circuits and the study has none, or of a backend's noise and it names no backend.
    """
    curves, place = plan.study.curves, f"studies.{plan.name}.curves"
    asked = [axis for axis in type(curves).model_fields if getattr(curves, axis)]
    of_circuits = [axis for axis in asked if axis in OF_CIRCUITS]
    if of_circuits and not plan.models():
        raise UserError(
            f"{place}.{of_circuits[0]} is an axis of quantum models, of which the study has none; leave it out, or "
            "name models"
        )
    if "noise" in asked and not plan.backends:
        raise UserError(f"{place}.noise scales the noise of execution.backends, which are empty; name one")


def resized_plans(plan: Plan[Any]) -> Iterator[tuple[str, Plan[Any]]]:
    """The plan at every size of circuit that a study's axes name, with the key that names it."""
    for axis in ("qubits", "layers"):
        for value in getattr(plan.study.curves, axis):
            yield f"curves.{axis} {value}", _resized(plan, axis, value)


def points(plan: Plan[Any], axis: str, dataset: str, model: str) -> list[dict[str, Any]]:
    """The training runs of a model along an axis, in built-in types.

    Args:
        plan: of the study.
        axis: one of `TRAINED`.
        dataset: name of the data set.
        model: quantum, or a twin.

    Returns:
        Of each value and seed the fields of `hqnn.training.curves.Point`.
    """
    return [
        {
            "at": value,
            "seed": seed,
            "folder": f"{plan.folder}/{dataset}/{model}/curves/{axis}/{value}/seed{seed}",
            "samples": plan.samples(dataset, model, seed),
            "train_samples": value if axis == "train_sizes" else None,
            "tuned": plan.searches.settings(dataset, model, seed),
            **_built(plan, axis, value, (dataset, model, seed)),
        }
        for value in getattr(plan.study.curves, axis)
        for seed in plan.study.seeds
    ]


def chosen_files(points: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every file of settings that a search chose for points, once."""
    return list(dict.fromkeys(file for one in points for file in [*one["tuned"], *one.get("circuit_tuned", [])]))


def reference_points(plan: Plan[Any], dataset: str, model: str) -> list[dict[str, Any]]:
    """The fits of a reference by numbers of train samples; entries as of `points` without what nets alone have."""
    kept = ("at", "seed", "folder", "samples", "train_samples", "tuned")
    return [{key: point[key] for key in kept} for point in points(plan, "train_sizes", dataset, model)]


def _tables(plan: Plan[Any], axis: str) -> list[str]:
    """Model and axis, as the paths of results have them."""
    if axis == "noise":
        return [f"{model}/curves/noise-{backend}" for model in plan.models() for backend in plan.backends]
    if axis == "shots":
        return [f"{model}/curves/shots" for model in plan.models()]
    twins = [twin for twin in plan.twins() if axis == "train_sizes" or _follows(plan, axis, twin)]
    references = plan.references() if axis == "train_sizes" else []
    return [f"{model}/curves/{axis}" for model in dict.fromkeys([*_apart(plan, axis), *twins, *references])]


def _apart(plan: Plan[Any], axis: str) -> list[str]:
    """Quantum models; of those that the axis makes equal, the first."""
    if axis == "train_sizes":
        return plan.models()
    equal = _resized(plan, axis, getattr(plan.study.curves, axis)[0]).models()
    return [model for place, model in enumerate(plan.models()) if equal.index(equal[place]) == place]


def _follows(plan: Plan[Any], axis: str, twin: str) -> bool:
    """Whether a twin's size follows that of the circuits."""
    if plan.architecture(twin).kind == "linear":  # whose options name a width that it has not
        return False
    if any(plan.twin_of(dataset, twin, plan.study.seeds[0]) for dataset in plan.datasets()):
        return True
    sizes = [_resized(plan, axis, value).architecture(twin) for value in getattr(plan.study.curves, axis)]
    return any(size != plan.architecture(twin) for size in sizes)


def _resized(plan: Plan[Any], axis: str, value: int) -> Plan[Any]:
    return type(plan)(plan.name, plan.study.resized(axis, value)) if axis != "train_sizes" else plan


def _built(plan: Plan[Any], axis: str, value: int, run: tuple[str, str, int]) -> dict[str, Any]:
    """From what a model is built at a point of an axis, and how it is trained."""
    (dataset, model, seed), own = run, _resized(plan, axis, value)
    quantum = dict(zip(plan.models(), own.models(), strict=True))
    traced = model if model in quantum else next(iter(quantum), "") if plan.twin_of(dataset, model, seed) else ""
    architecture = own.architecture(quantum.get(model, model))
    return {
        "circuit": own.circuit(quantum[traced]).plain() if traced else None,
        "circuit_tuned": plan.searches.settings(dataset, traced, seed) if traced else [],
        "kind": architecture.kind,
        "options": dict(architecture.options),
        "training": own.training(quantum.get(model, model)),
    }
