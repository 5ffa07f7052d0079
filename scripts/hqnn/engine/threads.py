"""Kernels on torch's number of threads: tiles are independent, so the numbers are the same however many share them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import torch

_WORTH_US = 400  # of work on one thread; to wake another takes some 30


def shared(work: Callable[[slice], None], tiles: int, us: float) -> None:
    """Do work on all tiles.

    Args:
        work: on some of them; it must give the interpreter lock away.
        tiles: how many.
        us: about how many microseconds all would take on one thread.
    """
    shares = min(torch.get_num_threads(), tiles) if us > _WORTH_US else 1
    bounds = [tiles * share // shares for share in range(shares + 1)]
    some = [slice(*pair) for pair in pairwise(bounds)]
    others = [_pool().submit(work, each) for each in some[1:]]
    work(some[0])
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "engine")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not come along
