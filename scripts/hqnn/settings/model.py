"""The whole config, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from hqnn.errors import UserError, nearest
from hqnn.settings.images.keys import Digits
from hqnn.settings.photographs.keys import Cracks, Masks
from hqnn.settings.pixels.keys import Change
from hqnn.settings.section import Distinct, Name, Section, Seed, section_of
from hqnn.settings.shared import Data, Engine, Evaluation, Execution, Explanation

NO_KEYS = ("[key]", "int", "float")  # what pydantic adds to the places of names, and of values of several types


class Settings(Section):
    """Everything a user can set."""

    studies: Distinct[Literal["change", "masks", "cracks", "digits"]] = Field(
        ("change", "masks", "cracks", "digits"), min_length=1, description="Which studies to run."
    )
    seeds: Distinct[Seed] = Field((0, 1, 2), min_length=1, description="One training run each.")
    data: Data = Data()
    change: Change = Change()
    masks: Masks = Masks()
    cracks: Cracks = Cracks()
    digits: Digits = Digits()
    execution: Execution = Execution()
    engine: Engine = Engine()
    explanation: Explanation = Explanation()
    evaluation: Evaluation = Evaluation()
    classify: dict[Name, str] = Field(
        {}, description="Names of images, or folders of images, that are asked for as `.../classified/<name>.csv`."
    )

    @property
    def dataset(self) -> str:
        """The name of the data set in the paths of results."""
        if self.data.name:
            return self.data.name
        if self.data.source == "path":
            return "".join(c if c.isalnum() else "_" for c in Path(self.data.path or "data").resolve().name)
        return "sample" if self.data.source == "sample" else self._fetched

    @property
    def _fetched(self) -> str:
        """The entry of `resources/datasets.yaml` that is fetched; only one study runs where any is."""
        (study,) = self.studies
        return {
            "change": "oscd",
            "masks": self.masks.images.dataset,
            "cracks": self.cracks.images.dataset,
            "digits": self.digits.images.dataset,
        }[study]


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a config.

    Args:
        config: as Snakemake merged it.

    Raises:
        UserError: a key is unknown or a value out of its limits; the message names it, and the nearest right key.
    """
    try:
        settings = Settings.model_validate(config)
    except ValidationError as error:
        raise UserError(_sentence(error)) from error
    if settings.data.source == "path" and not settings.data.path:
        raise UserError("config key data.path is empty although data.source is 'path'; name the folder of your files")
    if settings.data.source != "sample" and len(settings.studies) > 1:
        raise UserError(
            f"config key data.source is {settings.data.source!r} and there are {len(settings.studies)} studies; name "
            "the one whose data it is, such as studies: [change]"
        )
    return settings


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if part not in NO_KEYS)
    if first["type"] == "extra_forbidden":
        section = _section_at(first["loc"][:-1])
        return f"config key {key!r} is unknown{nearest(str(first['loc'][-1]), section.model_fields)}"
    given = "" if isinstance(first["input"], dict) else f" is {first['input']!r}"
    return f"config key {key!r}{given}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _section_at(location: tuple[int | str, ...]) -> type[Section]:
    section: type[Section] = Settings
    for part in location:
        if part in section.model_fields:  # neither a place in a list nor a name in a mapping
            section = section_of(section.model_fields[str(part)].annotation) or section
    return section
