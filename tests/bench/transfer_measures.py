"""Time, CPU time and memory of a step."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a step took; CPU time, of all threads, hardly depends on what else the machine does."""

    ms: float
    cpu_ms: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.ms + other.ms, self.cpu_ms + other.cpu_ms)

    def __mul__(self, factor: float) -> Cost:
        return Cost(factor * self.ms, factor * self.cpu_ms)

    def over(self, other: Cost) -> dict[str, float]:
        """How many times as much as another."""
        return {key: value / asdict(other)[key] for key, value in asdict(self).items()}


def cost(step: Callable[[], Any]) -> Cost:
    """Of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return Cost(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu))


def highest_mb(step: Callable[[], Any]) -> float:
    """The most memory that this process held during a call."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    step()
    return memory_mb("VmHWM")


def memory_mb(key: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def alone(threads: int, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a new process, as a rule of the workflow would, so that no memory of a peer is counted."""
    with ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (threads,)) as pool:
        return pool.submit(function, *arguments).result()
