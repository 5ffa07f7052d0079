"""How kernels are compiled: fast arithmetic, no interpreter lock, and kept on disk for the next start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function that Python calls."""
    compiled: Function = njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function)
    return compiled


def part(function: Function) -> Function:
    """Compile a function that only kernels call."""
    compiled: Function = njit(fastmath=True, error_model="numpy")(function)
    return compiled
