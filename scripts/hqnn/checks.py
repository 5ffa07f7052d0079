"""What can be found wrong with a config before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hqnn.circuits.names import parse_name
from hqnn.circuits.sizes import wires_of
from hqnn.circuits.words import check_words
from hqnn.errors import UserError
from hqnn.execution.backends import calibration_files
from hqnn.models.reference_parameters import check_parameters
from hqnn.settings.model import Settings, read_settings
from hqnn.settings.plan import Plan
from hqnn.settings.plans import plans_of


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
        _check(plan)
    return settings, plans


def calibrations_of(plans: Iterable[Plan[Any]]) -> dict[str, Path]:
    """Name of each backend to its calibration, of all that the studies name.

    Raises:
        UserError: a backend is unknown, or two are called alike.
    """
    return {name: path for plan in plans for name, path in calibration_files(dict.fromkeys(plan.calibrations)).items()}


def _check(plan: Plan[Any]) -> None:
    key = f"studies.{plan.name}"
    if plan.own_data and not Path(plan.own_data).exists():
        raise UserError(f"{key}.data.path is {plan.own_data!r}, which is no file and no folder; name your data")
    for model in dict.fromkeys(one.run.model for one in plan.quantum_runs()):
        with _at(f"{key}, model {model}"):
            circuit = plan.circuit(model)
            embedding = parse_name(circuit.name).embedding
            if circuit.inputs and circuit.observables:
                check_words(circuit.observables, wires_of(embedding, circuit.inputs))
    for name in plan.references():
        said = plan.baseline(name)
        with _at(f"{key}.baselines.{name}"):
            check_parameters(said.pop("estimator"), said)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say where in the config a mistake stands."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error
