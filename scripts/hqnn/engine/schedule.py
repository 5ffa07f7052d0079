"""In which order commuting groups are taken, so that the vectors stay small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hqnn.engine.fusion import Group

_BEAM = 12


@dataclass(frozen=True)
class _Partial:
    """An order of some groups, last gate first.

    Attributes:
        cost: multiplications so far.
        dims: sizes of the vector's axes.
        order: groups taken.
    """

    cost: int
    dims: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Cost so far and of at least one step more."""
        return self.cost + 16 * prod(self.dims)


def cheapest_order(groups: Sequence[Group], columns: Sequence[tuple[int, ...]], dims: Sequence[int]) -> list[int]:
    """Order groups, last gate first, by a beam search over the orders that the wires allow.

    Args:
        groups: first to last in time.
        columns: for each group the sizes of its wires' axes after it.
        dims: sizes of the vector's axes before, one a wire.

    Returns:
        Indices of all groups.
    """
    later = [
        {m for m in range(n + 1, len(groups)) if set(groups[m].wires) & set(groups[n].wires)}
        for n in range(len(groups))
    ]
    beam = [_Partial(0, tuple(dims), ())]
    for _ in groups:
        best: dict[frozenset[int], _Partial] = {}
        for partial in beam:
            done = frozenset(partial.order)
            for n in range(len(groups)):
                if n not in done and later[n] <= done:
                    longer = _taken(partial, n, groups[n].wires, columns[n])
                    key = done | {n}
                    if key not in best or longer.cost < best[key].cost:
                        best[key] = longer
        beam = sorted(best.values(), key=lambda partial: partial.rank)[:_BEAM]
    return list(beam[0].order)


def _taken(partial: _Partial, n: int, wires: tuple[int, ...], columns: tuple[int, ...]) -> _Partial:
    sizes = dict(zip(wires, columns, strict=True))
    after = tuple(sizes.get(wire, size) for wire, size in enumerate(partial.dims))
    return _Partial(partial.cost + prod(partial.dims) * prod(columns), after, (*partial.order, n))
