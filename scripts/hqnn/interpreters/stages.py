"""Which of the installed plug-ins Qiskit's transpiler looks at."""

from __future__ import annotations

from importlib.metadata import entry_points

from stevedore import ExtensionManager

STAGES = ("init", "layout", "routing", "translation", "optimization", "scheduling")


def use_own_stages() -> None:
    """Let Qiskit find its own stages alone: nothing here asks for a vendor's, and to import them takes seconds."""
    for stage in STAGES:
        group = f"qiskit.transpiler.{stage}"
        own = [point for point in entry_points(group=group) if point.value.startswith("qiskit.")]
        ExtensionManager.ENTRY_POINT_CACHE[group] = own
