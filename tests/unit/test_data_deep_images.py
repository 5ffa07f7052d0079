"""Images of any depth and number of bands are stored as they are, and scaled by what the train images use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from hqnn.data.deep_images import read_deep
from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.images.ranges import PERCENTILES, channel_ranges
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.errors import UserError
from hqnn.store import read_table
from image_sets import write_patch, write_patches

S2 = tuple(f"B{number:02}" for number in range(1, 14))


def prepared(root: Path, output: Path, **options: object) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    prepare_small_images(root, output, **options)  # type: ignore[arg-type]
    return read_table(output)


@pytest.mark.parametrize(
    ("dtype", "bands", "stored"),
    [("uint16", 13, "uint16"), ("uint8", 13, "uint8"), ("uint8", 2, "uint8"), ("float32", 4, "float32"),
     ("int16", 3, "float32"), ("uint16", 1, "uint16"), ("float64", 1, "float32")],
)  # fmt: skip
def test_patches_of_every_depth_and_number_of_bands_are_stored_number_by_number(
    tmp_path: Path, dtype: str, bands: int, stored: str
) -> None:
    written = write_patches(tmp_path / "raw", dtype=dtype, bands=bands)
    table, about = prepared(tmp_path / "raw", tmp_path / "samples.h5", threads=2)
    assert (table["images"].dtype.name, about["kind"]) == (stored, "class_folders")
    assert about["bands"] == [str(number) for number in range(1, bands + 1)]
    for source, image in zip(table["source"], table["images"], strict=True):
        np.testing.assert_array_equal(image, written[source.decode()].astype(stored))
    if stored == "uint8":
        assert "scale" not in about
        return
    train = table["images"][table["split"] == 0].reshape(-1, bands).astype(float)
    low, high = np.percentile(train, PERCENTILES, axis=0)
    np.testing.assert_allclose(about["offset"], low)
    np.testing.assert_allclose(about["scale"], 1 / (high - low))


@pytest.mark.parametrize("bands", [("B04", "B03", "B02"), (4, 3, 2), ("4", "3", "2")])
def test_bands_are_chosen_by_name_or_number(tmp_path: Path, bands: tuple[str | int, ...]) -> None:
    written = write_patches(tmp_path / "raw", names=S2)
    table, about = prepared(tmp_path / "raw", tmp_path / "samples.h5", bands=bands)
    assert about["bands"] == ["B04", "B03", "B02"]
    for source, image in zip(table["source"], table["images"], strict=True):
        np.testing.assert_array_equal(image, written[source.decode()][..., [3, 2, 1]])


def test_a_fourth_band_of_8_bits_is_read_where_it_is_named_and_said_where_it_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = write_patches(tmp_path / "raw", bands=4, dtype="uint8")
    assert prepared(tmp_path / "raw", tmp_path / "rgb.h5")[0]["images"].shape[3] == 3
    assert "10 images with a fourth band that is taken as transparency and left out" in caplog.text
    table, _ = prepared(tmp_path / "raw", tmp_path / "all.h5", bands=(1, 2, 3, 4))
    np.testing.assert_array_equal(table["images"][0], written[table["source"][0].decode()])


def test_pixels_without_data_are_0_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_patches(tmp_path / "raw", bands=5)
    pixels = np.full((8, 8, 5), 700, dtype=np.uint16)
    pixels[2, 3, 1] = pixels[4, 4, :] = 9999
    write_patch(tmp_path / "raw/River/9.tif", pixels, nodata=9999)
    table, about = prepared(tmp_path / "raw", tmp_path / "samples.h5")
    image = table["images"][table["source"] == b"River/9.tif"][0]
    assert (image[2, 3] == 0).all() and (image[4, 4] == 0).all() and (image == 0).sum() == 10
    assert about["empty_pixels"] == 2
    assert "2 pixels without data, taken as 0" in caplog.text


def test_numbers_that_are_not_finite_are_no_data_and_tags_of_scale_and_offset_are_applied(tmp_path: Path) -> None:
    pixels = np.arange(32, dtype=np.float32).reshape(4, 4, 2)
    pixels[0, 0, 0] = np.nan
    read = read_deep(write_patch(tmp_path / "a.tif", pixels))
    assert read is not None
    assert (read.empty, read.pixels[0, 0].tolist(), read.pixels[1, 1, 0]) == (1, [0, 0], 10)
    scaled = read_deep(write_patch(tmp_path / "b.tif", np.full((2, 2, 3), 1500, np.int16), scale=1e-4, offset=-0.1))
    assert scaled is not None
    np.testing.assert_allclose(scaled.pixels, 0.05, atol=1e-7)


def test_grey_of_12_bits_keeps_all_of_them_in_images_and_is_scaled_by_them_in_photographs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    generator = np.random.default_rng(0)
    for name, most in (("dark", 1500), ("light", 4096)):
        (tmp_path / "raw" / name).mkdir(parents=True)
        for number in range(6):
            grey = generator.integers(0, most, (32, 32)).astype(np.uint16)
            Image.fromarray(grey).save(tmp_path / f"raw/{name}/{number}.{'png' if number else 'tif'}")
    table, _ = prepared(tmp_path / "raw", tmp_path / "small.h5")
    assert table["images"].dtype == np.uint16 and table["images"].max() > 4000
    prepare_photographs(tmp_path / "large.h5", tmp_path / "raw", size=32, duplicates="keep")
    seen, said = read_table(tmp_path / "large.h5")
    assert said["bits"] == 12
    assert "12 images of 16 bits, whose numbers go up to 409" in caplog.text and "as of 12 bits" in caplog.text
    assert "images of 1 band of 16 bits, whose numbers run from 0 to 409" in caplog.text
    means = [seen["images"][seen["labels"] == label].mean() for label in (0, 1)]
    np.testing.assert_allclose(means, [1499 / 2 / 16, 4095 / 2 / 16], rtol=0.02)


def test_colours_of_16_bits_are_not_cut_to_their_upper_8(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    written = {f"{name}/{number}.png": generator.integers(0, 4096, (8, 8, 3)) for name in "ab" for number in range(4)}
    for name, pixels in written.items():
        write_patch(tmp_path / "raw" / name, pixels.astype(np.uint16), driver="PNG")
    table, _ = prepared(tmp_path / "raw", tmp_path / "small.h5")
    prepare_photographs(tmp_path / "large.h5", tmp_path / "raw", size=8, duplicates="keep")
    seen, _ = read_table(tmp_path / "large.h5")
    for own, bits in ((table, 0), (seen, 4)):
        for source, image in zip(own["source"], own["images"], strict=True):
            np.testing.assert_array_equal(image, written[source.decode()] >> bits)


def test_size_brings_images_of_all_sizes_and_depths_to_one(tmp_path: Path) -> None:
    write_patches(tmp_path / "raw", bands=5)
    write_patch(tmp_path / "raw/River/wide.tif", np.full((6, 30, 5), 1234, dtype=np.uint16))
    table, _ = prepared(tmp_path / "raw", tmp_path / "samples.h5", size=12)
    assert table["images"].shape == (11, 12, 12, 5)
    assert (table["images"][table["source"] == b"River/wide.tif"] == 1234).all()


@given(arrays.arrays(np.uint16, (6, 3, 3, 2), elements=st.integers(0, 65535)))
def test_scaled_images_run_over_0_to_1_and_constant_channels_are_0(images: np.ndarray) -> None:
    offset, scale = channel_ranges(images)
    values = (images.reshape(-1, 2) - offset) * scale
    for channel, own in enumerate(np.moveaxis(images, -1, 0)):
        if own.min() == own.max():
            assert (values[:, channel] == 0).all()
        else:
            assert np.isfinite(values).all() and scale[channel] > 0
            inside = (values[:, channel] > -1e-9) & (values[:, channel] < 1 + 1e-9)
            assert inside.mean() > 0.9


def cut_off(root: Path) -> None:
    path = write_patch(root / "River/3.tif", np.ones((8, 8, 13), dtype=np.uint16))
    path.write_bytes(path.read_bytes()[:-300])


def other_bands(root: Path) -> None:
    write_patch(root / "River/3.tif", np.zeros((8, 8, 12), dtype=np.uint16))


def other_size(root: Path) -> None:
    write_patch(root / "River/3.tif", np.zeros((9, 8, 13), dtype=np.uint16))


def other_names(root: Path) -> None:
    write_patch(root / "River/3.tif", np.zeros((8, 8, 13), dtype=np.uint16), names=S2[::-1])


def no_image(root: Path) -> None:
    (root / "River/3.tif").write_text("not an image")


def complex_numbers(root: Path) -> None:
    write_patch(root / "Forest/0.tif", np.zeros((8, 8, 13), dtype=np.complex64))


@pytest.mark.parametrize(
    ("damage", "options", "message"),
    [
        (cut_off, {}, r"3\.tif cannot be read as an image \(its bands are cut off or damaged\)"),
        (no_image, {}, r"3\.tif cannot be read as an image \(it is no image\)"),
        (other_bands, {}, r"3\.tif is 12 bands of 16 bits .*but \S+0\.tif is 13 bands of 16 bits"),
        (other_size, {}, r"3\.tif has 9 x 8 pixels but \S+0\.tif has 8 x 8; set size"),
        (other_names, {}, r"3\.tif is 13 bands of 16 bits \(B13, .*make all of one kind"),
        (complex_numbers, {}, r"0\.tif has complex numbers"),
        (None, {"bands": ("B44",)}, r"0\.tif has no band 'B44'; did you mean 'B04'"),
        (None, {"bands": (14,)}, r"0\.tif has no band 14; it has 13, numbered from 1"),
        (None, {"channels": 3}, r"0\.tif has 13 bands but channels is 3"),
        (None, {"size": 0}, "size is 0"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_patches_that_do_not_fit_are_said_in_one_sentence(
    tmp_path: Path, damage: object, options: dict[str, object], message: str
) -> None:
    write_patches(tmp_path / "raw", names=S2)
    if callable(damage):
        damage(tmp_path / "raw")
    with pytest.raises(UserError, match=message) as caught:
        prepare_small_images(tmp_path / "raw", tmp_path / "out/samples.h5", **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and "0x" not in str(caught.value) and "vsimem" not in str(caught.value)
    assert not list((tmp_path / "out").glob("*"))


def test_photographs_of_many_bands_are_refused_with_their_number_even_where_unreadable_ones_are_skipped(
    tmp_path: Path,
) -> None:
    for bands, dtype, said in ((13, "uint16", "13 bands of 16 bits"), (2, "uint8", "2 bands of 8 bits")):
        write_patches(tmp_path / said, bands=bands, dtype=dtype)
        with pytest.raises(UserError, match=rf"0\.tif has {said}; use kind images"):
            prepare_photographs(tmp_path / "samples.h5", tmp_path / said, unreadable="skip")
