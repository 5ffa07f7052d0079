"""The table of samples, against what a reader with all of the image in memory computes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from hqnn.data.pixels import layouts, scene
from hqnn.data.pixels.bands import BAND_SETS, BANDS
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.layouts import Layout
from hqnn.data.pixels.oscd import NOMINAL_M, OscdCollection, open_oscd
from hqnn.data.pixels.prepare import Summary, prepare_pixels
from hqnn.data.pixels.tiffs import write_band
from hqnn.data.synthetic.pairs import write_sample
from hqnn.store import open_table, read_table

STRIDE = 3
BELOW20M = [BANDS.index(band) for band in BAND_SETS["below20m"]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepare") / "sample"
    write_sample(folder, seed=2, train=2, test=1, side=75)
    return folder


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several windows a city, whose edges fall between strides."""
    monkeypatch.setattr(scene, "WINDOW_ROWS", 32)
    monkeypatch.setattr(scene, "WINDOW_COLUMNS", 50)


def prepare(
    folder: Path, output: Path, *, train: Sequence[str] = (), test: Sequence[str] = (), **asked: Any
) -> Summary:
    return prepare_pixels(open_oscd(folder, train=train, test=test), output, **{"bands": "below20m", **asked})


def images(sample: Path) -> dict[str, NDArray[np.float64]]:
    """Name to both dates of a city on its grid, in the order of the table."""
    found = {}
    for name in ("alder", "birch", "cedar"):
        with open_oscd(sample).open(name) as pair:
            found[name] = pair.read(range(pair.shape[0]), range(pair.shape[1]))[0].astype(np.float64)
    return found


def on_stride(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return image[..., ::STRIDE, ::STRIDE].reshape(*image.shape[:-2], -1)


def test_rows_are_the_pixels_on_the_stride_with_their_labels(sample: Path, tmp_path: Path) -> None:
    summary = prepare(sample, tmp_path / "samples.h5", stride=STRIDE)
    table, about = read_table(tmp_path / "samples.h5")
    assert about["scenes"] == ["alder", "birch", "cedar"]
    for index, city in enumerate(about["scenes"]):
        part = "test" if city == "cedar" else "train"
        with rasterio.open(sample / f"{part}_labels" / city / "cm" / f"{city}-cm.tif") as file:
            changed = file.read(1) == 2
        own = table["scene"] == index
        order = np.lexsort((table["column"][own], table["row"][own]))
        rows, columns = np.mgrid[: changed.shape[0] : STRIDE, : changed.shape[1] : STRIDE]
        np.testing.assert_array_equal(table["row"][own][order], rows.ravel())
        np.testing.assert_array_equal(table["column"][own][order], columns.ravel())
        np.testing.assert_array_equal(table["labels"][own][order], changed[::STRIDE, ::STRIDE].ravel())
        assert set(table["split"][own]) == {part == "test"}
        assert summary.scenes[index].samples == own.sum()
        assert summary.scenes[index].classes[1] == table["labels"][own].sum()
    assert [found.masked for found in summary.scenes] == [0, 0, 0]
    with open_table(tmp_path / "samples.h5") as file:
        assert file["summary/counts"][:].sum(axis=(1, 2)).tolist() == [found.samples for found in summary.scenes]


def test_features_are_those_of_scikit_learn_fitted_on_train_pixels(sample: Path, tmp_path: Path) -> None:
    prepare(sample, tmp_path / "samples.h5", stride=STRIDE, whiten=False)
    table, about = read_table(tmp_path / "samples.h5")
    whole = images(sample)
    pixels = np.concatenate([on_stride(whole[name]) for name in about["scenes"]], axis=2)
    train = sum(on_stride(whole[name]).shape[2] for name in ("alder", "birch"))
    expected = []
    for date in (0, 1):
        values = pixels[date, BELOW20M].T
        scaler = StandardScaler().fit(values[:train])
        pca = PCA(4, svd_solver="full").fit(scaler.transform(values[:train]))
        expected.append(pca.transform(scaler.transform(values)))
    order = np.lexsort((table["column"], table["row"], table["scene"]))
    np.testing.assert_allclose(table["features"][order], np.hstack(expected), atol=1e-4)
    change = (pixels[1] - pixels[0]) / pixels[0, :, :train].std(axis=1)[:, None]
    np.testing.assert_allclose(table["change_vector_length"][order], np.sqrt((change**2).sum(axis=0)), rtol=1e-5)


def test_a_fit_on_images_uses_all_pixels_of_each_date_of_each_city(sample: Path, tmp_path: Path) -> None:
    prepare(sample, tmp_path / "samples.h5", stride=STRIDE, fit="image", whiten=False, bands="rgbnir", components=4)
    table, _ = read_table(tmp_path / "samples.h5")
    chosen = [BANDS.index(band) for band in BAND_SETS["rgbnir"]]
    for index, (name, image) in enumerate(images(sample).items()):
        own = table["scene"] == index
        rows, columns = table["row"][own], table["column"][own]
        for date in (0, 1):
            values = image[date, chosen].reshape(4, -1).T
            expected = PCA(2, svd_solver="full").fit_transform(StandardScaler().fit_transform(values))
            at = expected.reshape(*image.shape[2:], 2)[rows, columns]
            np.testing.assert_allclose(table["features"][own][:, 2 * date : 2 * date + 2], at, atol=1e-4)
        sampling, transform = read_transform(tmp_path / "samples.h5", name)
        raw = image[:, chosen][:, :, rows, columns].reshape(8, -1).T
        assert sampling.stride == 1
        np.testing.assert_allclose(transform.transform(raw), table["features"][own], atol=1e-4)


def local_means(dates: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    means = [uniform_filter(band.astype(np.float64), 5) for band in dates.reshape(-1, *valid.shape)]
    return np.stack(means)[:, 2:-2, 2:-2].astype(np.float32)


def test_a_layout_may_look_around_a_pixel(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local means come out as those of the whole image, mirrored at its border, whatever the windows."""
    monkeypatch.setitem(layouts.LAYOUTS, "local", Layout(lambda image: local_means, margin=2))
    prepare(sample, tmp_path / "samples.h5", stride=1, layout="local", components=20, whiten=False)
    table, _ = read_table(tmp_path / "samples.h5")
    sampling, transform = read_transform(tmp_path / "samples.h5", "birch")
    assert sampling.layout == "local"
    own = table["scene"] == 1
    smooth = np.stack([uniform_filter(b, 5, mode="reflect") for d in images(sample)["birch"][:, BELOW20M] for b in d])
    raw = smooth[:, table["row"][own], table["column"][own]].T
    assert own.sum() == 75**2
    np.testing.assert_allclose(table["features"][own], transform.transform(raw), atol=1e-4)


def test_the_table_says_where_it_came_from_and_is_the_same_again(sample: Path, tmp_path: Path) -> None:
    for name in ("first.h5", "second.h5"):
        prepare(sample, tmp_path / name, stride=STRIDE, train=["birch"], test=["cedar"])
    assert (tmp_path / "first.h5").read_bytes() == (tmp_path / "second.h5").read_bytes()
    with open_table(tmp_path / "first.h5") as file:
        paths, digests = file["inputs/path"].asstr()[:], file["inputs/sha256"].asstr()[:]
        assert (file.attrs["layout"], file.attrs["stride"], file.attrs["fit"]) == ("per_date", STRIDE, "train")
    assert len(paths) == 2 * 27
    for path, digest in zip(paths, digests, strict=True):
        assert hashlib.sha256((sample / path).read_bytes()).hexdigest() == digest


def test_resampled_files_are_read_as_they_are(sample: Path, tmp_path: Path) -> None:
    """The layout imgs_*_rect: thirteen bands of one size, without georeference."""
    whole = images(sample)["birch"].round()
    for date in (0, 1):
        for band, values in zip(BANDS, whole[date], strict=True):
            path = tmp_path / "images" / "birch" / f"imgs_{date + 1}_rect" / f"{band}.tif"
            write_band(path, values.astype(np.uint16), {"driver": "GTiff"})
    with OscdCollection(tmp_path, (), "rect").open("birch") as pair:
        raw, valid = pair.read(range(75), range(75))
    assert valid.all()
    np.testing.assert_array_equal(raw, whole)


def write_empty_city(root: Path, side: int) -> None:
    """A large city of zeros, whose files hold no blocks."""
    for date in (1, 2):
        for band, metres in NOMINAL_M.items():
            path = root / "images" / "city" / f"imgs_{date}" / f"T_{band}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            size = side * 10 // metres
            options = {"crs": "EPSG:32632", "transform": rasterio.Affine(metres, 0, 0, 0, -metres, 0)}
            tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256, "sparse_ok": True}
            with rasterio.open(path, "w", "GTiff", size, size, 1, dtype="uint16", **options, **tiles):
                pass
    labels = np.ones((side, side), dtype=np.uint8)
    write_band(
        root / "train_labels" / "city" / "cm" / "city-cm.tif", labels, {"driver": "GTiff", "compress": "deflate"}
    )
    for split, names in (("train", "city"), ("test", "")):
        (root / f"{split}.txt").write_text(names)


def test_memory_does_not_grow_with_the_image(tmp_path: Path) -> None:
    side = 2000
    write_empty_city(tmp_path, side)
    program = (  # not getrusage, which begins with what the parent process holds
        "import sys; from pathlib import Path; from hqnn.data.pixels.prepare import prepare_pixels; "
        "from hqnn.data.pixels.oscd import open_oscd; prepare_pixels(open_oscd(sys.argv[1]), sys.argv[2]); "
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(tmp_path / "samples.h5")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert int(done.stdout) / 2**10 < 300 < 2 * 13 * 4 * side**2 / 2**20
