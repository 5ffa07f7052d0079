"""The spaces that are searched where a study says nothing else: data, in `spaces.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from hqnn.settings.tuning import Space

SPACES = Path(__file__).with_name("spaces.yaml")
CIRCUIT = ("layers", "ansatz", "embedding")  # parts of a circuit's name


def net_space(kind: str, *, has_circuit: bool) -> Space:
    """What ships for the nets of a kind of study; of those with a circuit, the circuit, too."""
    shipped = _shipped()
    return {**shipped["nets"].get(kind, {}), **(shipped["circuits"].get(kind, {}) if has_circuit else {})}


def baseline_space(estimator: str) -> Space:
    """What ships for a baseline, by the name of its estimator; nothing for one that has nothing to choose."""
    return dict(_shipped()["baselines"].get(estimator, {}))


def circuit_name(name: str, values: Mapping[str, Any]) -> str:
    """The name of a circuit with other parts; options of an ansatz go with it."""
    embedding, ansatz, layers, *options = name.split("-")
    chosen = values.get("ansatz", ansatz)
    kept = options if chosen == ansatz else [option for option in options if option == "reupload"]
    return "-".join([values.get("embedding", embedding), chosen, str(values.get("layers", layers)), *kept])


@cache
def _shipped() -> Mapping[str, Mapping[str, Space]]:
    said: Any = yaml.safe_load(SPACES.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, dict[str, Space]]).validate_python(said)
