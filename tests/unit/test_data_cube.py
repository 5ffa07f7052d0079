"""One hyperspectral cube with its ground truth: the same scene from every format, and a sentence for every bad file."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin

from hqnn.data.pixels.cube import open_cube
from hqnn.data.pixels.scene import UNLABELLED, Collection
from hqnn.errors import UserError

ROWS, COLUMNS, BANDS = 7, 5, 4
CUBE = np.random.default_rng(0).integers(1, 9000, (ROWS, COLUMNS, BANDS)).astype(np.uint16)
TRUTH = np.random.default_rng(1).choice(np.array([0, 2, 3, 9], dtype=np.uint8), (ROWS, COLUMNS))
EVERYWHERE = range(ROWS), range(COLUMNS)

Write = Callable[[Path, NDArray[Any]], None]


def mat(file: Path, values: Any, name: str = "values") -> None:
    scipy.io.savemat(file, {name: values, "wavelengths": np.arange(4.0), "note": "AVIRIS"}, do_compression=True)


def mat73(file: Path, values: NDArray[Any]) -> None:
    with h5py.File(file, "w", userblock_size=512) as opened:
        opened["values"] = values.T
        opened["note"] = np.zeros((9, 1), dtype=np.uint16)
        opened["note"].attrs["MATLAB_class"] = np.bytes_("char")


def npy(file: Path, values: Any) -> None:
    np.save(file, values)


def raster(file: Path, values: NDArray[Any], **options: Any) -> None:
    bands = np.moveaxis(np.atleast_3d(values), 2, 0)
    count, height, width = bands.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            file, "w", height=height, width=width, count=count, dtype=values.dtype, **({"driver": "GTiff"} | options)
        ) as opened:
            opened.write(bands)


def envi(file: Path, values: NDArray[Any]) -> None:
    raster(file, values, driver="ENVI", interleave="bip")
    file.with_suffix(".img.aux.xml").unlink(missing_ok=True)


def scene(collection: Collection) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    with collection.open(collection.scenes[0].name) as opened:
        return opened.read(*EVERYWHERE)


def labels(collection: Collection) -> NDArray[np.uint8]:
    with collection.open(collection.scenes[0].name) as opened:
        return opened.labels(*EVERYWHERE)


@pytest.mark.parametrize(
    ("suffix", "write"), [("mat", mat), ("mat", mat73), ("npy", npy), ("img", envi), ("tif", raster)]
)
def test_every_format_gives_the_same_scene(tmp_path: Path, suffix: str, write: Write) -> None:
    write(tmp_path / f"cube.{suffix}", CUBE)
    write(tmp_path / f"truth.{suffix}", TRUTH)
    collection: Collection = open_cube(tmp_path)
    raw, valid = scene(collection)
    np.testing.assert_array_equal(raw[0], np.moveaxis(CUBE, 2, 0))
    assert valid.all()
    expected = np.select([TRUTH == 2, TRUTH == 3, TRUTH == 9], [0, 1, 2], UNLABELLED)
    np.testing.assert_array_equal(labels(collection), expected)
    (listed,) = collection.scenes
    assert (listed.name, listed.part, collection.classes, collection.dates) == ("cube", "", ("2", "3", "9"), 1)
    assert {file.name for file in listed.files} >= {f"cube.{suffix}", f"truth.{suffix}"}
    assert collection.about()["class_values"] == [2, 3, 9]


@settings(max_examples=30)
@given(st.data())
def test_a_pixel_is_the_same_in_every_window(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cube")
    write, suffix = data.draw(st.sampled_from([(npy, "npy"), (raster, "tif")]))
    write(folder / f"cube.{suffix}", CUBE)
    padded = np.pad(np.moveaxis(CUBE, 2, 0).astype(np.float32), ((0, 0), (9, 9), (9, 9)), constant_values=np.nan)
    bounds = [sorted(data.draw(st.tuples(st.integers(-9, n + 8), st.integers(-9, n + 8)))) for n in (ROWS, COLUMNS)]
    rows, columns = (range(low, high + 1, data.draw(st.integers(1, 4))) for low, high in bounds)
    with open_cube(folder).open("cube") as opened:
        raw, valid = opened.read(rows, columns)
    np.testing.assert_array_equal(raw[0], padded[:, np.array(rows)[:, None] + 9, np.array(columns) + 9])
    np.testing.assert_array_equal(valid, np.isfinite(raw[0, 0]))


def test_a_raster_s_georeference_names_of_bands_and_nodata_are_kept(tmp_path: Path) -> None:
    values, transform = CUBE.astype(np.float32), from_origin(300000, 5000000, 10, 10)
    values[1, 2, 3], values[3, 0, 0], values[4, 4, 1] = -1, np.nan, np.inf
    raster(tmp_path / "cube.img", values, driver="ENVI", crs="EPSG:32633", transform=transform)
    (tmp_path / "cube.img.aux.xml").unlink(missing_ok=True)
    header = (tmp_path / "cube.hdr").read_text().partition("band names")[0]
    wavelengths = "wavelength units = Nanometers\nwavelength = {450.5, 460, 471, 480}\ndata ignore value = -1\n"
    (tmp_path / "cube.hdr").write_text(header + wavelengths)
    truth = np.where(TRUTH == 9, 7, TRUTH)
    raster(tmp_path / "truth.tif", truth, crs="EPSG:32633", transform=transform, nodata=7)
    collection = open_cube(tmp_path)
    assert collection.bands == ("450.5 Nanometers", "460 Nanometers", "471 Nanometers", "480 Nanometers")
    raw, valid = scene(collection)
    assert {tuple(pixel) for pixel in np.argwhere(~valid)} == {(1, 2), (3, 0), (4, 4)}
    assert np.isnan(raw[:, :, ~valid]).all()
    assert collection.classes == ("2", "3")
    assert (labels(collection)[TRUTH == 9] == UNLABELLED).all()
    with collection.open("cube") as opened:
        assert (opened.crs.to_epsg(), opened.transform) == (32633, transform)
    raster(tmp_path / "truth.tif", truth, crs="EPSG:32633", transform=from_origin(300000, 5000010, 10, 10))
    with pytest.raises(UserError, match="does not lie where the cube"):
        open_cube(tmp_path)


def test_one_matlab_file_may_hold_both_and_more(tmp_path: Path) -> None:
    file = tmp_path / "scene.mat"
    doubles = TRUTH.astype(np.float64)  # MATLAB's usual type
    scipy.io.savemat(file, {"raw": CUBE, "corrected": CUBE[:, :, :2], "gt": doubles, "date": "1992", "scale": 2.0})
    for root in (file, tmp_path):
        collection = open_cube(root, cube="scene.mat:corrected", classes=["oats", "wheat", "woods"], unlabelled=[0])
        assert collection.bands == ("1", "2")
        assert collection.classes == ("oats", "wheat", "woods")
        assert collection.about()["truth"] == "scene.mat:gt"
    assert open_cube(file, cube="scene.mat:raw", truth="scene.mat:gt", unlabelled=[9]).classes == ("0", "2", "3")
    with pytest.raises(UserError, match=r"scene.mat:raw \(7 x 5 x 4\), scene.mat:corrected \(7 x 5 x 2\); name one"):
        open_cube(file)
    with pytest.raises(UserError, match="has no 'corected'; did you mean 'corrected'"):
        open_cube(file, cube="scene.mat:corected")


def test_without_ground_truth_it_is_only_predicted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    npy(tmp_path / "field.npy", CUBE)
    collection = open_cube(tmp_path / "field.npy")
    assert (collection.scenes[0].part, collection.classes) == ("predict", ())
    assert "can only be predicted" in caplog.text
    assert scene(collection)[1].all()
    with pytest.raises(UserError, match="the cube field has no ground truth; name its file as 'truth'"):
        labels(collection)


def both(folder: Path, cube: Any = CUBE, truth: Any = TRUTH, write: Write = npy, suffix: str = "npy") -> None:
    write(folder / f"cube.{suffix}", cube)
    write(folder / f"gt.{suffix}", truth)


def cut(file: Path, share: float = 0.6) -> None:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def cut_pair(folder: Path, write: Write, suffix: str) -> None:
    both(folder, write=write, suffix=suffix)
    cut(folder / f"cube.{suffix}")


def pickled(folder: Path) -> None:
    both(folder)
    (folder / "cube.npy").write_bytes(pickle.dumps(CUBE))


MANY = np.arange(16 * 16, dtype=np.int16).reshape(16, 16)


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (lambda f: npy(f / "gt.npy", TRUTH), {}, "holds no cube; .* add the file or name it as 'cube'"),
        (lambda f: [npy(f / n, CUBE) for n in ("a.npy", "b.npy")], {}, "arrays that may be the cube: a.npy .*, b.npy"),
        (lambda f: [both(f), npy(f / "b.npy", TRUTH)], {}, "arrays that may be the truth: b.npy .*, gt.npy"),
        (lambda f: both(f), {"cube": "cub.npy"}, "has no file 'cub.npy'; did you mean 'cube.npy'"),
        (lambda f: both(f), {"cube": "gt.npy"}, "gt.npy holds no cube"),
        (lambda f: both(f), {"truth": "cube.npy"}, "cube.npy holds no truth"),
        (lambda f: both(f, truth=TRUTH[:6]), {}, "has 6 x 5 pixels but the cube .* has 7 x 5 .*take the ground truth"),
        (lambda f: both(f, truth=TRUTH + 0.5), {}, "gt.npy holds floats where whole numbers are needed"),
        (lambda f: both(f, truth=TRUTH + 0.5, write=mat, suffix="mat"), {}, "gt.mat:values holds floats"),
        (lambda f: both(f, cube=CUBE * 1j), {}, "cube.npy holds complex numbers where real numbers are needed"),
        (lambda f: both(f, cube=CUBE * 1j, write=mat, suffix="mat"), {}, "cube.mat:values holds complex numbers"),
        (lambda f: both(f, cube=CUBE.astype(str)), {}, "cube.npy holds text"),
        (lambda f: both(f, cube=CUBE.astype(object)), {}, "cube.npy is damaged, or holds Python objects"),
        (lambda f: both(f, cube=CUBE.astype(object), write=mat, suffix="mat"), {}, "cube.mat:values holds objects"),
        (pickled, {}, "cube.npy is damaged, or holds Python objects, which are not read"),
        (lambda f: both(f, truth=TRUTH * 0), {}, r"gt.npy is 0 \(unlabelled\) everywhere"),
        (lambda f: both(f, np.atleast_3d(MANY), MANY), {}, "holds 255 different values, more than 254 classes"),
        (lambda f: both(f), {"classes": ["a", "b"]}, r"2 classes are named but .* holds 3 values \(2, 3, 9\)"),
        (lambda f: cut_pair(f, npy, "npy"), {}, "cube.npy is damaged"),
        (lambda f: cut_pair(f, mat, "mat"), {}, r"cube.mat cannot be read \(.*\); copy or download it again"),
        (lambda f: cut_pair(f, mat73, "mat"), {}, r"cube.mat cannot be read \(.*\); copy or download it again"),
        (lambda f: cut_pair(f, envi, "img"), {}, "cube.img has 168 bytes but its header asks for 280; it is cut off"),
        (lambda f: cut_pair(f, raster, "tif"), {}, "cube.tif cannot be .*; copy or download it again"),
        (lambda f: [envi(f / "cube.img", CUBE), (f / "cube.img").unlink()], {}, "cube.hdr has no image beside it"),
    ],
)
def test_a_bad_file_is_named_with_what_to_do(
    tmp_path: Path, build: Callable[[Path], Any], options: dict[str, Any], message: str
) -> None:
    build(tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        scene(open_cube(tmp_path, **options))
    assert "\n" not in str(caught.value)


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist"):
        open_cube(tmp_path / "nowhere")


@pytest.mark.data
def test_indian_pines_has_the_published_pixels_of_each_class(real_data: Path) -> None:
    collection = open_cube(real_data / "indian_pines")
    with collection.open("Indian_pines_corrected") as opened:
        raw, valid = opened.read(range(145), range(145))
        counts = np.bincount(opened.labels(range(145), range(145)).ravel(), minlength=256)
    published = [46, 1428, 830, 237, 483, 730, 28, 478, 20, 972, 2455, 593, 205, 1265, 386, 93]
    assert (list(counts[:16]), counts[UNLABELLED]) == (published, 145 * 145 - 10249)
    assert collection.classes == tuple(str(value) for value in range(1, 17))
    assert len(collection.bands) == 200
    assert (valid.all(), raw.min(), raw.max()) == (True, 955, 9604)
    stored = scipy.io.loadmat(real_data / "indian_pines/Indian_pines_corrected.mat")["indian_pines_corrected"]
    np.testing.assert_array_equal(raw[0], np.moveaxis(stored, 2, 0))
