"""Windows read by several threads while others are computed with."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Semaphore
from typing import TypeVar

from hqnn.data.pixels.scene import Scene, Window

Read = TypeVar("Read")

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt, in malloc.h
LARGE_BYTES = 2**22  # less than a window's bands
KEPT_BYTES = 2**24  # more than what one band of a window takes as it is read


def read_ahead(
    scenes: Sequence[Scene], read: Callable[[Scene, Window], Read], blocks: Iterable[Sequence[Window]]
) -> Iterator[Read]:
    """What is read of windows, in their order, as many blocks ahead as there are threads.

    At a time no more of them read, and the caller computes with what it was given, than there are threads: a job of one
    thread reads and computes in turn.

    Args:
        scenes: one scene, open as often as threads shall read it: no raster may be read by two threads at a time.
        read: a window of an open scene; one thread calls it for each of `scenes`.
        blocks: windows that one thread reads, since each thread decodes the blocks of rasters for itself.

    Raises:
        Exception: what `read` raises, in the place of its window.
    """
    _give_back_large_arrays()
    idle: SimpleQueue[Scene] = SimpleQueue()
    cores = Semaphore(len(scenes))
    for scene in scenes:
        idle.put(scene)

    def read_by_any(block: Sequence[Window]) -> list[Read]:
        scene = idle.get()
        try:
            with cores:
                return [read(scene, window) for window in block]
        finally:
            idle.put(scene)

    def computed_with(block: Future[list[Read]]) -> Iterator[Read]:
        found = block.result()
        with cores:
            yield from found

    ahead: deque[Future[list[Read]]] = deque()
    with ThreadPoolExecutor(len(scenes), "read-ahead") as pool:
        try:
            for block in blocks:
                ahead.append(pool.submit(read_by_any, block))
                if len(ahead) > len(scenes):
                    yield from computed_with(ahead.popleft())
            while ahead:
                yield from computed_with(ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _give_back_large_arrays() -> None:
    """Let every window's memory go back to the system, where the C library would keep it for each thread.

    What smaller arrays take stays: the system clears every page that it gives, which took a fifth of the time.
    """
    if sys.platform == "linux":
        keep = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; other C libraries give it back by themselves
        if keep is not None:
            keep(MMAP_THRESHOLD, LARGE_BYTES)
            keep(TRIM_THRESHOLD, KEPT_BYTES)
