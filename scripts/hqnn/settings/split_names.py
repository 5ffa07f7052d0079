"""How a split is named; apart from its keys, so that other changes to these do not rerun what is split."""

from __future__ import annotations

from collections.abc import Sequence


def split_name(sizes: Sequence[int | float | None], group: str) -> str:
    """What a split is called in the paths of results: 240_50_120, 70_15_15 (percent), 49_49_rest_site.

    Args:
        sizes: of train, validation and test: numbers of images, or shares where any is a float; None is what is left.
        group: what is never parted, or nothing.
    """
    scale = 100 if any(isinstance(size, float) for size in sizes) else 1
    parts = ["rest" if size is None else f"{scale * size:.6g}".replace(".", "p") for size in sizes]
    return "_".join([*parts, *([group] if group else [])])
