"""Numbers that a circuit may compute with, but not decide by.

A quantum function is read by evaluating it, so it must do the same whatever its inputs and weights. It is therefore run
once with arrays that tell when the user's own code compares, rounds or sorts by their values. PennyLane's code may: it
checks what it is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hqnn.circuits.written import LIBRARIES, OWN, PENNYLANE, Place, calling

DECIDING = {  # names of ufuncs
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_not", "signbit", "sign"),
    *("maximum", "minimum", "fmax", "fmin", "clip", "absolute", "fabs", "heaviside", "floor", "ceil", "rint"),
    *("trunc", "remainder", "fmod", "floor_divide", "divmod", "modf"),
}


class DecisionError(Exception):
    """The user's code takes a decision by a value; the message says where."""


class Watched(np.ndarray[Any, Any]):
    """An array whose values may not be decided by; views, items and results are watched too."""

    def __array_ufunc__(self, ufunc: Any, method: Any, *operands: Any, **options: Any) -> Any:
        """Compute as usual, unless the function takes decisions."""
        if ufunc.__name__ in DECIDING:
            _refuse()
        plain = [np.asarray(o) if isinstance(o, Watched) else o for o in operands]
        if "out" in options:
            options["out"] = tuple(o.view(np.ndarray) if isinstance(o, Watched) else o for o in options["out"])
        result = getattr(ufunc, method)(*plain, **options)
        return tuple(map(watched, result)) if isinstance(result, tuple) else watched(result)

    def __getitem__(self, key: Any) -> Any:
        """Items stay arrays, so that they stay watched."""
        return watched(np.asarray(self)[key])

    def __bool__(self) -> bool:
        """Refused to the user's code, as are the following."""
        _refuse()
        return bool(np.asarray(self))

    def __int__(self) -> int:
        _refuse()
        return int(np.asarray(self))

    def __round__(self, digits: int | None = None) -> Any:
        _refuse()
        return round(float(self), digits)

    def __floor__(self) -> int:
        _refuse()
        return math.floor(float(self))

    def __ceil__(self) -> int:
        _refuse()
        return math.ceil(float(self))

    def __trunc__(self) -> int:
        _refuse()
        return math.trunc(float(self))


def watched(values: Any) -> Any:
    """Floating-point numbers as a watched array of their shape; anything else as it is."""
    array = np.asarray(values)
    return array.view(Watched) if array.dtype.kind in "fc" else values


def _refuse() -> None:
    """Stop the user's code, but not PennyLane's."""
    frame = calling((*LIBRARIES, *OWN))
    if frame and not frame.f_code.co_filename.startswith(PENNYLANE):
        place = Place(frame.f_code, frame.f_lasti)
        raise DecisionError(f"{place.text or 'it'} ({place.where}) decides by the value of an input or weight")
