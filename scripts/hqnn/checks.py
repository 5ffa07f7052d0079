"""What can be found wrong with a config before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hqnn.circuits.names import parse_name
from hqnn.circuits.sizes import wires_of
from hqnn.circuits.words import check_observables
from hqnn.errors import UserError, quoted
from hqnn.execution.backends import calibration_file, calibration_files
from hqnn.models.reference_parameters import check_parameters
from hqnn.settings.axes import check_axes, resized_plans
from hqnn.settings.machines import Machine
from hqnn.settings.model import Settings, read_settings
from hqnn.settings.plan import Plan
from hqnn.settings.plans import plans_of
from hqnn.tuning.checks import check_tuning

RETIRED = ("ibm_brisbane", "ibm_torino")  # April 2026; they ship as calibrations


def checked(config: Mapping[str, Any]) -> tuple[Settings, dict[str, Plan[Any]]]:
    """Read a config and find out that its names mean something.

    Args:
        config: as Snakemake merged it.

    Returns:
        The settings, and the plan of each study.

    Raises:
        UserError: a key or value is wrong, or a file, circuit, observable, classical reference or one of its parameters
            does not exist.
    """
    settings = read_settings(config)
    plans = plans_of(settings)
    for plan in plans.values():
        _check(plan, settings.engine.memory_limit_mb)
    return settings, plans


def calibrations_of(plans: Iterable[Plan[Any]]) -> dict[str, Path]:
    """Name of each backend to its calibration, of all that the studies name.

    Raises:
        UserError: a backend is unknown, or two are called alike.
    """
    return {name: path for plan in plans for name, path in calibration_files(dict.fromkeys(plan.calibrations)).items()}


def machines_of(plans: Iterable[Plan[Any]]) -> dict[str, Machine]:
    """Name of each machine to its settings, of all that the studies name.

    Raises:
        UserError: a machine is called like a backend or like another machine, or its provider has no such machine.
    """
    found: dict[str, Machine] = {}
    for plan in plans:
        for name, machine in plan.machines.items():
            key = f"execution.machines.{name}"
            if plan.backends.count(name) > 1:
                raise UserError(f"{key} is called like one of execution.backends; choose another name")
            if found.setdefault(name, machine) != machine:
                raise UserError(f"{key} is another machine in study {plan.name} than before; choose another name")
            _check_machine(key, machine)
    return found


def _check_machine(key: str, machine: Machine) -> None:
    """Find out without a network that a provider has no such machine."""
    backend = machine.backend
    if machine.provider in ("snapshot", "aer"):
        with _at(f"{key}.backend"):
            calibration_file(backend)
    elif machine.provider == "ibm" and (backend in RETIRED or not backend.startswith("ibm_") or "." in backend):
        raise UserError(
            f"{key}.backend is {quoted(backend)}, which is no machine that IBM runs today but at most a calibration; "
            "name one of your account's, such as ibm_kingston, or provider snapshot"
        )
    elif machine.provider == "iqm" and machine.quantum_computer.startswith(("ibm", "fake", "iqm_")):
        raise UserError(
            f"{key}.quantum_computer is {quoted(machine.quantum_computer)}, which is no machine of IQM's; name one, "
            "such as garnet, or provider snapshot"
        )


def _check(plan: Plan[Any], memory_limit_mb: float) -> None:
    key = f"studies.{plan.name}"
    if plan.own_data and not os.path.exists(plan.own_data):  # noqa: PTH110 - which takes names that are too long
        raise UserError(f"{key}.data.path is {quoted(plan.own_data)}, which is no file and no folder; name your data")
    for model in dict.fromkeys(one.run.model for one in plan.quantum_runs()):
        with _at(f"{key}, model {model}"):
            wires = _check_circuit(plan, model)
            needed = 3 * 4.0**wires * 8 / 1e6
            if "noisy" in plan.study.phases and needed > memory_limit_mb:
                raise UserError(
                    f"training under noise on {wires} wires takes {needed:.3g} MB or more, but engine.memory_limit_mb "
                    f"is {memory_limit_mb:g}; raise it, take fewer wires, or leave the phase noisy out"
                )
    check_axes(plan)
    for place, resized in resized_plans(plan):
        for model in resized.models():
            with _at(f"{key}.{place}, model {model}"):
                _check_circuit(resized, model)
    for name in plan.references():
        said = plan.baseline(name)
        with _at(f"{key}.baselines.{name}"):
            check_parameters(said.pop("estimator"), said)
    check_tuning(plan)


def _check_circuit(plan: Plan[Any], model: str) -> int:
    """Find out that a circuit's name and observables mean something; how many wires it has, 0 where unknown yet."""
    circuit = plan.circuit(model)
    embedding = parse_name(circuit.name).embedding
    wires = wires_of(embedding, circuit.inputs) if circuit.inputs else 0
    if wires and circuit.observables:
        check_observables(circuit.observables, wires)
    return wires


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say where in the config a mistake stands."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error
