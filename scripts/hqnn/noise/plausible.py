"""Which numbers of a calibration are believed, which are doubted, and which cannot be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hqnn.errors import UserError

PLACES_SHOWN = 6


@dataclass(frozen=True)
class Limits:
    """What a number may be.

    Attributes:
        believed: lowest and highest that is taken without a word, beside zero and infinity.
        possible: lowest and highest that is taken at all, beside zero and infinity.
        hint: what may be wrong outside.
        zero: whether the number may be zero.
        infinite: whether it may be infinite.
    """

    believed: tuple[float, float]
    possible: tuple[float, float]
    hint: str
    zero: bool = True
    infinite: bool = False


# Superconducting machines lie inside what is believed; ions and atoms, whose times are longer, inside the possible.
TIME = Limits((1, 1e4), (0.01, 1e9), "times are in microseconds", zero=False, infinite=True)
READOUT = Limits((0, 0.2), (0, 1), "give fractions, not percent; above 0.5 the outcomes may be swapped")
LIMITS = {
    "t1_us": TIME,
    "t2_us": TIME,
    "p10": READOUT,
    "p01": READOUT,
    "duration_ns": Limits((1, 1e5), (1e-3, 1e9), "durations are in nanoseconds"),
    "error": Limits((0, 0.1), (0, 1), "give fractions, not percent"),
    "readout_ns": Limits((10, 1e6), (1e-3, 1e10), "durations are in nanoseconds"),
}


def require(key: str, value: Any, what: str) -> None:
    """Refuse a number that cannot be.

    Args:
        key: of `LIMITS`.
        value: to be checked.
        what: where it stands, for the message.

    Raises:
        UserError: it is no number or not possible.
    """
    limits = LIMITS[key]
    if value is None:
        raise UserError(f"{what} is not calibrated; fill in the value or choose another snapshot of this backend")
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise UserError(f"{what} is {value!r}, not a number; correct it")
    if (value == 0 and limits.zero) or (value == math.inf and limits.infinite):
        return
    low, high = limits.possible
    if not low <= value <= high:
        raise UserError(f"{what} is {value!r}, it must be {_between(limits.possible)}; {limits.hint}, correct it")


def doubt(key: str, values: Mapping[str, float]) -> str:
    """What is hard to believe of some numbers, in words; empty where nothing is.

    Args:
        key: of `LIMITS`.
        values: by place, all possible.
    """
    low, high = LIMITS[key].believed
    odd = {place: value for place, value in values.items() if value not in (0, math.inf) and not low <= value <= high}
    if not odd:
        return ""
    shown = ", ".join(f"{value:g} on {place}" for place, value in list(odd.items())[:PLACES_SHOWN])
    more = ", …" if len(odd) > PLACES_SHOWN else ""
    return (
        f"{key} is hardly believed at {len(odd)} of {len(values)} places ({shown}{more}), since it is usually "
        f"{_between((low, high))}; {LIMITS[key].hint}"
    )


def _between(limits: tuple[float, float]) -> str:
    return f"at least {limits[0]:g} and at most {limits[1]:g}"
