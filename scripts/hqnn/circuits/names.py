"""Names of circuits, ``embedding-ansatz-layers[-option...]``, read without importing anything heavy.

``angle_y-simplified_two_design-3`` embeds once; ``angle_y-simplified_two_design-3-reupload`` embeds before every layer;
``angle_y-quanvolutional-1-axis_x-cnots_star`` sets two options of its ansatz.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hqnn.errors import UserError, nearest

SOURCES = ("embeddings", "ansatze", "two_local", "trees", "sim", "custom")
REUPLOAD = "reupload"

Choices = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class CircuitName:
    """What a name says.

    Attributes:
        embedding: its name.
        ansatz: its name.
        layers: how many.
        reupload: whether the embedding comes before every layer.
        options: of the ansatz, as (key, value).
    """

    embedding: str
    ansatz: str
    layers: int
    reupload: bool = False
    options: tuple[tuple[str, str], ...] = ()


@cache
def declared(kind: str) -> Mapping[str, Choices]:
    """Names that the sources of this package declare, with their options and the values of each.

    Args:
        kind: ``"embedding"`` or ``"ansatz"``.
    """
    folder = Path(__file__).parent
    trees = [ast.parse((folder / f"{source}.py").read_text(encoding="utf-8")) for source in SOURCES]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {f.name: dict(_options(f)) for f in functions if _is_declared(f, kind)}


def parse_name(name: str) -> CircuitName:
    """Read a circuit's name.

    Raises:
        UserError: it has not the form ``embedding-ansatz-layers[-option...]``, or a part is unknown or said twice.
    """
    parts = name.split("-")
    if len(parts) < 3 or not parts[2].isdecimal() or int(parts[2]) < 1:
        raise UserError(
            f"circuit {name!r} must be named embedding-ansatz-layers, as in 'angle_y-simplified_two_design-3'"
        )
    embedding, ansatz, layers, *options = parts
    _check(name, "embedding", embedding, declared("embedding"))
    _check(name, "ansatz", ansatz, declared("ansatz"))
    choices = declared("ansatz")[ansatz]
    known = {f"{key}_{value}": (key, value) for key, values in choices.items() for value in values}
    for option in options:
        _check(name, "option", option, [REUPLOAD, *known])
    chosen = tuple(known[option] for option in options if option != REUPLOAD)
    if len(dict(chosen)) < len(chosen):
        raise UserError(f"circuit {name!r} says an option twice; leave one of {', '.join(options)} out")
    return CircuitName(embedding, ansatz, int(layers), REUPLOAD in options, chosen)


def _check(name: str, what: str, part: str, known: Mapping[str, object] | list[str]) -> None:
    if part not in known:
        raise UserError(f"circuit {name!r} has the unknown {what} {part!r}{nearest(part, known)}")


def _is_declared(function: ast.FunctionDef, kind: str) -> bool:
    calls = [d.func for d in function.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(f, ast.Name) and f.id == kind for f in calls)


def _options(function: ast.FunctionDef) -> Iterator[tuple[str, tuple[str, ...]]]:
    for argument in function.args.kwonlyargs:
        if isinstance(argument.annotation, ast.Subscript):
            values = ast.literal_eval(argument.annotation.slice)
            yield argument.arg, values if isinstance(values, tuple) else (values,)
