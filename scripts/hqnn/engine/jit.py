"""How kernels are compiled: without the interpreter lock, and kept on disk for the next start.

Their parts are inlined. A process that has just compiled a part would call that very copy; one that reads a kernel from
disk calls the kernel's own copy, which was optimised once more: other last digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.core.registry import cpu_target

from hqnn.engine.kernel_cache import KernelCache

Function = TypeVar("Function", bound=Callable[..., Any])

# What Numba knows of types and of NumPy, which the first kernel would load: here, a process that forks jobs has it.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()


def kernel(function: Function) -> Function:
    """Compile a function that Python calls, free to reorder sums; there must be no NaN."""
    compiled: Function = _kept(njit(fastmath=True, error_model="numpy", nogil=True)(function))
    return compiled


def part(function: Function) -> Function:
    """Compile a function that only kernels call, free to reorder sums; there must be no NaN."""
    compiled: Function = njit(fastmath=True, error_model="numpy", forceinline=True)(function)
    return compiled


def exact_kernel(function: Function) -> Function:
    """Compile a function that Python calls, with every rounding as written and NaN respected."""
    compiled: Function = _kept(njit(error_model="numpy", nogil=True)(function))
    return compiled


def exact_part(function: Function) -> Function:
    """Compile a function that only kernels call, with every rounding as written and NaN respected."""
    compiled: Function = njit(error_model="numpy", forceinline=True)(function)
    return compiled


def _kept(compiled: Any) -> Any:
    if hasattr(compiled, "py_func"):  # NUMBA_DISABLE_JIT leaves functions as they are
        compiled._cache = KernelCache(compiled.py_func)  # what `cache=True` does, with Numba's own class
    return compiled
