"""Windows that several threads read: in their order, each raster by one thread at a time, and no error is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin

from hqnn.data.pixels.plausibility import KEPT, thinned_dates
from hqnn.data.pixels.read_ahead import read_ahead
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import Scene, Window, by_block, windows_of
from hqnn.data.pixels.scenes import SceneCollection, open_scenes
from hqnn.data.pixels.tiffs import write_band
from hqnn.errors import UserError

OPTIONS = {"crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, 10, 10)}
LOSSLESS = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES", "BLOCKXSIZE": 256, "BLOCKYSIZE": 256}
SIDE = 1100


class Opened:
    """A scene that says when two threads read it at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def read(self, number: int) -> int:
        assert self._lock.acquire(blocking=False)
        time.sleep(0.0002 * (number % 3))
        self._lock.release()
        return number


def read(scene: Scene, window: Window) -> int:
    if window[0].start < 0:
        raise UserError("cut off")
    return cast(Opened, scene).read(window[0].start)


def numbered(sizes: list[int]) -> list[list[Window]]:
    numbers = iter(range(sum(sizes)))
    return [[(range(next(numbers), 0), range(0)) for _ in range(size)] for size in sizes]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(1, 4), max_size=12))
def test_windows_come_in_their_order_whatever_thread_reads_them(threads: int, sizes: list[int]) -> None:
    scenes = cast(list[Scene], [Opened() for _ in range(threads)])
    assert list(read_ahead(scenes, read, numbered(sizes))) == list(range(sum(sizes)))


def test_no_more_is_read_ahead_than_there_are_threads() -> None:
    given_out = []

    def blocks() -> Iterator[list[Window]]:
        for block in numbered([1] * 20):
            given_out.append(block)
            yield block

    scenes = cast(list[Scene], [Opened(), Opened()])
    for count, _ in enumerate(read_ahead(scenes, read, blocks()), start=1):
        assert len(given_out) <= count + len(scenes)


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_than_the_given_threads_read_and_compute_at_a_time(threads: int) -> None:
    lock, at_work, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.003)
        with lock:
            at_work -= 1

    scenes = cast(list[Scene], [Opened() for _ in range(threads)])
    for _ in read_ahead(scenes, lambda scene, window: work(), numbered([2] * 12)):
        work()
    assert 1 <= most <= threads


def test_an_error_comes_in_the_place_of_its_window_and_ends_the_reading() -> None:
    blocks = [*numbered([2]), [(range(-1, 0), range(0))], *numbered([5])]
    iterator = read_ahead(cast(list[Scene], [Opened(), Opened()]), read, blocks)
    assert [next(iterator), next(iterator)] == [0, 1]
    with pytest.raises(UserError, match="cut off"):
        next(iterator)


def jpeg2000(folder: Path) -> Path:
    values = np.random.default_rng(0).integers(1, 9000, (SIDE, SIDE)).astype(np.uint16)
    write_band(folder / "a.jp2", values, OPTIONS | LOSSLESS)
    (folder / "scenes.csv").write_text("scene,date,file,label,split\none,,a.jp2,,\n")
    return folder / "a.jp2"


def read_by_two(collection: SceneCollection) -> list[NDArray[Any]]:
    with ExitStack() as stack:
        scenes = [stack.enter_context(collection.open("one")) for _ in range(2)]
        blocks = by_block(windows_of(scenes[0]))
        return list(read_ahead(scenes, lambda scene, window: scene.read(*window)[0], blocks))


def test_a_jpeg_2000_that_is_cut_off_is_a_sentence_in_every_thread(tmp_path: Path) -> None:
    path = jpeg2000(tmp_path)
    assert sum(found.size for found in read_by_two(open_scenes(tmp_path))) == SIDE**2
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(UserError, match=r"a\.jp2 cannot be read"):
        read_by_two(open_scenes(tmp_path))


def test_what_is_kept_of_a_window_does_not_hold_the_whole_of_it_in_memory(tmp_path: Path) -> None:
    jpeg2000(tmp_path)
    with open_scenes(tmp_path).open("one") as scene:
        thinned = thinned_dates(next(Sampling(scene.bands, "joint").read(scene)))
    assert 0 < len(thinned) <= KEPT
    assert thinned.base is None or thinned.base.size == thinned.size
