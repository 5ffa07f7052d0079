"""Blocks of JPEG 2000 that threads share: what they read is the file's, and each is decoded once."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin

from hqnn.data.pixels import decoded_blocks
from hqnn.data.pixels.decoded_blocks import DecodedBlocks, decodes_slowly
from hqnn.data.pixels.scene import by_block, windows
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import open_raster, read_window, write_band
from hqnn.errors import UserError

SHAPE, SIDE = (150, 200), 64
LOSSLESS = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES", "BLOCKXSIZE": SIDE, "BLOCKYSIZE": SIDE}
VALUES = np.random.default_rng(0).integers(1, 10_000, size=(2, *SHAPE)).astype(np.uint16)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blocks") / "two.jp2"
    write_jp2(path, VALUES)
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[Any, ...]]:
    """How often each block was decoded."""
    count: Counter[tuple[Any, ...]] = Counter()

    def counted(source: Any, rows: range, columns: range, index: int = 1) -> Any:
        count[Path(source.name).name, index, rows.start, columns.start] += 1
        return read_window(source, rows, columns, index)

    monkeypatch.setattr(decoded_blocks, "read_window", counted)
    return count


def write_jp2(path: Path, values: NDArray[np.uint16], metres: int = 10) -> None:
    count, height, width = values.shape
    place = {"crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, metres, metres)}
    with rasterio.open(path, "w", count=count, height=height, width=width, dtype="uint16", **place, **LOSSLESS) as file:
        file.write(values)


def blocks_of(file: Path, index: int) -> list[tuple[Any, ...]]:
    with open_raster(file) as source:
        height, width = source.block_shapes[index - 1]
        starts = product(range(0, source.height, height), range(0, source.width, width))
        return [(file.name, index, *start) for start in starts]


def ranges(size: int) -> st.SearchStrategy[range]:
    ends = st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True)
    return ends.map(lambda both: range(min(both), max(both)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(st.tuples(ranges(SHAPE[0]), ranges(SHAPE[1]), st.integers(1, 2)), min_size=1, max_size=6),
    kept=st.sampled_from([1, 3 * 2 * SIDE**2, 2**30]),
    threads=st.integers(1, 3),
)
def test_threads_read_what_the_file_holds_however_little_is_kept(
    file: Path, wanted: list[tuple[range, range, int]], kept: int, threads: int
) -> None:
    blocks, together = DecodedBlocks(kept), Barrier(threads)

    def read(source: Any) -> list[Any]:
        together.wait()
        for rows, columns, index in wanted:
            blocks.fetch(source, rows, columns, index)
        return [blocks.read(source, rows, columns, index) for rows, columns, index in wanted]

    with ExitStack() as stack, ThreadPoolExecutor(threads) as pool:
        sources = [stack.enter_context(open_raster(file)) for _ in range(threads)]
        for found in pool.map(read, sources):
            for values, (rows, columns, index) in zip(found, wanted, strict=True):
                assert np.array_equal(values, VALUES[index - 1, rows.start : rows.stop, columns.start : columns.stop])


def test_threads_decode_every_block_once(file: Path, decoded: Counter[tuple[Any, ...]]) -> None:
    blocks, together = DecodedBlocks(), Barrier(3)

    def read(source: Any) -> None:
        together.wait()
        for start in range(0, SHAPE[0], 50):
            blocks.read(source, range(start, start + 50), range(SHAPE[1]))

    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        sources = [stack.enter_context(open_raster(file)) for _ in range(3)]
        list(pool.map(read, sources))
    assert decoded == dict.fromkeys(blocks_of(file, 1), 1)


def test_a_scene_decodes_its_blocks_once_though_windows_meet_at_their_edges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: Counter[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr("hqnn.data.pixels.scene.BLOCK_ROWS", SIDE)
    monkeypatch.setattr("hqnn.data.pixels.scene.WINDOW_ROWS", SIDE // 4)
    monkeypatch.setattr("hqnn.data.pixels.scene.WINDOW_COLUMNS", SIDE)
    fine, coarse = VALUES[:1], VALUES[1:, : SHAPE[0] // 2, : SHAPE[1] // 2]
    write_jp2(tmp_path / "fine.jp2", fine, 10)
    write_jp2(tmp_path / "coarse.jp2", coarse, 20)
    rows = ["scene,date,file,label,split,band", "one,,fine.jp2,,,fine", "one,,coarse.jp2,,,coarse"]
    (tmp_path / "scenes.csv").write_text("\n".join(rows) + "\n")
    collection = open_scenes(tmp_path)
    with ExitStack() as stack:
        opened = [stack.enter_context(collection.open("one")) for _ in range(2)]
        for number, block in enumerate(by_block(windows(SHAPE, 2))):
            for window in block:
                opened[number % 2].read(*window)
            if number == 0:
                assert decoded["fine.jp2", 1, 0, 0] == decoded.total() - decoded["coarse.jp2", 1, 0, 0] == 1
    files = (tmp_path / "fine.jp2", tmp_path / "coarse.jp2")
    assert decoded == dict.fromkeys([block for file in files for block in blocks_of(file, 1)], 1)


def test_a_block_that_cannot_be_decoded_is_told_to_all_who_wait_and_is_tried_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks, rows, columns = DecodedBlocks(), range(10), range(10)

    def damaged(source: Any, *_: Any) -> Any:
        time.sleep(0.05)
        raise UserError(f"{source.name} cannot be read")

    def told(source: Any) -> str:
        with pytest.raises(UserError) as error:
            blocks.read(source, rows, columns)
        return str(error.value)

    monkeypatch.setattr(decoded_blocks, "read_window", damaged)
    with open_raster(file) as first, open_raster(file) as second, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(told, (first, second))) == [f"{file} cannot be read"] * 2
        monkeypatch.undo()
        assert np.array_equal(blocks.read(first, rows, columns), VALUES[0, :10, :10])


def test_only_what_takes_long_to_decode_is_kept(file: Path, tmp_path: Path) -> None:
    write_band(tmp_path / "a.tif", VALUES[0], {"driver": "GTiff"})
    with open_raster(file) as slow, open_raster(tmp_path / "a.tif") as fast:
        assert decodes_slowly(slow) and not decodes_slowly(fast)
