"""Whatever a raster says of its numbers is heard, in every layout: the right values, and a word on what is assumed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin

from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.cube import open_cube
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.oscd_files import City, open_city
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.scene import UNLABELLED, Collection, Scene
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import open_raster, write_band, write_bands
from hqnn.data.synthetic.pairs import write_sample
from hqnn.errors import UserError
from hqnn.store import read_table

SHAPE = (10, 14)
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, 10, 10)}
BAD = (3, 4)
NUMBERS = np.random.default_rng(0).integers(100, 9000, (3, *SHAPE)).astype(np.uint16)

Write = Callable[[Path], None]


def whole(scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return scene.read(*map(range, scene.shape))


def spoiled(value: float, band: int = 1, dtype: str = "uint16") -> NDArray[Any]:
    values = NUMBERS.astype(dtype)
    values[band][BAD] = value
    return values


def with_nodata(value: float, dtype: str = "uint16") -> Write:
    return lambda path: write_bands(path, spoiled(value, dtype=dtype), UTM | {"nodata": value})


def with_mask(path: Path, *, internal: bool) -> None:
    write_bands(path, NUMBERS, UTM)
    mask = np.full(SHAPE, 255, dtype=np.uint8)
    mask[BAD] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as file:
        file.write_mask(mask)
    assert Path(f"{path}.msk").exists() != internal


def with_alpha(path: Path, nodata: float | None = None) -> None:
    alpha = np.full(SHAPE, 65535, dtype=np.uint16)
    alpha[BAD] = 0
    options = UTM | {"photometric": "rgb", "alpha": "yes", "nodata": nodata}
    write_bands(path, np.concatenate([NUMBERS, alpha[None]]), options)


def with_nodata_of_each_band(path: Path) -> None:
    """A virtual raster: band 2 has nodata 7, and 9 is nodata of band 3 alone."""
    values = spoiled(7)
    values[0, 0, 0], values[1, 0, 1] = 7, 9
    write_bands(path.with_suffix(".of.tif"), values, UTM)
    rows, columns = SHAPE
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{band}"><NoDataValue>{nodata}</NoDataValue><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{path.with_suffix(".of.tif").name}</SourceFilename>'
        f"<SourceBand>{band}</SourceBand></SimpleSource></VRTRasterBand>"
        for band, nodata in ((1, 1), (2, 7), (3, 9))
    )
    path.write_text(
        f'<VRTDataset rasterXSize="{columns}" rasterYSize="{rows}"><SRS>EPSG:32632</SRS>'
        f"<GeoTransform>500000, 10, 0, 5000000, 0, -10</GeoTransform>{bands}</VRTDataset>"
    )


VALIDITY: dict[str, Write] = {
    "nodata 0": with_nodata(0),
    "nodata 65535": with_nodata(65535),
    "nodata -9999": with_nodata(-9999, "int16"),
    "nodata NaN": with_nodata(np.nan, "float32"),
    "untagged NaN": lambda path: write_bands(path, spoiled(np.nan, dtype="float32"), UTM),
    "infinity": lambda path: write_bands(path, spoiled(-np.inf, dtype="float32"), UTM),
    "beyond float32": lambda path: write_bands(path, spoiled(1e300, dtype="float64"), UTM),
    "a rounded decimal": with_nodata(float(np.float32(-3.4028e38)), "float32"),
    "of each band": with_nodata_of_each_band,
    "internal mask": lambda path: with_mask(path, internal=True),
    "mask beside it": lambda path: with_mask(path, internal=False),
    "alpha": with_alpha,
    "alpha besides nodata": lambda path: with_alpha(path, 1),
}


def as_scene(folder: Path) -> Collection:
    (folder / "scenes.csv").write_text("scene,date,file,label,split\none,,a.tif,,")
    return open_scenes(folder)


def as_cube(folder: Path) -> Collection:
    return open_cube(folder, cube="a.tif")


@pytest.mark.parametrize("layout", [as_scene, as_cube], ids=["scenes", "cube"])
@pytest.mark.parametrize("write", VALIDITY.values(), ids=VALIDITY)
def test_every_way_to_say_that_a_pixel_is_not_valid_is_heard(
    tmp_path: Path, write: Write, layout: Callable[[Path], Collection]
) -> None:
    write(tmp_path / "a.tif")
    collection = layout(tmp_path)
    with collection.open(collection.scenes[0].name) as scene:
        raw, valid = whole(scene)
    assert np.argwhere(~valid).tolist() == [list(BAD)]
    masks = set(tmp_path.glob("a.tif.*"))
    assert masks <= set(collection.scenes[0].files)  # so that a change of them is noticed
    assert (len(collection.bands), raw.dtype) == (3, np.float32)
    valid[0, :2] = False  # where one form writes numbers of its own
    np.testing.assert_array_equal(raw[0][:, valid], NUMBERS[:, valid])
    assert np.isnan(raw[0][:, *BAD]).all()


@pytest.mark.parametrize("layout", [as_scene, as_cube], ids=["scenes", "cube"])
def test_scales_and_offsets_are_applied_and_said(
    tmp_path: Path, layout: Callable[[Path], Collection], caplog: pytest.LogCaptureFixture
) -> None:
    write_bands(tmp_path / "a.tif", NUMBERS, UTM)
    scales, offsets = np.array([0.0001, 1, 2]), np.array([-0.1, 0, 5])
    with rasterio.open(tmp_path / "a.tif", "r+") as file:
        file.scales, file.offsets = scales, offsets
    collection = layout(tmp_path)
    with collection.open(collection.scenes[0].name) as scene:
        raw, _ = whole(scene)
        np.testing.assert_allclose(scene.placeholders[0, 0], offsets, rtol=1e-6)
    np.testing.assert_allclose(np.moveaxis(raw[0], 0, 2), np.moveaxis(NUMBERS, 0, 2) * scales + offsets, rtol=1e-6)
    assert len(collection.about()["scaled"]) == 2
    assert caplog.text.count("applied") == 1


def test_one_bit_and_signed_numbers_are_numbers(tmp_path: Path) -> None:
    write_bands(tmp_path / "bit.tif", (NUMBERS[:1] % 2).astype(np.uint8), UTM | {"nbits": 1})
    write_bands(tmp_path / "a.tif", NUMBERS.astype(np.int16) - 5000, UTM)
    (tmp_path / "scenes.csv").write_text("scene,date,file,label,split,band\none,,bit.tif,,,bit\none,,a.tif,,,")
    with open_scenes(tmp_path).open("one") as scene:
        raw, valid = whole(scene)
    assert valid.all()
    np.testing.assert_array_equal(raw[0], [NUMBERS[0] % 2, *(NUMBERS.astype(int) - 5000)])


def test_a_raster_of_points_lies_half_a_pixel_back(tmp_path: Path) -> None:
    """GeoTIFF 1.1, 7.2.1: of PixelIsPoint the tie point is the centre of the first pixel; both kinds agree on it."""
    write_band(tmp_path / "area.tif", NUMBERS[0], UTM)
    with rasterio.open(tmp_path / "point.tif", "w", count=1, dtype="uint16", height=10, width=14, **UTM) as file:
        file.update_tags(AREA_OR_POINT="Point")
        file.write(NUMBERS[0], 1)
    with rasterio.Env(GTIFF_POINT_GEO_IGNORE=True), rasterio.open(tmp_path / "point.tif") as file:
        assert (file.transform.c, file.transform.f) == (500_005, 4_999_995)  # as the file has it
    (tmp_path / "scenes.csv").write_text("scene,date,file,label,split,band\none,,area.tif,,,a\none,,point.tif,,,p")
    with open_scenes(tmp_path).open("one") as scene:
        raw, valid = whole(scene)
    assert valid.all()
    np.testing.assert_array_equal(raw[0, 0], raw[0, 1])


@pytest.mark.parametrize("turned", ["south up", "west first"])
def test_rows_and_columns_may_run_either_way(tmp_path: Path, turned: str) -> None:
    write_band(tmp_path / "a.tif", NUMBERS[0], UTM)
    rows, columns = SHAPE
    mirrored = {
        "south up": (NUMBERS[0, ::-1], Affine(10, 0, 500_000, 0, 10, 5_000_000 - 10 * rows)),
        "west first": (NUMBERS[0, :, ::-1], Affine(-10, 0, 500_000 + 10 * columns, 0, -10, 5_000_000)),
    }
    values, transform = mirrored[turned]
    write_band(tmp_path / "b.tif", np.ascontiguousarray(values), UTM | {"transform": transform})
    (tmp_path / "scenes.csv").write_text("scene,date,file,label,split,band\none,,a.tif,,,a\none,,b.tif,,,b")
    with open_scenes(tmp_path).open("one") as scene:
        raw, valid = whole(scene)
    assert valid.all()
    np.testing.assert_array_equal(raw[0, 0], raw[0, 1])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meaning") / "sample"
    write_sample(folder, seed=1, train=1, test=1, side=64)
    return folder


@pytest.fixture
def copy(sample: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sample, tmp_path / "data")


def pair(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    with open_oscd(folder).open("birch") as scene:
        return whole(scene)


def every_file(city: City, date: int) -> list[Path]:
    return list(city.dates[date].values())


def rewrite(path: Path, change: Callable[[NDArray[Any]], NDArray[Any]], to: Path | None = None, **options: Any) -> None:
    with open_raster(path) as file:
        kept = {"driver": "GTiff", "crs": file.crs, "transform": file.transform, "nodata": file.nodata} | options
        values = change(file.read())
    write_bands(to or path, values, kept)


def as_jp2(path: Path, to: Path) -> None:
    with rasterio.open(path) as file:
        values = file.read(1)
        place = {"crs": file.crs, "transform": file.transform, "height": file.height, "width": file.width}
    lossless = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES"}
    with rasterio.open(to, "w", count=1, dtype="uint16", **place, **lossless) as file:
        file.write(values, 1)
    path.unlink()


def test_files_tagged_as_reflectance_are_read_in_the_unit_of_those_that_are_not(
    sample: Path, copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Processing baseline 04.00: numbers of date 2 are 1000 higher, and the files say so."""
    for city in ("alder", "birch"):
        for path in every_file(open_city(copy, city), 1):
            rewrite(path, lambda values: values + np.uint16(1000))
    prepare_pixels(open_oscd(copy), copy / "untagged.h5", bands="below20m")
    assert "birch: the numbers of date 2 are about 1000 above those of date 1" in caplog.text
    caplog.clear()
    for city in ("alder", "birch"):
        for path in every_file(open_city(copy, city), 1):
            with rasterio.open(path, "r+") as file:
                file.scales, file.offsets = (0.0001,), (-0.1,)
    prepare_pixels(open_oscd(copy), copy / "tagged.h5", layout="residual", bands="all")
    assert caplog.text.count("13 of 13 bands of date 2 have a scale or an offset, which is applied") == 2  # a city each
    assert "the numbers of date 2 are" not in caplog.text
    prepare_pixels(open_oscd(sample), copy / "plain.h5", layout="residual", bands="all")
    tagged, plain = (read_table(copy / f"{name}.h5")[0] for name in ("tagged", "plain"))
    for name in ("features", "change_vector_length"):
        np.testing.assert_allclose(tagged[name], plain[name], rtol=1e-4, atol=1e-4)


def test_half_a_date_outside_an_internal_mask_is_left_out_and_counted(
    copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        for path in every_file(open_city(copy, "alder"), 0):
            with rasterio.open(path, "r+") as file:
                mask = np.full(file.shape, 255, dtype=np.uint8)
                mask[: file.height // 2] = 0
                file.write_mask(mask)
    summary = prepare_pixels(open_oscd(copy), copy / "samples.h5", stride=1)
    alder = summary.scenes[0]
    assert 0.5 <= alder.masked / 64**2 < 0.56  # and the rows that are interpolated from it
    assert f"alder: {alder.masked} pixels are masked" in caplog.text
    table, _ = read_table(copy / "samples.h5")
    assert table["row"][table["scene"] == 0].min() >= 32


@pytest.mark.parametrize(
    "names", ["{0}_10m.tif", "{0}.TIF", "{0}.tiff", "{0}_10m.jp2"], ids=["level 2A", "TIF", "tiff", "jp2"]
)
def test_names_and_formats_of_products_are_those_of_bands(sample: Path, copy: Path, names: str) -> None:
    city = open_city(copy, "birch")
    for path in (*every_file(city, 0), *every_file(city, 1)):
        to = path.with_name(names.format(path.stem))
        if to.suffix == ".jp2":
            as_jp2(path, to)
        else:
            path.rename(to)
    label = city.label
    label.rename(label.with_suffix(".TIF"))
    for found, expected in zip(pair(copy), pair(sample), strict=True):
        np.testing.assert_array_equal(found, expected)
    with open_oscd(copy).open("birch") as ours, open_oscd(sample).open("birch") as theirs:
        np.testing.assert_array_equal(ours.labels(range(64), range(64)), theirs.labels(range(64), range(64)))


def test_of_several_resolutions_of_a_band_the_finest_is_taken(sample: Path, copy: Path) -> None:
    for path in every_file(open_city(copy, "birch"), 0):
        if path.stem.endswith("B04"):
            rewrite(path, lambda values: values[:, ::6, ::6] * 0, path.with_name(f"{path.stem}_60m.tif"))
            path.rename(path.with_name(f"{path.stem}_10m.tif"))
    np.testing.assert_array_equal(pair(copy)[0], pair(sample)[0])


def test_levels_that_differ_between_dates_are_said(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    for path in every_file(open_city(copy, "birch"), 1):
        path.rename(path.with_name(f"{path.stem}_10m.tif"))
    pair(copy)
    assert "the files of date 2 are named as level L2A" in caplog.text


def test_only_bands_that_are_chosen_must_be_there(
    sample: Path, copy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for city in ("alder", "birch"):
        for date in (0, 1):
            open_city(copy, city).dates[date]["B10"].unlink()
    collection = open_oscd(copy)
    assert collection.bands == tuple(band for band in BANDS if band != "B10")
    assert "left out" not in caplog.text  # no product of level L2A has it
    for name, folder in (("with", sample), ("without", copy)):
        prepare_pixels(open_oscd(folder), tmp_path / f"{name}.h5", bands="below20m")
    ours, theirs = (read_table(tmp_path / f"{name}.h5")[0] for name in ("without", "with"))
    np.testing.assert_array_equal(ours["features"], theirs["features"])
    with pytest.raises(UserError, match=r"but the scenes of \S+ have no band B10 \(see \S+imgs_1\)"):
        prepare_pixels(collection, tmp_path / "r.h5", layout="residual", bands="all")
    open_city(copy, "birch").dates[0]["B02"].unlink()
    assert "bands B02, B10 are left out of all cities" not in caplog.text
    with open_oscd(copy).open("birch") as scene:  # on the grid of B03
        assert scene.shape == (64, 64)
    assert "are left out of all cities" in caplog.text


@pytest.mark.parametrize("codes", [(0, 1), (0, 255)])
def test_change_maps_of_other_makers_are_read_and_said(
    sample: Path, copy: Path, codes: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    label = open_city(copy, "birch").label
    rewrite(label, lambda values: np.where(values == 2, codes[1], codes[0]).astype(np.uint8))
    area = range(64), range(64)
    with open_oscd(copy).open("birch") as ours, open_oscd(sample).open("birch") as theirs:
        np.testing.assert_array_equal(ours.labels(*area), theirs.labels(*area))
    assert caplog.text.count(f"holds {codes[0]} where nothing changed and {codes[1]} where something did") == 1


def test_nodata_of_a_change_map_is_no_label(copy: Path) -> None:
    def hidden(values: NDArray[Any]) -> NDArray[Any]:
        values[0, :5] = 9
        return values

    rewrite(open_city(copy, "birch").label, hidden, nodata=9)
    with open_oscd(copy).open("birch") as scene:
        labels = scene.labels(range(64), range(64))
    assert (labels[:5] == UNLABELLED).all()
    assert (labels[5:] < 2).all()
