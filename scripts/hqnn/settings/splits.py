"""How images are parted; apart from other keys, so that changes to those do not rerun what is split."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.section import Section

Size = Annotated[int | float, Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})] | None


class Split(Section):
    """How a set is parted."""

    train: Size = Field(0.7, description="Images to train on: a number of them, or a share of all; empty for the rest.")
    validation: Size = Field(0.15, description="Images to choose the epoch by.")
    test: Size = Field(0.15, description="Images to test on.")
    group: Annotated[str, Field(pattern=r"^\w*$")] = Field(
        "", description="Which grouping of the set never has members on two sides, such as `site`; none where empty."
    )
    deal: tuple[float, ...] = Field(
        (),
        description="Shares of train, validation and test in which whole groups are dealt before the numbers are drawn "
        "from each; those of the numbers where empty.",
    )

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        given = [size for size in self.sizes if size is not None]
        if len(given) < 2:
            raise PydanticCustomError("rests", "leaves two sizes open; only one of them may be what is left")
        if self.by_share and sum(given) > 1 + 1e-9:
            raise PydanticCustomError(
                "shares",
                "has shares ({shares}) that sum to {sum}; make them sum to 1 at most, or all sizes whole numbers",
                {"shares": ", ".join(map(str, given)), "sum": f"{sum(given):g}"},
            )
        nothing_left = self.by_share and sum(given) > 1 - 1e-9
        if any(size == 0 or (size is None and nothing_left) for size in (self.train, self.test)):
            raise PydanticCustomError(
                "empty", "leaves no images to train on or to test; make both sizes greater than 0"
            )
        if self.deal and (self.by_share or not self.group):
            raise PydanticCustomError("deal", "has a deal, which only numbers of images from groups need; take it out")
        if self.deal and (len(self.deal) != 3 or min(self.deal) < 0 or abs(sum(self.deal) - 1) > 1e-6):
            raise PydanticCustomError("deal", "has a deal that is not three shares; give three that sum to 1")
        return self

    @property
    def sizes(self) -> tuple[Size, Size, Size]:
        """Of train, validation and test."""
        return self.train, self.validation, self.test

    @property
    def by_share(self) -> bool:
        """Whether sizes are shares of all images: one of them is no whole number."""
        return any(isinstance(size, float) for size in self.sizes)

    @property
    def name(self) -> str:
        """What it is called in the paths of results: 240_50_120, 70_15_15 (percent), 49_49_rest_site."""
        scale = 100 if self.by_share else 1
        parts = ["rest" if size is None else f"{scale * size:.6g}".replace(".", "p") for size in self.sizes]
        return "_".join([*parts, *([self.group] if self.group else [])])
