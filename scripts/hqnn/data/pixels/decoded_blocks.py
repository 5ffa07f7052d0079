"""Blocks of JPEG 2000, each decoded once for all threads that read a scene."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.tiffs import read_window

SLOW_DRIVERS = ("JP2",)  # how the names of GDAL's begin; a megapixel takes them a fifth of a second
KEPT_BYTES = 448 * 2**20  # two rows of blocks of the coarser bands of a whole tile of Sentinel-2, and of 10 m a few
BLOCK_BYTES = 2**23  # a larger one is a raster without blocks

Block = tuple[str, int, int, int]  # name of the raster, band, row and column of the block


def decodes_slowly(source: Any, index: int = 1) -> bool:
    """Whether the blocks of an open raster are worth keeping, and small enough."""
    height, width = source.block_shapes[index - 1]
    block_bytes = height * width * np.dtype(source.dtypes[index - 1]).itemsize
    return bool(source.driver.startswith(SLOW_DRIVERS) and block_bytes <= BLOCK_BYTES)


class DecodedBlocks:
    """The blocks that were read last; every thread reads them from its own open rasters.

    GDAL keeps blocks for each open raster, of which no two threads may read the same one, so that every thread would
    decode for itself the blocks that windows share: those at their edges, and those of coarser bands.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        """Keep no more than so many bytes."""
        self._most_bytes = most_bytes
        self._blocks: OrderedDict[Block, Future[NDArray[Any]]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def fetch(self, source: Any, rows: range, columns: range, index: int = 1) -> None:
        """Decode those blocks of a rectangle that no thread has begun; arguments as of `read`.

        Threads that need the same blocks fetch all of theirs first, and so decode different ones, where they would
        wait for each other at every block.

        Raises:
            UserError: the file is damaged or cut off.
        """
        for _ in self._begun(source, rows, columns, index):
            pass

    def read(self, source: Any, rows: range, columns: range, index: int = 1) -> NDArray[Any]:
        """Read a rectangle of one band, see `read_window`."""
        values = np.empty((len(rows), len(columns)), dtype=source.dtypes[index - 1])
        for future, own_rows, own_columns in self._begun(source, rows, columns, index):
            into_rows, from_rows = _shared(rows, own_rows)
            into_columns, from_columns = _shared(columns, own_columns)
            values[into_rows, into_columns] = future.result()[from_rows, from_columns]
        return values

    def _begun(
        self, source: Any, rows: range, columns: range, index: int
    ) -> Iterator[tuple[Future[NDArray[Any]], range, range]]:
        """The blocks of a rectangle with their rows and columns; those that no thread has begun are decoded here."""
        for block, own_rows, own_columns in _blocks(source, rows, columns, index):
            future, begun = self._future(block)
            if not begun:
                self._decode(future, block, source, own_rows, own_columns)
            yield future, own_rows, own_columns

    def _future(self, block: Block) -> tuple[Future[NDArray[Any]], bool]:
        """What holds a block or shall hold it, and whether some thread has begun it."""
        with self._lock:
            future = self._blocks.get(block)
            if future is not None:
                self._blocks.move_to_end(block)
                return future, True
            self._blocks[block] = Future()
            return self._blocks[block], False

    def _decode(self, future: Future[NDArray[Any]], block: Block, source: Any, rows: range, columns: range) -> None:
        try:
            values = read_window(source, rows, columns, block[1])
        except BaseException as error:
            with self._lock:
                del self._blocks[block]
            future.set_exception(error)
            raise
        future.set_result(values)
        with self._lock:
            self._bytes += values.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._forget_oldest()

    def _forget_oldest(self) -> int:
        """How many bytes that frees."""
        block = next(block for block, future in self._blocks.items() if future.done())
        return self._blocks.pop(block).result().nbytes


def _blocks(source: Any, rows: range, columns: range, index: int) -> Iterator[tuple[Block, range, range]]:
    """The blocks that a rectangle lies in, and the rows and columns of each."""
    height, width = source.block_shapes[index - 1]
    for row in range(rows.start // height, -(-rows.stop // height)):
        for column in range(columns.start // width, -(-columns.stop // width)):
            yield (
                (source.name, index, row, column),
                range(row * height, min((row + 1) * height, source.height)),
                range(column * width, min((column + 1) * width, source.width)),
            )


def _shared(wanted: range, own: range) -> tuple[slice, slice]:
    """Where those indices that are in both lie in the wanted ones, and in a block's own."""
    first, stop = max(wanted.start, own.start), min(wanted.stop, own.stop)
    return slice(first - wanted.start, stop - wanted.start), slice(first - own.start, stop - own.start)
