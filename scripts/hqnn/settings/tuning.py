"""How the settings of models are searched, each with the same number of trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.section import Name, Positive, Section

FAMILIES = ("quantum", "twins")  # what a space can be for, beside single models


class Range(Section):
    """Numbers from which one is drawn; whole ones where both limits are whole."""

    low: int | float = Field(description="The least.")
    high: int | float = Field(description="The greatest.")
    log: bool = Field(False, description="Whether each power of ten is as likely as any other.")

    @model_validator(mode="after")
    def _hold_numbers(self) -> Self:
        if self.low >= self.high:
            raise PydanticCustomError(
                "range", "runs from {low} to {high}; let low be less than high", {"low": self.low, "high": self.high}
            )
        if self.log and self.low <= 0:
            raise PydanticCustomError(
                "log", "starts at {low}, which has no logarithm; let low be above 0", {"low": self.low}
            )
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)


def _require_values(said: Any) -> Any:
    if not isinstance(said, Range | Mapping | list | tuple) or not said:
        raise PydanticCustomError("values", "give a list of values to choose from, or {{low: ..., high: ...}}")
    return said


Choices = tuple[StrictBool | StrictInt | StrictFloat | StrictStr | None, ...]
Dimension = Annotated[Range | Choices, BeforeValidator(_require_values)]
Space = dict[Name, Dimension]


class Tuning(Section):
    """The search for settings, on folds of the train samples; the same number of trials for every model."""

    trials: Positive = Field(30, description="Settings that are tried, of every model.")
    budget_s: float = Field(
        600.0,
        gt=0,
        description="The most that one search takes, then fewer trials count; the page says so.",
        json_schema_extra={"unit": "s"},
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(
        3,
        description="Parts of the train samples, each scored once by a model that was fitted on the others; whole "
        "scenes, blocks or groups where the study's own split keeps them whole.",
    )
    space: dict[Name, Space] = Field(
        {},
        description="What is searched, by `quantum`, `twins`, or the name of a twin or baseline: keys of `training`, "
        "`layers`, `ansatz`, `embedding` and `embedding_scale` of a circuit, `reading` or `delta` of its net, "
        "parameters of a baseline. A value is a list to choose from or {low, high, log}. It takes the place of the "
        "space that ships for the same model, `scripts/hqnn/settings/spaces.yaml`; `{}` leaves that model untuned.",
    )
