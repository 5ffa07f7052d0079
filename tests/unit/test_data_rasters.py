"""Maps of a city: every pixel, on the source's grid, cloud-optimised."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from hqnn.data.pixels import scene
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.oscd import CLASSES, open_oscd
from hqnn.data.pixels.oscd_files import open_city
from hqnn.data.pixels.pictures import false_colour, stretched, truth
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.rasters import Predict, map_legend, map_numbers, map_scene
from hqnn.data.pixels.scene import Listed
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.data.synthetic.pairs import write_sample
from hqnn.errors import UserError
from hqnn.report.pixels.scene_maps import Unfinished
from hqnn.store import read_table

SHAPE, BAD = (10, 14), (3, 4)
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, 10, 10)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rasters") / "sample"
    write_sample(folder, seed=4, train=1, test=1, side=70)
    return folder


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "WINDOW_ROWS", 32)
    monkeypatch.setattr(scene, "WINDOW_COLUMNS", 50)


def map_birch(
    sample: Path, samples: Path, predict: Predict, output: Path, pieces: Path | None = None, threads: int = 1
) -> NDArray[np.float32]:
    collection = open_oscd(sample)
    with ExitStack() as stack:
        birch, *others = [stack.enter_context(collection.open("birch")) for _ in range(threads)]
        read = read_transform(samples, "birch")
        return map_scene(birch, *read, predict, output, CLASSES, pieces=pieces, step=3, others=others)


class Drawn:
    """Probabilities that depend on how often it was called, as those of a sampled path do; it ends at some call."""

    def __init__(self, ends_at: int = 1000) -> None:
        self.number, self.calls, self.ends_at = 0, 0, ends_at

    def __call__(self, features: NDArray[np.float32]) -> NDArray[Any]:
        self.number, self.calls = self.number + 1, self.calls + 1
        if self.number == self.ends_at:
            raise KeyboardInterrupt
        return probability(features) ** self.number

    def pass_over(self, calls: Iterable[int]) -> None:
        self.number += len(list(calls))


def test_a_map_that_was_killed_goes_on_at_the_next_window(sample: Path, tmp_path: Path) -> None:
    prepare_pixels(open_oscd(sample), tmp_path / "samples.h5", stride=1)
    colours = map_birch(sample, tmp_path / "samples.h5", Drawn(), tmp_path / "whole.tif")
    pieces, again = tmp_path / "pieces", Drawn()
    with pytest.raises(KeyboardInterrupt):
        map_birch(sample, tmp_path / "samples.h5", Drawn(ends_at=4), tmp_path / "birch.tif", pieces)
    assert len(list(pieces.glob("*.tif"))) == 3 and not (tmp_path / "birch.tif").exists()
    shown = map_birch(sample, tmp_path / "samples.h5", again, tmp_path / "birch.tif", pieces)
    np.testing.assert_array_equal(shown, colours)
    assert again.calls == again.number - 3 > 0
    assert (tmp_path / "birch.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert not pieces.exists()


def test_a_map_has_the_same_bytes_however_many_threads_read_it(sample: Path, tmp_path: Path) -> None:
    prepare_pixels(open_oscd(sample), tmp_path / "samples.h5", stride=1)
    runs = [
        (map_birch(sample, tmp_path / "samples.h5", Drawn(), tmp_path / f"{threads}.tif", threads=threads), threads)
        for threads in (1, 3)
    ]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "3.tif").read_bytes()
    with open_oscd(sample).open("birch") as birch:
        for date, shown in enumerate(runs[0][0]):
            np.testing.assert_array_equal(stretched(shown), false_colour(birch, date, step=3))


def test_windows_of_another_model_other_files_or_code_are_not_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raster, samples = tmp_path / "a.tif", tmp_path / "samples.h5"
    raster.write_bytes(b"1")
    samples.write_bytes(b"1")

    def pieces(key: str = "model", code: str = "this") -> Path:
        return Unfinished(tmp_path / "maps", samples, key, code).pieces(Listed("a", "test", (raster,)))

    first = pieces()
    assert pieces() == first
    others = [pieces("other"), pieces(code="other")]
    with monkeypatch.context() as patched:
        patched.setattr("hqnn.store.versions", lambda: {"torch": "0.1"})
        others.append(pieces())
    raster.write_bytes(b"12")
    others.append(pieces())
    samples.write_bytes(b"2")
    others.append(pieces())
    assert len({first, *others}) == 6


def probability(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return 1 / (1 + np.exp(-features.sum(axis=1)))


def test_a_map_agrees_with_the_samples_and_keeps_the_grid(sample: Path, tmp_path: Path) -> None:
    city = open_city(sample, "birch")
    with rasterio.open(city.dates[0]["B03"]) as file:
        values, options = file.read(1).astype(np.float32), {"crs": file.crs, "transform": file.transform}
    original = city.dates[0]["B03"].read_bytes()
    values[20, 30] = np.nan
    write_band(city.dates[0]["B03"], values, options | {"driver": "GTiff"})
    try:
        summary = prepare_pixels(open_oscd(sample), tmp_path / "samples.h5", stride=1)
        map_birch(sample, tmp_path / "samples.h5", probability, tmp_path / "maps" / "birch.tif")
    finally:
        city.dates[0]["B03"].write_bytes(original)
    table, _ = read_table(tmp_path / "samples.h5")
    assert [found.masked for found in summary.scenes] == [0, 1]
    with rasterio.open(tmp_path / "maps" / "birch.tif") as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.descriptions == ("probability", "class")
        assert (file.crs, file.transform, np.isnan(file.nodata)) == (options["crs"], options["transform"], True)
        found, predicted = file.read()
    expected = np.full((70, 70), np.nan)
    own = table["scene"] == 1
    expected[table["row"][own], table["column"][own]] = probability(table["features"][own])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.argwhere(np.isnan(found)).tolist() == [[20, 30]]
    np.testing.assert_array_equal(predicted[~np.isnan(found)], found[~np.isnan(found)] >= 0.5)
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["birch.tif"]


def test_a_failed_prediction_leaves_nothing(sample: Path, tmp_path: Path) -> None:
    prepare_pixels(open_oscd(sample), tmp_path / "samples.h5")

    def broken(features: NDArray[np.float32]) -> NDArray[np.float32]:
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        map_birch(sample, tmp_path / "samples.h5", broken, tmp_path / "maps" / "birch.tif")
    assert list((tmp_path / "maps").iterdir()) == []


@pytest.mark.parametrize("step", [2, 3, 45])
def test_thinned_pictures_are_every_so_manieth_pixel(sample: Path, step: int) -> None:
    with open_oscd(sample).open("birch") as birch:
        np.testing.assert_array_equal(truth(birch, step=step), truth(birch)[::step, ::step])
        assert false_colour(birch, 1, step=step).shape == (*truth(birch, step=step).shape, 3)


def test_false_colour_uses_the_whole_range_and_shows_vegetation_red(sample: Path) -> None:
    with open_oscd(sample).open("birch") as birch:
        image = false_colour(birch, 0)
    assert image.dtype == np.uint8
    assert (image.min(), image.max()) == (0, 255)
    with rasterio.open(open_city(sample, "birch").dates[0]["B08"]) as file:
        infrared = file.read(1)
    assert image[..., 0][infrared >= np.percentile(infrared, 99)].min() == 255


@pytest.mark.parametrize(
    ("values", "numbers"),
    [((300, 11), (300, 11)), ((), (0, 1)), ((-1, 5), (0, 1)), ((0, 70_000), (0, 1)), ((0, 255), (0, 255))],
)
def test_a_map_holds_the_numbers_of_the_labels_where_16_bits_do(
    tmp_path: Path, values: tuple[int, ...], numbers: tuple[int, ...]
) -> None:
    numbers_of_a = np.random.default_rng(0).integers(1, 900, (3, *SHAPE)).astype(np.uint16)
    numbers_of_a[1][BAD] = 0
    write_bands(tmp_path / "a.tif", numbers_of_a, UTM | {"nodata": 0})
    write_band(tmp_path / "label.tif", (1 + np.arange(140).reshape(SHAPE) % 2).astype(np.uint8), UTM)
    (tmp_path / "scenes.csv").write_text("scene,date,file,label,split\none,,a.tif,label.tif,train")
    collection = open_scenes(tmp_path)
    prepare_pixels(collection, tmp_path / "samples.h5", components=2, stride=1)
    about: dict[str, Any] = {"classes": ["a", "ü"], "class_values": list(values)}
    with collection.open("one") as scene:
        map_scene(
            scene,
            *read_transform(tmp_path / "samples.h5", "one"),
            lambda features: (features[:, 0] > 0).astype(float),
            tmp_path / "m.tif",
            about["classes"],
            numbers=map_numbers(about),
        )
    with closing(rasterio.open(tmp_path / "m.tif")) as file:
        assert list(map_legend(file).items()) == list(zip(numbers, ("a", "ü"), strict=True))
        probability, found = file.read()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(probability))
    assert np.argwhere(np.isnan(found)).tolist() == [list(BAD)]
    known = ~np.isnan(found)
    np.testing.assert_array_equal(found[known], np.where(probability[known] > 0.5, numbers[1], numbers[0]))
