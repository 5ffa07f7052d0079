"""What can be found wrong with a study's search before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from hqnn.circuits.names import parse_name
from hqnn.errors import UserError, nearest, quoted
from hqnn.models.reference_parameters import check_parameters, parameter_names
from hqnn.settings.fitting import Training
from hqnn.settings.plan import Plan
from hqnn.settings.spaces import CIRCUIT, circuit_name
from hqnn.settings.tuning import Dimension, Range, Space

OF_TRAINING = tuple(key for key in Training.model_fields if key not in ("differentiation", "device"))
READINGS = ("sigmoid", "scaled")
LEAST = {"embedding_scale": 1e-3, "delta": 0.0}  # options that are numbers


def check_tuning(plan: Plan[Any]) -> None:
    """Find out that a search looks for what there is, among values that there are.

    Raises:
        UserError: a key or value of the space is wrong; the message names it and the nearest right one.
    """
    searches = plan.searches
    searches.require_known()
    for model in searches.models():
        if model in plan.references():
            _check_baseline(plan, model, searches.space(model))
        else:
            _check_net(plan, model, searches.space(model))


def _check_baseline(plan: Plan[Any], model: str, space: Space) -> None:
    said = plan.baseline(model)
    estimator = said.pop("estimator")
    known = parameter_names(estimator)
    for key, dimension in space.items():
        if key not in known:
            raise UserError(f"{_key(plan, model, key)} is no parameter of {estimator}{nearest(key, known)}")
        for value in _ends(dimension):
            try:
                check_parameters(estimator, {**said, key: value})
            except UserError as error:
                raise UserError(f"{_key(plan, model, key)}: {error}") from error


def _check_net(plan: Plan[Any], model: str, space: Space) -> None:
    has_circuit = model in plan.searches.quantum
    options = plan.architecture(model).options
    own = [key for key in ("reading", "delta") if key in options and has_circuit]
    known = [*OF_TRAINING, *([*CIRCUIT, "embedding_scale", *own] if has_circuit else [])]
    fixed = plan.fixed_circuit(model) if has_circuit else ""
    for key, dimension in space.items():
        place = _key(plan, model, key)
        if key not in known:
            raise UserError(f"{place} is nothing that is searched of {model}{nearest(key, known)}")
        if key in CIRCUIT and fixed:
            raise UserError(f"{place} cannot be searched: {fixed}; leave it out, or name several models")
        for value in _ends(dimension):
            _check_value(plan, model, key, value, place)


def _check_value(plan: Plan[Any], model: str, key: str, value: Any, place: str) -> None:
    if key in CIRCUIT:
        try:
            parse_name(circuit_name(plan.circuit(model).name, {key: value}))
        except (UserError, TypeError) as error:
            raise UserError(f"{place} has the value {quoted(value)}: {error}") from error
    elif key in LEAST:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < LEAST[key]:
            raise UserError(f"{place} has the value {quoted(value)}; give numbers from {LEAST[key]:g}")
    elif key == "reading":
        if value not in READINGS:
            raise UserError(f"{place} has the value {quoted(value)}{nearest(str(value), READINGS)}")
    else:
        _check_training(plan.training(model), key, value, place)


def _check_training(training: Mapping[str, Any], key: str, value: Any, place: str) -> None:
    try:
        Training(**{**training, key: value})
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise UserError(f"{place} has the value {quoted(value)}: {said[0].lower()}{said[1:]}") from error


def _ends(dimension: Dimension) -> Iterator[Any]:
    """Values that stand for all of a dimension."""
    yield from (dimension.low, dimension.high) if isinstance(dimension, Range) else dimension


def _key(plan: Plan[Any], model: str, key: str) -> str:
    """Where in the config a dimension stands, or would stand."""
    said = plan.study.tuning.space
    family = "quantum" if model in plan.searches.quantum else "twins"
    name = next((one for one in (plan.short_name(model), family) if one in said), plan.short_name(model))
    return f"config key 'studies.{plan.name}.tuning.space.{name}.{key}'"
