"""Which of the installed plug-ins Qiskit's transpiler looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points

from stevedore import ExtensionManager

STAGES = ("init", "layout", "routing", "translation", "optimization", "scheduling")


@contextmanager
def own_stages() -> Iterator[None]:
    """Let Qiskit find its own stages alone: to import those of vendors, where none is asked for, takes seconds."""
    known = ExtensionManager.ENTRY_POINT_CACHE
    before = dict(known)
    for stage in STAGES:
        group = f"qiskit.transpiler.{stage}"
        known[group] = [point for point in entry_points(group=group) if point.value.startswith("qiskit.")]
    try:
        yield
    finally:
        known.clear()
        known.update(before)
