"""The residual layout, against its definition computed of whole images."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from hqnn.data.pixels import scene
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.oscd import CLASSES, open_oscd
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.rasters import map_scene
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import PLACEHOLDERS
from hqnn.data.synthetic.pairs import write_sample
from hqnn.store import read_table

Floats = NDArray[np.float64]


class HeldPair:
    """An image pair in memory, NaN where invalid."""

    name, crs, transform, dates, bands = "held", None, Affine.identity(), 2, BANDS
    placeholders = np.full((len(PLACEHOLDERS), 2, len(BANDS)), np.nan, dtype=np.float32)

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values
        self.shape = values.shape[2:]

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        assert all(0 <= p.start < p.stop <= size for p, size in zip((rows, columns), self.shape, strict=True))
        dates = self.values[:, :, rows.start : rows.stop, columns.start : columns.stop]
        return dates, np.isfinite(dates).all(axis=(0, 1))


def pair_of(seed: int, shape: tuple[int, int], masked: float = 0.0) -> HeldPair:
    """Digital numbers whose bands and dates are correlated."""
    rng = np.random.default_rng(seed)
    common, between = rng.standard_normal((13, *shape)), rng.standard_normal((13, 13)) / 4
    own = rng.standard_normal((2, 13, *shape))
    dates = np.exp(7 + 0.2 * np.einsum("ij,jhw->ihw", between, common) + 0.1 * own).round()
    dates[:, :, rng.random(shape) < masked] = np.nan
    return HeldPair(dates.astype(np.float32))


def smooth(image: Floats) -> Floats:
    taps = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    for axis in (0, 1):
        image = correlate1d(image, taps / taps.sum(), axis, mode="reflect")
    return image


def expected(dates: NDArray[np.float32]) -> Floats:
    """The features of a whole image, shape (8, rows, columns), band by band from their definition."""
    x = {(date, band): dates[date, i].astype(np.float64) for date in (0, 1) for i, band in enumerate(BANDS)}
    valid = np.isfinite(dates).all(axis=(0, 1))

    def g(image: Floats) -> Floats:
        return np.where(valid, smooth(np.where(valid, image, 0.0)) / np.where(valid, smooth(1.0 * valid), 1), np.nan)

    def standard(image: Floats) -> Floats:
        return (image - image[valid].mean()) / image[valid].std()

    z = {key: standard(np.log(image + 100)) for key, image in x.items()}
    first, second = (np.stack([z[date, band][valid] for band in BANDS]) for date in (0, 1))
    # the ridge as least squares with sqrt(0.01 n) I appended, which shares no formula with what is tested
    extra = np.sqrt(0.01 * valid.sum()) * np.eye(13)
    regression = np.linalg.lstsq(np.hstack([first, extra]).T, np.hstack([second, 0 * extra]).T, rcond=None)[0]
    r = {}
    for i, band in enumerate(BANDS):
        left = z[1, band] - sum(regression[j, i] * z[0, other] for j, other in enumerate(BANDS))
        r[band] = left / left[valid].std()
    brightness = [np.mean([standard(x[date, band]) for band in ("B02", "B03", "B04")], axis=0) for date in (0, 1)]
    water = [standard((x[date, "B03"] - x[date, "B08"]) / (x[date, "B03"] + x[date, "B08"] + 1)) for date in (0, 1)]

    def log_root(square: Floats) -> Floats:
        return np.log(np.sqrt(np.maximum(square, 0) + 1e-3))

    def spread(*images: Floats) -> Floats:
        return log_root(np.mean([g(image**2) - g(image) ** 2 for image in images], axis=0))

    return np.stack(
        [
            log_root(np.mean([g(r[band] ** 2) for band in ("B02", "B03", "B04")], axis=0)),
            np.arcsinh(g(brightness[0])),
            log_root(np.mean([g(r[band]) ** 2 for band in ("B02", "B03", "B04", "B08")], axis=0)),
            spread(r["B05"], r["B06"]),
            spread(r["B07"], r["B08"], r["B8A"]),
            np.abs(g(water[1]) - g(water[0])),
            spread(brightness[1]),
            spread(r["B02"], r["B03"], r["B04"]),
        ]
    )


def computed(pair: HeldPair) -> Floats:
    """The features window by window, NaN where a pixel gave no sample."""
    features = np.full((8, *pair.shape), np.nan)
    for pixels in Sampling(BANDS, "residual").read(pair):
        features[:, pixels.rows, pixels.columns] = pixels.raw.T
    return features


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(2, 40), st.integers(25, 60)),
    window=st.tuples(st.integers(1, 50), st.integers(5, 70)),
    masked=st.sampled_from([0.0, 0.02, 0.3]),
)
def test_features_are_those_of_the_whole_image_whatever_its_windows_borders_and_holes(
    monkeypatch: pytest.MonkeyPatch, seed: int, shape: tuple[int, int], window: tuple[int, int], masked: float
) -> None:
    monkeypatch.setattr(scene, "WINDOW_ROWS", window[0])
    monkeypatch.setattr(scene, "WINDOW_COLUMNS", window[1])
    pair = pair_of(seed, shape, masked)
    np.testing.assert_allclose(computed(pair), expected(pair.values), atol=2e-6)  # float32 of values up to 4


def test_a_hole_takes_away_its_own_pixels_and_touches_none_beyond_the_margin() -> None:
    pair = pair_of(1, (50, 50))
    whole = computed(pair)
    pair.values[1, 4, 10:13, 20] = np.nan
    holed = computed(pair)
    assert np.argwhere(np.isnan(holed).any(axis=0)).tolist() == [[10, 20], [11, 20], [12, 20]]
    rows, columns = np.mgrid[:50, :50]
    beyond = (rows < 10 - 6) | (rows > 12 + 6) | (np.abs(columns - 20) > 6)
    change = np.abs(holed - whole).max(axis=0)
    assert np.nanmax(change[beyond]) < 0.02 < np.nanmax(change[~beyond])  # beyond, the image's statistics alone


def test_a_band_without_contrast_counts_for_nothing() -> None:
    """Rounding in the mean of a constant must not be taken for contrast."""
    flat = []
    for value in (0, 358):
        pair = pair_of(2, (40, 40))
        pair.values[:, [BANDS.index("B04"), BANDS.index("B10")]] = value
        flat.append(computed(pair))
    assert np.isfinite(flat).all()
    np.testing.assert_allclose(*flat, atol=2e-6)


def test_an_empty_image_gives_no_sample_and_negative_noise_counts_as_zero() -> None:
    pair = pair_of(3, (30, 30))
    pair.values[:, 10] = 0
    dark = computed(pair)
    pair.values[:, 10] = -250
    np.testing.assert_array_equal(computed(pair), dark)
    pair.values[:] = np.nan
    assert np.isnan(computed(pair)).all()


def test_memory_does_not_grow_with_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "WINDOW_ROWS", 16)
    dates = np.random.default_rng(4).integers(1, 9999, (2, 13, 2000, 64), dtype=np.uint16)
    pair = HeldPair(dates.astype(np.float32))
    tracemalloc.start()
    try:
        samples = sum(len(pixels.rows) for pixels in Sampling(BANDS, "residual").read(pair))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert samples == 2000 * 64
    assert peak < pair.values.nbytes / 4


def test_samples_are_standardised_on_train_pixels_and_a_city_outside_the_table_can_be_mapped(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", seed=6, train=2, test=1, side=75)
    collection = open_oscd(tmp_path / "sample", train=["alder"], test=["cedar"])
    prepare_pixels(collection, tmp_path / "samples.h5", layout="residual")
    table, about = read_table(tmp_path / "samples.h5")
    images = {}
    for name in ("alder", "birch", "cedar"):
        with collection.open(name) as pair:
            images[name] = expected(pair.read(range(75), range(75))[0])
    train = images["alder"][:, ::10, ::10].reshape(8, -1)
    mean, deviation = train.mean(axis=1)[:, None, None], train.std(axis=1)[:, None, None]
    for index, name in enumerate(about["scenes"]):
        own = table["scene"] == index
        at = ((images[name] - mean) / deviation).clip(-4, 4)[:, table["row"][own], table["column"][own]]
        np.testing.assert_allclose(table["features"][own], at.T, atol=1e-4)
    seen: list[NDArray[np.float32]] = []

    def predict(features: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(features)
        return features[:, 0]

    with collection.open("birch") as pair:
        map_scene(pair, *read_transform(tmp_path / "samples.h5", "birch"), predict, tmp_path / "birch.tif", CLASSES)
    birch = ((images["birch"] - mean) / deviation).clip(-4, 4).reshape(8, -1).T
    np.testing.assert_allclose(np.concatenate(seen), birch, atol=1e-4)
