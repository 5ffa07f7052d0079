"""Cosine and sine of many angles at once, in a form that compilers vectorise.

The angle is reduced to [-pi/4, pi/4] in three steps (Cody and Waite) and both functions are Taylor polynomials there;
the error is below 1e-15 for angles up to 1e5 and numpy's functions are used beyond.
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from hqnn.engine.jit import exact_part

_LARGEST = 1e5
_QUARTERS = 2 / np.pi
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
_S3, _S5, _S7, _S9, _S11, _S13, _S15 = ((-1) ** (k // 2) / factorial(k) for k in range(3, 17, 2))
_C4, _C6, _C8, _C10, _C12, _C14, _C16 = ((-1) ** (k // 2) / factorial(k) for k in range(4, 18, 2))


@exact_part
def cosines_and_sines(angles: Any, cosines: Any, sines: Any) -> None:
    """Both functions of a row of angles; where one of the results is written over it, compilers do not vectorise."""
    beyond = 0
    for n in range(len(angles)):
        beyond += not abs(angles[n]) < _LARGEST
    if beyond:
        for n in range(len(angles)):
            angle = angles[n]
            cosines[n], sines[n] = np.cos(angle), np.sin(angle)
        return
    for n in range(len(angles)):
        angle = np.float64(angles[n])
        quarters = np.floor(angle * _QUARTERS + 0.5)
        r = angle - quarters * _HALF_PI[0] - quarters * _HALF_PI[1] - quarters * _HALF_PI[2]
        r2 = r * r
        s = r + r * r2 * (_S3 + r2 * (_S5 + r2 * (_S7 + r2 * (_S9 + r2 * (_S11 + r2 * (_S13 + r2 * _S15))))))
        tail = _C4 + r2 * (_C6 + r2 * (_C8 + r2 * (_C10 + r2 * (_C12 + r2 * (_C14 + r2 * _C16)))))
        c = 1 - 0.5 * r2 + r2 * r2 * tail
        odd = quarters - 2 * np.floor(quarters * 0.5)  # the quarter turn swaps cosine and sine
        half = quarters * 0.5 - odd * 0.5
        sign = 1 - 2 * (half - 2 * np.floor(half * 0.5))
        cosines[n] = sign * (c - odd * (c + s))
        sines[n] = sign * (s + odd * (c - s))
