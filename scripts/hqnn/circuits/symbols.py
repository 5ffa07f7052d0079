"""Numbers that remember how they were computed from inputs and weights.

A quantum function that is given arrays of them applies PennyLane operations whose parameters are formulas. What no
formula is made of, such as complex numbers or functions of other libraries, goes on with the value alone, so whoever
follows a function must compare with its values elsewhere.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from numbers import Real
from typing import Any

import autoray
import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.functions import ARGUMENTS, applied
from hqnn.circuits.program import Angle, Function


class Symbol:
    """A number at some point, and its formula.

    Attributes:
        value: at the point.
        angle: affine in inputs, weights and the functions noted so far.
        noted: the functions that formulas use, shared by all symbols of a point.
        inputs: how many numbers a sample has.
    """

    def __init__(self, value: float, angle: Angle, noted: list[Function], inputs: int) -> None:
        self.value, self.angle, self.noted, self.inputs = value, angle, noted, inputs

    def __add__(self, other: Any) -> Any:
        """Arithmetic with numbers and symbols; with complex numbers the formula is lost."""
        own = self._like(other)
        if own is None:
            return self._valued(operator.add, other)
        return self._of(self.value + own.value, self.angle + own.angle)

    def __mul__(self, other: Any) -> Any:
        own = self._like(other)
        if own is None:
            return self._valued(operator.mul, other)
        for one, factor in ((self, own), (own, self)):
            if factor.angle.is_constant:
                return self._of(self.value * own.value, one.angle * factor.angle.constant)
        return self._noted("multiply", own)

    def __truediv__(self, other: Any) -> Any:
        own = self._like(other)
        if own is None:
            return self._valued(operator.truediv, other)
        return self * (1 / own.value) if own.angle.is_constant else self._noted("divide", own)

    def __rtruediv__(self, other: Any) -> Any:
        own = self._like(other)
        return own / self if own else other / self.value

    def __pow__(self, other: Any) -> Any:
        own = self._like(other)
        return self._noted("power", own) if own else self._valued(operator.pow, other)

    def __rpow__(self, other: Any) -> Any:
        own = self._like(other)
        return own**self if own else other**self.value

    def __neg__(self) -> Any:
        return self * -1.0

    def __pos__(self) -> Any:
        return self

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __abs__(self) -> float:
        """The value's; as the following, for code that looks at values."""
        return abs(self.value)

    def __float__(self) -> float:
        return self.value

    def __complex__(self) -> complex:
        return complex(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _value(other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _value(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _value(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _value(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _value(other))

    def __hash__(self) -> int:
        return hash(self.value)

    def conjugate(self) -> Symbol:
        """Itself, since it is real."""
        return self

    def _of(self, value: float, angle: Angle) -> Symbol:
        return Symbol(value, angle, self.noted, self.inputs)

    def _like(self, other: Any) -> Symbol | None:
        """A symbol of any real number, or None."""
        if isinstance(other, Symbol):
            return other
        return self._of(float(other), Angle(float(other))) if isinstance(other, Real) else None

    def _noted(self, name: str, *others: Symbol) -> Symbol:
        """A function of this symbol and others, noted once."""
        operands = [self, *others]
        value = float(applied(name, [np.float64(operand.value) for operand in operands], np))
        if all(operand.angle.is_constant for operand in operands):
            return self._of(value, Angle(value))
        function = Function(name, tuple(operand.angle for operand in operands))
        if function not in self.noted:
            self.noted.append(function)
        return self._of(value, Angle(inputs=((self.inputs + self.noted.index(function), 1.0),)))

    def _valued(self, operation: Callable[[Any, Any], Any], other: Any) -> Any:
        """An array goes on by itself, entry by entry; another number has no formula."""
        return NotImplemented if isinstance(other, np.ndarray) else operation(self.value, other)


def symbols(values: NDArray[np.float64], inputs: int) -> NDArray[np.object_]:
    """Inputs and weights as symbols.

    Args:
        values: at the point, inputs first, shape (inputs + weights,).
        inputs: how many are inputs.
    """
    noted: list[Function] = []
    angles = [
        Angle(inputs=((n, 1.0),)) if n < inputs else Angle(weights=((n - inputs, 1.0),)) for n in range(len(values))
    ]
    made = [Symbol(float(value), angle, noted, inputs) for value, angle in zip(values, angles, strict=True)]
    return np.array([*made, None], dtype=object)[:-1]  # an array of objects even where there is none


def _value(other: Any) -> Any:
    return other.value if isinstance(other, Symbol) else other


def _method(name: str) -> Callable[..., Any]:
    """What NumPy calls on every entry of an array of objects."""

    def method(self: Symbol, *others: Any) -> Any:
        own = [self._like(other) for other in others]
        return self._noted(name, *(symbol for symbol in own if symbol is not None))

    return method


for _name in ARGUMENTS:
    if not hasattr(Symbol, _name):
        setattr(Symbol, _name, _method(_name))
autoray.register_backend(Symbol, "numpy")
