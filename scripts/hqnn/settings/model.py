"""The whole config, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from hqnn.errors import UserError, nearest, quoted
from hqnn.settings.execution import Engine, Evaluation, Execution
from hqnn.settings.images.keys import SmallImageStudy
from hqnn.settings.machines import Hardware
from hqnn.settings.photographs.keys import Photographs
from hqnn.settings.pixels.keys import Pixels
from hqnn.settings.section import Distinct, Name, Section, Seed, sections_of
from hqnn.settings.study import Study
from hqnn.settings.table.keys import TableStudy

NO_KEYS = ("[key]", "int", "float", "str")  # what pydantic adds to the places of names, and of values of several types
SHARED = ("seeds", "execution", "evaluation")  # keys at the top that a study may override
RESERVED = ("archives", "benchmarks", "raw")  # folders of results that are no study's
PLAIN = {  # what pydantic says in Python's words
    "dict_type": "give names with their values, such as {name: value}",
    "model_type": "give keys with their values, such as {key: value}; {} for none",
    "model_attributes_type": "give keys with their values, such as {key: value}; {} for none",
    "string_pattern_mismatch": "a name has letters, digits and _ alone",
    "tuple_type": "give a list, such as [first, second]",
    "too_short": "give at least one",
}
KINDS: Mapping[str, type[Study]] = {
    "pixels": Pixels,
    "photographs": Photographs,
    "images": SmallImageStudy,
    "table": TableStudy,
}

AnyStudy: TypeAlias = Annotated[Pixels | Photographs | SmallImageStudy | TableStudy, Field(discriminator="kind")]


class Settings(Section):
    """Everything a user can set."""

    seeds: Distinct[Seed] = Field((0, 1, 2), min_length=1, description="One training run each, in every study.")
    execution: Execution = Execution()
    evaluation: Evaluation = Evaluation()
    engine: Engine = Engine()
    hardware: Hardware = Hardware()
    new: dict[Name, str] = Field(
        {}, description="Names of new data that are asked for as `.../predicted/<name>`, and where they lie."
    )
    studies: dict[Name, AnyStudy] = Field(
        min_length=1, description="The studies by names of your choice; each says its `kind`."
    )


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a config.

    Args:
        config: as Snakemake merged it.

    Raises:
        UserError: a key is unknown or a value out of its limits; the message names it, and the nearest right key.
    """
    if not isinstance(config.get("studies"), Mapping):
        raise UserError(
            "config key 'studies' must map names to studies, such as studies: {land_cover: {kind: photographs}}"
        )
    for name in config["studies"]:
        if str(name) in RESERVED:
            raise UserError(f"config key 'studies.{name}' is called like a folder of results; choose another name")
    try:
        settings = Settings.model_validate({**config, "studies": _inheriting(config)})
    except ValidationError as error:
        raise UserError(_sentence(error)) from error
    for name, study in settings.studies.items():
        if study.data.source == "path" and not study.data.path:
            raise UserError(
                f"config key studies.{name}.data.path is empty although data.source is 'path'; name your files"
            )
        if study.data.path and study.data.source != "path":
            raise UserError(
                f"config key studies.{name}.data.path names files that are not read, because data.source is "
                f"{study.data.source!r}; set data.source to 'path', or leave data.path out"
            )
    return settings


def _inheriting(config: Mapping[str, Any]) -> dict[str, Any]:
    """Studies with the keys at the top that they do not set themselves."""
    studies: dict[str, Any] = {}
    for name, own in config["studies"].items():
        studies[str(name)] = own
        if isinstance(own, Mapping):
            shared = {key: _over(config[key], own.get(key)) for key in SHARED if key in config}
            studies[str(name)] = {**own, **shared}
    return studies


def _over(top: Any, own: Any) -> Any:
    if isinstance(top, Mapping) and isinstance(own, Mapping):
        return {**top, **own, **{key: _over(top[key], own[key]) for key in top.keys() & own.keys()}}
    return top if own is None else own


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [part for part in first["loc"] if part not in NO_KEYS]
    if place[0] == "studies" and len(place) > 2:
        del place[2]  # the kind, which is no key
    place = [part for part in place if not re.search(r"[\[(-]", str(part))]  # names of types that a value might have
    key = ".".join(map(str, place))
    if first["type"].startswith("union_tag"):
        given = first["input"].get("kind", "") if isinstance(first["input"], Mapping) else ""
        hint = nearest(str(given), KINDS) if given else f"; name one of {', '.join(sorted(KINDS))}"
        return f"config key '{key}.kind' {f'is {quoted(given)}' if given else 'is missing'}{hint}"
    if first["type"] == "extra_forbidden":
        known = {name for section in _sections_at(first["loc"][:-1]) for name in section.model_fields}
        hint = _of_other_kinds(first["loc"]) or nearest(str(first["loc"][-1]), known)
        return f"config key {key!r} is unknown{hint}"
    given = "" if isinstance(first["input"], Mapping) else f" is {quoted(first['input'])}"
    said = PLAIN.get(first["type"], f"{first['msg'][0].lower()}{first['msg'][1:]}")
    return f"config key {key!r}{given}: {said}"


def _of_other_kinds(location: tuple[int | str, ...]) -> str:
    """That a study of this kind has no such key while studies of others have; else nothing."""
    if len(location) != 4 or location[0] != "studies":
        return ""
    kind, key = location[2:]
    others = [name for name, study in KINDS.items() if key in study.model_fields]
    return f" in a study of kind {kind}: it belongs to {' and '.join(others)}; leave it out" if others else ""


def _sections_at(location: tuple[int | str, ...]) -> tuple[type[Section], ...]:
    """The sections that the place of an error may be."""
    if len(location) > 2 and location[0] == "studies":
        here: tuple[type[Section], ...] = (KINDS[str(location[2])],)
        location = location[3:]
    else:
        here = (Settings,)
    for part in location:
        inner = [field for one in here for name, field in one.model_fields.items() if name == part]
        if inner:  # neither a place in a list nor a name in a mapping
            here = sections_of(inner[0].annotation) or here
    return here
