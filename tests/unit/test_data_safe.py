"""Sentinel-2 products: one reflectance whatever the baseline, clouds masked, and a sentence for every bad product."""

from __future__ import annotations

import functools
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from hqnn.data.pixels.safe import open_products
from hqnn.data.pixels.scene import UNLABELLED, Collection
from hqnn.data.pixels.sentinel2 import BANDS, NATIVE_M
from hqnn.errors import UserError

SIDE_M = 720  # 72 pixels of 10 m, 36 of 20 m, 12 of 60 m
CORNER = (499980, 5900040)
OFFSET = -1000


@functools.cache
def dn(band: str, pixel_m: int) -> NDArray[np.uint16]:
    """Digital numbers without offset, of which the first pixel is no data."""
    seed = [BANDS.index(band), pixel_m]
    values = np.random.default_rng(seed).integers(1, 9000, (SIDE_M // pixel_m,) * 2).astype(np.uint16)
    values[0, 0] = 0
    return values


@functools.cache
def scl(pixel_m: int) -> NDArray[np.uint8]:
    values = np.random.default_rng(pixel_m).choice(np.array([0, 3, 4, 5, 6, 9], np.uint8), (SIDE_M // pixel_m,) * 2)
    values[0, 0] = 4
    return values


def write(file: Path, values: NDArray[Any], pixel_m: int, **options: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    bands = values if values.ndim == 3 else values[None]
    lossless = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES"} if file.suffix == ".jp2" else {}
    profile = {"crs": "EPSG:32629", "transform": from_origin(*CORNER, pixel_m, pixel_m)} | lossless | options
    count, height, width = bands.shape
    with rasterio.open(file, "w", count=count, height=height, width=width, dtype=bands.dtype, **profile) as opened:
        opened.write(bands)


def product(
    folder: Path,
    *,
    level: str = "L2A",
    baseline: str = "05.09",
    time: str = "20230601T110621",
    tile: str = "29UNU",
    orbit: int = 23,
    bands: tuple[str, ...] = ("B01", "B02", "B8A"),
    listed: bool | None = None,
    suffix: str = "jp2",
) -> Path:
    """A tiny product; from baseline 04.00 on its digital numbers are 1000 higher, as ESA's are."""
    since = baseline >= "04"
    safe = folder / f"S2A_MSI{level}_{time}_N{baseline.replace('.', '')}_R{orbit:03d}_T{tile}_{time}.SAFE"
    images = safe / f"GRANULE/{level}_T{tile}_A038058_{time}/IMG_DATA"
    for band in bands:
        resolutions = [m for m in (10, 20, 60) if m >= NATIVE_M[band]] if level == "L2A" else [NATIVE_M[band]]
        for m in resolutions:
            values = dn(band, m)
            stored = np.where(values > 0, values + (-OFFSET if since else 0), 0).astype(np.uint16)
            name = f"R{m}m/T{tile}_{time}_{band}_{m}m" if level == "L2A" else f"T{tile}_{time}_{band}"
            write(images / f"{name}.{suffix}", stored, m)
    if level == "L2A":
        for m in (20, 60):
            write(images / f"R{m}m/T{tile}_{time}_SCL_{m}m.{suffix}", scl(m), m)
    (safe / f"MTD_MSI{level}.xml").write_text(
        metadata(level, baseline, time, orbit, since if listed is None else listed)
    )
    return safe


def metadata(level: str, baseline: str, time: str, orbit: int, listed: bool) -> str:
    prefix = {"L1C": "RADIO", "L2A": "BOA"}[level]
    offsets = "".join(f'<{prefix}_ADD_OFFSET band_id="{i}">{OFFSET}</{prefix}_ADD_OFFSET>' for i in range(13))
    quantification = {"L1C": "", "L2A": "BOA_"}[level] + "QUANTIFICATION_VALUE"
    start = f"{time[:4]}-{time[4:6]}-{time[6:11]}:{time[11:13]}:{time[13:]}.024Z"
    return (
        f'<n1:User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/"><n1:General_Info>'
        f"<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE><DATATAKE_SENSING_START>{start}</DATATAKE_SENSING_START>"
        f"<SENSING_ORBIT_NUMBER>{orbit}</SENSING_ORBIT_NUMBER>"
        f'<{quantification} unit="none">10000</{quantification}>'
        f"<AOT_QUANTIFICATION_VALUE>1000</AOT_QUANTIFICATION_VALUE>{offsets if listed else ''}"
        "</n1:General_Info></n1:User_Product>"
    )


def read(collection: Collection, name: str = "") -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    with collection.open(name or collection.scenes[0].name) as scene:
        return scene.read(range(scene.shape[0]), range(scene.shape[1]))


def warped(band: str, pixel_m: int, grid_m: int, how: Resampling) -> NDArray[np.float32]:
    """What GDAL's warper makes of a band."""
    values = np.where(dn(band, pixel_m) > 0, dn(band, pixel_m), np.nan).astype(np.float32)
    target = np.full((SIDE_M // grid_m,) * 2, np.nan, dtype=np.float32)
    transforms = {
        "src_transform": from_origin(*CORNER, pixel_m, pixel_m),
        "dst_transform": from_origin(*CORNER, grid_m, grid_m),
    }
    reproject(values, target, src_crs="EPSG:32629", dst_crs="EPSG:32629", resampling=how, **transforms)
    return target


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_reflectance_is_the_same_in_every_baseline(tmp_path: Path, level: str) -> None:
    read_as = {}
    for baseline, suffix in (("02.14", "jp2"), ("03.01", "tif"), ("04.00", "jp2"), ("05.11", "tif")):
        safe = product(tmp_path / baseline, level=level, baseline=baseline, suffix=suffix)
        collection = open_products(safe, labels="")
        read_as[baseline] = read(collection)
        about = collection.about()["products"][0]
        assert (about["level"], about["baseline"]) == (level, baseline)
        assert set(about["offset"].values()) == {OFFSET if baseline >= "04" else 0}
        json.dumps(collection.about())
    raw, valid = read_as["02.14"]
    for other in read_as.values():
        np.testing.assert_array_equal(other[0], raw)
    b02 = collection.bands.index("B02")
    np.testing.assert_array_equal(raw[0, b02][valid], dn("B02", 10)[valid])
    assert valid.any()
    assert not valid[0, 0]


def test_coarser_bands_are_as_gdal_warps_them_and_finer_ones_are_means(tmp_path: Path) -> None:
    safe = product(tmp_path, level="L1C")
    raw, _ = read(open_products(safe, labels="", mask_clouds=False))
    inside = np.s_[9:, 9:]  # GDAL fills in beside what is no data
    for band, pixel_m in (("B01", 60), ("B8A", 20)):
        expected = warped(band, pixel_m, 10, Resampling.bilinear)
        np.testing.assert_allclose(raw[0, ("B01", "B02", "B8A").index(band)][inside], expected[inside], rtol=1e-6)
    raw, valid = read(open_products(safe, labels="", mask_clouds=False, bands=["B02", "B01"], resolution_m=60))
    np.testing.assert_allclose(raw[0, 0][valid], warped("B02", 10, 60, Resampling.average)[valid], rtol=1e-6)
    np.testing.assert_array_equal(raw[0, 1][valid], dn("B01", 60)[valid])
    assert set(zip(*np.nonzero(~valid), strict=True)) == {(0, 0)}


@settings(max_examples=20)
@given(st.data())
def test_a_pixel_is_the_same_in_every_window(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    collection, expected, classes = shared(tmp_path_factory.getbasetemp() / "windows")
    bounds = [sorted(data.draw(st.tuples(st.integers(-9, 80), st.integers(-9, 80)))) for _ in range(2)]
    rows, columns = (range(low, high + 1, data.draw(st.integers(1, 7))) for low, high in bounds)
    with collection.open(collection.scenes[0].name) as scene:
        raw, valid = scene.read(rows, columns)
        part = range(*sorted(data.draw(st.tuples(st.integers(0, 72), st.integers(0, 72)))))
        if part:
            np.testing.assert_array_equal(scene.labels(part, range(3, 9)), classes[part.start : part.stop, 3:9])
    padded = np.pad(expected, ((0, 0), (0, 0), (9, 9), (9, 9)), constant_values=np.nan)
    np.testing.assert_array_equal(raw, padded[:, :, np.array(rows)[:, None] + 9, np.array(columns) + 9])
    np.testing.assert_array_equal(valid, np.isfinite(raw[0, 0]))


@functools.cache
def shared(folder: Path) -> tuple[Collection, NDArray[np.float32], NDArray[np.uint8]]:
    collection = open_products(product(folder))
    with collection.open(collection.scenes[0].name) as scene:
        everywhere = tuple(range(size) for size in scene.shape)
        return collection, scene.read(*everywhere)[0], scene.labels(*everywhere)


def test_the_scene_classification_masks_clouds_or_is_the_ground_truth(tmp_path: Path) -> None:
    safe = product(tmp_path)
    on_grid = np.kron(scl(20), np.ones((2, 2), np.uint8))  # 10 m pixels
    collection = open_products(safe, labels="")
    assert [listed.part for listed in collection.scenes] == ["predict"]
    _, valid = read(collection)
    inside = np.s_[9:, 9:]
    np.testing.assert_array_equal(valid[inside], np.isin(on_grid, [4, 5, 6])[inside])
    masked = collection.about()["products"][0]["masked"]
    assert masked["cloud high probability"] == pytest.approx((on_grid == 9).mean())
    assert masked["thin cirrus"] == 0

    labelled = open_products(safe)
    assert [listed.part for listed in labelled.scenes] == [""]
    assert labelled.classes == ("cloud shadow", "vegetation", "not vegetated", "water", "cloud high probability")
    assert read(labelled)[1][inside].all()
    expected = np.select([on_grid == code for code in (3, 4, 5, 6, 9)], range(5), UNLABELLED)
    with labelled.open(labelled.scenes[0].name) as scene:
        np.testing.assert_array_equal(scene.labels(range(72), range(72)), expected)
    coarse = open_products(safe, resolution_m=60)
    with coarse.open(coarse.scenes[0].name) as scene:
        np.testing.assert_array_equal(scene.labels(range(12), range(12)) == UNLABELLED, scl(60) == 0)


def test_older_levels_are_masked_by_their_own_cloud_masks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    safe = product(tmp_path, level="L1C", baseline="03.01", bands=("B02",))
    assert read(open_products(safe, labels=""))[1].sum() == 72 * 72 - 1
    assert "has no SCL, MSK_CLASSI or MSK_CLOUDS: its clouds are not masked" in caplog.text
    quality = next(safe.glob("GRANULE/*")) / "QI_DATA"
    quality.mkdir()
    x, y = CORNER
    square = f"{x + 120} {y - 60} {x + 240} {y - 60} {x + 240} {y - 180} {x + 120} {y - 180} {x + 120} {y - 60}"
    (quality / "MSK_CLOUDS_B00.gml").write_text(
        '<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2">'
        "<eop:maskMembers><eop:MaskFeature><eop:maskType>CIRRUS</eop:maskType><eop:extentOf><gml:Polygon><gml:exterior>"
        f'<gml:LinearRing><gml:posList srsDimension="2">{square}</gml:posList></gml:LinearRing></gml:exterior>'
        "</gml:Polygon></eop:extentOf></eop:MaskFeature></eop:maskMembers></eop:Mask>"
    )
    expected = np.ones((72, 72), dtype=bool)
    expected[0, 0] = expected[6:18, 12:24] = False
    collection = open_products(safe, labels="")
    np.testing.assert_array_equal(read(collection)[1], expected)
    assert collection.about()["products"][0]["masked"] == {"opaque clouds": 0, "cirrus": 144 / 72**2}

    masks = np.zeros((3, 12, 12), dtype=np.uint8)
    masks[0, 1, 1] = masks[1, 2, 2] = masks[2, 3, 3] = 1  # opaque, cirrus, snow
    write(quality / "MSK_CLASSI_B00.jp2", masks, 60)
    expected = np.ones((72, 72), dtype=bool)
    expected[0, 0] = expected[6:12, 6:12] = expected[12:18, 12:18] = False
    np.testing.assert_array_equal(read(open_products(safe, labels=""))[1], expected)


def test_a_series_is_the_dates_of_a_tile_in_order(tmp_path: Path) -> None:
    for time, baseline in (("20230601T110621", "05.09"), ("20210601T110621", "03.00")):
        product(tmp_path, time=time, baseline=baseline, bands=("B02",))
    single = open_products(tmp_path, labels="")
    assert [s.name for s in single.scenes] == ["T29UNU_R023_20210601T110621", "T29UNU_R023_20230601T110621"]
    series = open_products(tmp_path, labels="", series=True)
    assert ([s.name for s in series.scenes], series.dates) == (["T29UNU_R023"], 2)
    assert [p["baseline"] for p in series.about()["products"]] == ["03.00", "05.09"]
    raw, _ = read(series)
    assert raw.shape == (2, 1, 72, 72)
    np.testing.assert_array_equal(raw[0], raw[1])
    product(tmp_path, tile="30UNU")
    with pytest.raises(UserError, match="T29UNU_R023 has 2 dates but T30UNU_R023 has 1"):
        open_products(tmp_path, labels="", series=True)


def test_without_bands_named_those_of_every_product_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    product(tmp_path, bands=("B02", "B04"))
    product(tmp_path, tile="30UNU", bands=("B02", "B03"))
    assert open_products(tmp_path, labels="").bands == ("B02",)
    assert "bands B03, B04 are left out: not every product has them" in caplog.text
    product(tmp_path, tile="31UNU", bands=("B02",), listed=False)
    open_products(tmp_path, labels="")
    assert "is of baseline 05.09 but has no BOA_ADD_OFFSET; -1000 is taken" in caplog.text


def test_a_mask_of_an_image_that_was_converted_is_heard_and_a_second_band_refused(tmp_path: Path) -> None:
    safe = product(tmp_path, suffix="tif")
    file = next(safe.rglob("*_B02_10m.tif"))
    before, valid_before = read(open_products(safe, labels="", bands=["B02"]))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(file, "r+") as opened:
        mask = np.full(opened.shape, 255, dtype=np.uint8)
        mask[20:30] = 0
        opened.write_mask(mask)
    after, valid = read(open_products(safe, labels="", bands=["B02"]))
    assert not valid[20:30].any()
    valid_before[20:30] = False
    np.testing.assert_array_equal(valid, valid_before)
    np.testing.assert_array_equal(after[0, 0][valid], before[0, 0][valid])
    with rasterio.open(file) as opened:
        options = opened.profile | {"count": 2}
        twice = np.repeat(opened.read(), 2, axis=0)
    with rasterio.open(file, "w", **options) as opened:
        opened.write(twice)
    with pytest.raises(UserError, match=r"_B02_10m\.tif has 2 bands; only band B02 is expected"):
        read(open_products(safe, labels="", bands=["B02"]))


def zipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "S2A_MSIL2A.SAFE.zip", "w") as archive:
        archive.writestr("a", "b")


def changed(folder: Path, change: Callable[[Path], Any], **options: Any) -> None:
    change(product(folder, **options))


def cut(safe: Path) -> None:
    file = next(safe.rglob("*_B02_10m.jp2"))
    write(file, dn("B02", 10), 10, BLOCKXSIZE=64, BLOCKYSIZE=64)  # several tiles, which GDAL would decode in threads
    file.write_bytes(file.read_bytes()[:-40])


def edited(safe: Path, old: str, new: str) -> None:
    file = next(safe.glob("MTD*.xml"))
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def moved(safe: Path) -> None:
    write(next(safe.rglob("*_B8A_20m.jp2")), dn("B8A", 20), 20, transform=from_origin(0, 0, 20, 20))


def meaningless(safe: Path) -> None:
    write(next(safe.rglob("*_SCL_20m.jp2")), scl(20) + np.uint8(20), 20)


Options = Mapping[str, Any]


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (lambda f: None, {}, r"has no Sentinel-2 product; name a folder \*.SAFE or one above"),
        (zipped, {}, "S2A_MSIL2A.SAFE.zip is an archive; unpack it"),
        (lambda f: changed(f, lambda s: (s / "MTD_MSIL2A.xml").unlink()), {}, "neither MTD_MSIL1C.xml nor MTD_MSIL2A"),
        (lambda f: changed(f, lambda s: (s / "MTD_MSIL2A.xml").write_text("<a")), {}, "MTD_MSIL2A.xml cannot be read"),
        (lambda f: changed(f, lambda s: edited(s, "PROCESSING_", "")), {}, "has no PROCESSING_BASELINE"),
        (lambda f: changed(f, lambda s: edited(s, '"3">-1000', '"3">x')), {}, "has a damaged BOA_ADD_OFFSET"),
        (lambda f: changed(f, lambda s: edited(s, ">10000<", ">0<")), {}, "has 0 as QUANTIFICATION_VALUE"),
        (lambda f: changed(f, lambda s: (s / "GRANULE").rename(s / "X")), {}, r"has 0 granules \(GRANULE/"),
        (product, {"bands": ["B02", "B10"]}, "has no file of band B10; L2A never has B10.* Known: B01, B02, B8A"),
        (product, {"bands": ["B08"]}, "has no file of band B08; did you mean"),
        (product, {"bands": ["b02"]}, "Sentinel-2 has no band 'b02'; did you mean 'B02'"),
        (product, {"bands": ["B02", "B02"]}, "a band is named twice"),
        (product, {"labels": "clc"}, "'labels' is 'clc'"),
        (product, {"series": True}, "labels of 'scl' are of one date"),
        (product, {"resolution_m": 30}, "'resolution_m' is 30; Sentinel-2 has 10, 20, 60"),
        (lambda f: product(f, level="L1C"), {}, r"\(L1C\) has no scene classification .*leave 'labels' empty"),
        (lambda f: [product(f), product(f, level="L1C")], {}, "is of level L1C but .* of L2A"),
        (lambda f: [product(f), product(f, baseline="03.00")], {}, "are the same tile at the same time; keep one"),
        (
            lambda f: [product(f), shutil.rmtree(next(product(f, tile="30UNU").rglob("R10m")))],
            {},
            "has pixels of 10 m but that of .*30UNU.* of 20 m; set 'resolution_m'",
        ),
        (lambda f: changed(f, cut), {}, r"_B02_10m.jp2 cannot be read \(.*\); copy or download it again"),
        (lambda f: changed(f, moved), {}, r"_B8A_20m.jp2 \(36 x 36 pixels of 20 m\) does not cover the tile's grid"),
        (lambda f: changed(f, meaningless), {}, "_SCL_20m.jp2 holds the class 29; .* holds 0 to 11"),
    ],
)
def test_a_bad_product_is_named_with_what_to_do(
    tmp_path: Path, build: Callable[[Path], Any], options: Options, message: str
) -> None:
    build(tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        read(open_products(tmp_path, **options))
    assert "\n" not in str(caught.value)


@pytest.mark.data
def test_a_real_product_has_the_reference_numbers(real_data: Path) -> None:
    collection = open_products(real_data / "sentinel2_safe", bands=["B01", "B8A"])
    (listed,) = collection.scenes
    assert (listed.name, collection.resolution_m) == ("T29UNU_R023_20221005T115411", 60)
    counts = {3: 205725, 4: 522171, 5: 18125, 6: 40705, 7: 16224, 8: 757674, 9: 210178, 10: 224258, 11: 10}
    with collection.open(listed.name) as scene:
        assert (scene.shape, scene.crs.to_epsg()) == ((1830, 1830), 32629)
        labels = scene.labels(range(1830), range(1830))
        assert list(np.bincount(labels.ravel(), minlength=256)[[*range(9), UNLABELLED]]) == [*counts.values(), 1353830]
        rows, columns = range(100), range(1330, 1430)
        raw, valid = scene.read(rows, columns)
    stored = np.empty(raw.shape[1:], dtype=np.float32)
    for band, name in enumerate(collection.bands):
        with rasterio.open(next((real_data / "sentinel2_safe").rglob(f"*_{name}_60m.jp2"))) as source:
            stored[band] = source.read(1)[:100, 1330:1430]
    np.testing.assert_array_equal(valid, (stored > 0).all(axis=0))
    np.testing.assert_array_equal(raw[0][:, valid], stored[:, valid] - 1000)
    assert 0 < valid.sum() < valid.size
