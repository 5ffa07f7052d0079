"""Rasters that are no images of measurements, or say something that cannot be met: one sentence with file and cure."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from rasterio.transform import Affine, from_origin

from hqnn.data.pixels.cube import open_cube
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.oscd_files import City, open_city
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import open_raster, write_band, write_bands
from hqnn.data.synthetic.pairs import write_sample
from hqnn.errors import UserError

SIDE = 12
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, 10, 10)}
NUMBERS = np.random.default_rng(0).integers(1, 900, (2, SIDE, SIDE)).astype(np.uint16)
LABEL = np.repeat(np.array([1, 2], dtype=np.uint8), SIDE * SIDE // 2).reshape(SIDE, SIDE)


def points(path: Path, bands: int = 2) -> None:
    corners = [(0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)]
    gcps = [GroundControlPoint(row, column, 10 + column / 100, 50 - row / 100) for row, column in corners]
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, dtype="uint16", height=SIDE, width=SIDE, gcps=gcps, crs="EPSG:4326"
    ) as file:
        file.write(NUMBERS[:bands])


def sensor(path: Path) -> None:
    write_bands(path, NUMBERS, {"driver": "GTiff"})
    ones = [1.0] + [0.0] * 19
    with rasterio.open(path, "r+") as file:
        file.rpcs = RPC(0, 1, 50, 1, ones, ones, 6, 6, 10, 1, ones, ones, 6, 6, 0, 0)


def scaled_away(path: Path) -> None:
    with rasterio.open(path, "r+") as file:
        file.scales = (0.0, 1.0)


def folder_of_that_name(path: Path) -> None:
    path.unlink()
    path.mkdir()


def broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("gone.tif")


def written(values: NDArray[Any], **options: Any) -> Callable[[Path], None]:
    return lambda path: write_bands(path, values, UTM | options)


def with_palette(path: Path) -> None:
    write_bands(path, NUMBERS[:1].astype(np.uint8), UTM)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (0, 0, 0, 255), 1: (255, 0, 0, 255)})


OF_ANY_RASTER: list[tuple[Callable[[Path], None], str]] = [
    (points, r"a\.tif is placed by 4 ground control points, not by a grid; warp it onto one first, such as with"),
    (sensor, r"a\.tif is placed by a sensor's model \(RPC\)"),
    (scaled_away, r"a\.tif says that the numbers of band 1 are scaled by 0 and moved by 0, .* correct or remove"),
    (written(NUMBERS.astype(np.complex64)), r"a\.tif holds complex numbers"),
    (lambda path: path.write_bytes(b""), r"a\.tif cannot be opened as an image: it is empty \(0 bytes\)"),
    (lambda path: path.write_bytes(path.read_bytes()[:300]), r"a\.tif cannot be (opened|read)"),
]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "scene"
    write_bands(folder / "a.tif", NUMBERS, UTM)
    write_band(folder / "label.tif", LABEL, UTM)
    (folder / "scenes.csv").write_text("scene,date,file,label,split\none,,a.tif,label.tif,train")
    return folder


def prepare_scene(folder: Path) -> None:
    prepare_pixels(open_scenes(folder), folder / "samples.h5", components=2, stride=1)


def prepare_cube(folder: Path) -> None:
    collection = open_cube(folder, cube="a.tif", truth="label.tif")
    prepare_pixels(collection, folder / "samples.h5", components=2, stride=1, layout="joint")


@pytest.mark.parametrize("prepare", [prepare_scene, prepare_cube])
@pytest.mark.parametrize(("damage", "message"), OF_ANY_RASTER)
def test_a_raster_of_a_scene_or_cube_that_cannot_be_used_is_named(
    scene: Path, prepare: Callable[[Path], None], damage: Callable[[Path], None], message: str
) -> None:
    damage(scene / "a.tif")
    with pytest.raises(UserError, match=message) as error:
        prepare(scene)
    assert "\n" not in str(error.value)
    assert not list(scene.glob("*.h5"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (with_palette, r"a\.tif has a palette"),
        (folder_of_that_name, r"names the file a\.tif in line 2, which is a folder"),
        (broken_link, r"names the file a\.tif in line 2, which is a link to gone\.tif, which is missing"),
    ],
)
def test_a_file_of_a_table_that_is_no_image_is_named(scene: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(scene / "a.tif")
    with pytest.raises(UserError, match=message):
        prepare_scene(scene)


AWAY = {"transform": UTM["transform"] @ Affine.translation(1, 0)}
WITHOUT = {"crs": None, "transform": Affine.identity()}


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (LABEL, AWAY, r"label\.tif lies on another grid than its scene; .* 'gdalwarp -r near'"),
        (LABEL[:, ::2], {}, r"label\.tif has 12 x 6 pixels but its scene has 12 x 12"),
        (LABEL + 0.25, {}, r"label\.tif holds 1\.25; the classes of a label are whole numbers"),
        (LABEL.astype(np.complex64), {}, r"label\.tif holds complex numbers"),
        (LABEL, {"nodata": 2}, r"have one class, 1; .* take it out of the values that mean that there is no label"),
        ((LABEL == 1).astype(np.uint8) * 255, {}, r"have one class, 255; .*set scenes\.unlabelled to \[\]"),
    ],
)
def test_a_label_that_does_not_fit_is_refused_with_the_cure(
    scene: Path, values: NDArray[Any], options: dict[str, Any], message: str
) -> None:
    write_band(scene / "label.tif", values, UTM | options)
    with pytest.raises(UserError, match=message):
        prepare_scene(scene)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (WITHOUT, "label.tif is laid on its scene pixel by pixel, since it has no georeference"),
        ({"crs": None}, "label.tif: it has no coordinate reference system, and that of the other is taken for both"),
    ],
)
def test_what_is_assumed_of_a_label_is_said_once(
    scene: Path, options: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_band(scene / "label.tif", LABEL, UTM | options)
    prepare_scene(scene)
    assert caplog.text.count(said) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_whole_numbers_of_any_type_are_classes(scene: Path, dtype: str) -> None:
    write_band(scene / "label.tif", LABEL.astype(dtype), UTM)
    assert open_scenes(scene).classes == open_cube(scene, cube="a.tif", truth="label.tif").classes == ("1", "2")


def test_units_that_differ_between_rasters_of_a_band_are_said(scene: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_bands(scene / "b.tif", NUMBERS, UTM)
    for name, unit in (("a", "reflectance"), ("b", "DN")):
        with rasterio.open(scene / f"{name}.tif", "r+") as file:
            file.units = (unit, "")
    (scene / "scenes.csv").write_text("scene,date,file,label,split\none,1,a.tif,label.tif,train\none,2,b.tif,,")
    open_scenes(scene)
    assert "band B1 has several units ('reflectance' in" in caplog.text


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raster_faults") / "sample"
    write_sample(folder, seed=5, train=1, test=1, side=60)
    return folder


def rewrite(path: Path, change: Callable[[NDArray[Any]], NDArray[Any]], **options: Any) -> None:
    with open_raster(path) as file:
        kept = {"driver": "GTiff", "crs": file.crs, "transform": file.transform} | options
        values = change(file.read())
    write_bands(path, values, kept)


def b04(city: City) -> Path:
    return city.dates[0]["B04"]


def three_bands(city: City) -> None:
    rewrite(b04(city), lambda values: np.concatenate([values, 2 * values, 3 * values]))


def folder_of_b04(city: City) -> None:
    folder_of_that_name(b04(city))


def link_of_b04(city: City) -> None:
    broken_link(b04(city))


def other_crs(city: City) -> None:
    rewrite(b04(city), lambda values: values, crs="EPSG:4258")


def points_of_b04(city: City) -> None:
    points(b04(city), bands=1)


def no_bands(city: City) -> None:
    for path in city.dates[0].values():
        path.rename(path.with_suffix(".png"))


def label_away(city: City) -> None:
    with open_raster(b04(city)) as file:
        place = {"crs": file.crs, "transform": file.transform @ Affine.translation(3, 0)}
    rewrite(city.label, lambda values: values, **place)


def label_of_shares(city: City) -> None:
    rewrite(city.label, lambda values: values.astype(np.float32) - 0.5)


def coloured_png(city: City) -> None:
    city.label.unlink()
    values = np.stack([np.eye(60), np.zeros((60, 60)), np.eye(60)]).astype(np.uint8) * 255
    write_bands(city.label.with_name("cm.png"), values, {"driver": "PNG"})


def cut_jp2(city: City) -> None:
    with rasterio.open(b04(city)) as file:
        place = {"crs": file.crs, "transform": file.transform, "height": file.height, "width": file.width}
    path = b04(city).with_suffix(".jp2")
    noise = np.random.default_rng(0).integers(0, 9000, (place["height"], place["width"])).astype(np.uint16)
    with rasterio.open(path, "w", driver="JP2OpenJPEG", count=1, dtype="uint16", QUALITY=100, **place) as file:
        file.write(noise, 1)
    path.write_bytes(path.read_bytes()[:-4000])
    b04(city).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (three_bands, r"_B04\.tif has 3 bands; only band B04 is expected in it"),
        (folder_of_b04, r"_B04\.tif cannot be opened as an image: it is a folder"),
        (link_of_b04, r"_B04\.tif cannot be opened: it is a link to gone\.tif, which is missing"),
        (other_crs, r"_B04\.tif lies at \(.*\); the bands of one date cover one area"),
        (points_of_b04, r"_B04\.tif is placed by 4 ground control points"),
        (no_bands, r"imgs_1 has no file of a band \(such as \*_B02\.tif\) but 13 others, such as \S+\.png; add them"),
        (label_away, r"-cm\.tif lies on another grid than its scene"),
        (label_of_shares, r"-cm\.tif holds the value 1\.5; a change map holds"),
        (coloured_png, r"cm\.png is in colours"),
        (cut_jp2, r"_B04\.jp2 cannot be (opened|read)"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_of_a_pair_that_cannot_be_used_is_named(
    sample: Path, tmp_path: Path, damage: Callable[[City], None], message: str
) -> None:
    folder = shutil.copytree(sample, tmp_path / "data")
    damage(open_city(folder, "birch"))
    with pytest.raises(UserError, match=message) as error:
        prepare_pixels(open_oscd(folder), tmp_path / "samples.h5", bands="below20m")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "samples.h5").exists()
