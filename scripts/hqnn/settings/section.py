"""What every group of keys shares."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
Word = Annotated[str, Field(pattern=r"^[a-z_]+$")]
Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    names = [str(getattr(value, "name", value)) for value in values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PydanticCustomError("twice", "names {name} twice; leave one out", {"name": twice[0]})
    return values


Distinct = Annotated[tuple[T, ...], AfterValidator(_distinct)]  # by the name that stands in the paths of results


class Section(BaseModel):
    """A group of keys; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_null(cls, said: Any) -> Any:
        """Values from the command line arrive as text, this one, too."""
        return (
            {key: None if value == "null" else value for key, value in said.items()} if isinstance(said, dict) else said
        )


def sections_of(annotation: Any) -> tuple[type[Section], ...]:
    """The sections that a key, or an entry of it, may be."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return (annotation,)
    return tuple(section for part in get_args(annotation) for section in sections_of(part))
