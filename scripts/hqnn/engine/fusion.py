"""Neighbouring elements as groups on at most two wires, and fixed channels within a group multiplied together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hqnn.engine.elements import Element, Fixed
from hqnn.noise.channels import embed


@dataclass(eq=False)
class Group:
    """Elements that become one block.

    Attributes:
        wires: one or two, rising.
        elements: first to last; a rotation by inputs is alone.
    """

    wires: tuple[int, ...]
    elements: list[Element]

    @property
    def by_input(self) -> bool:
        """Whether this is a rotation by inputs."""
        return self.elements[0].by_input


def fused(elements: Iterable[Element]) -> list[Group]:
    """Group neighbours, first to last; one-wire elements join the pair before them, or else the pair after."""
    groups: list[Group] = []
    last: dict[int, Group] = {}
    for element in elements:
        before = [last[w] for w in element.wires if w in last and not last[w].by_input and not element.by_input]
        if len(before) == len(element.wires) and all(g is before[0] for g in before):
            before[0].elements.append(element)
            continue
        singles = [group for group in before if len(group.wires) == 1]
        group = Group(element.wires, [*(e for single in singles for e in single.elements), element])
        groups = [*(g for g in groups if g not in singles), group]
        last.update(dict.fromkeys(element.wires, group))
    return groups


def merged(elements: Iterable[Element]) -> list[Element]:
    """Multiply fixed channels into the fixed channel next to them, past elements on the other wire."""
    kept: list[Element] = []
    for element in elements:
        if not isinstance(element, Fixed):
            kept.append(element)
        elif len(element.wires) == 2:
            _append_pair(kept, element)
        else:
            _append_single(kept, element)
    return kept


def _append_single(kept: list[Element], single: Fixed) -> None:
    before = _last(kept, single.wires[0])
    if isinstance(before, Fixed):
        kept[kept.index(before)] = _product(before, single)
    else:
        kept.append(single)


def _append_pair(kept: list[Element], pair: Fixed) -> None:
    for wire in pair.wires:
        before = _last(kept, wire)
        if isinstance(before, Fixed) and all(_last(kept, w) is before for w in before.wires):
            kept.remove(before)
            pair = _product(before, pair)
    kept.append(pair)


def _last(kept: list[Element], wire: int) -> Element | None:
    return next((element for element in reversed(kept) if wire in element.wires), None)


def _product(first: Fixed, second: Fixed) -> Fixed:
    wires = max(first.wires, second.wires, key=len)
    before, after = (embed(e.matrix, [wires.index(w) for w in e.wires], len(wires)) for e in (first, second))
    return Fixed(wires, after @ before)
