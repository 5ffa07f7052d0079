"""Images of every kind become upright 8-bit RGB, and the squares that torchvision's transforms see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import functional

from hqnn.data.image_files import read_image, read_mask, square

UPRIGHT = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 9


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(height=st.integers(20, 400), width=st.integers(20, 400))
@example(height=256, width=301)
@example(height=257, width=256)
@example(height=33, width=400)
def test_the_centre_of_a_square_is_what_torchvision_resizes_and_crops(height: int, width: int) -> None:
    image = photo(height, width)
    sides = [round(256 * side / min(height, width)) for side in (height, width)]
    seen = functional.center_crop(functional.resize(Image.fromarray(image), sides), [224, 224])
    np.testing.assert_array_equal(square(image, 256)[16:240, 16:240], np.asarray(seen))


def test_a_stretched_square_holds_the_whole_image_as_torchvision_brings_it_to_two_sides() -> None:
    image = photo(90, 140)
    seen = functional.resize(Image.fromarray(image), [256, 256])
    np.testing.assert_array_equal(square(image, 256, "stretch"), np.asarray(seen))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(tmp_path: Path, orientation: int) -> None:
    stored = {
        1: UPRIGHT,
        2: UPRIGHT[:, ::-1],
        3: UPRIGHT[::-1, ::-1],
        4: UPRIGHT[::-1],
        5: UPRIGHT.transpose(1, 0, 2),
        6: np.rot90(UPRIGHT),
        7: UPRIGHT.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(UPRIGHT, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "image.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "image.png"), UPRIGHT)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(np.array([[0, 255, 0], [255, 0, 255]], dtype=np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode)
    image.save(tmp_path / "image.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "image.tif"), np.repeat(np.asarray(grey)[:, :, None], 3, 2))


def test_colours_under_transparency_are_kept_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    image = Image.fromarray(photo(8, 8)).quantize(16)
    image.save(tmp_path / "image.png", transparency=bytes(range(0, 160, 10)))
    np.testing.assert_array_equal(read_image(tmp_path / "image.png"), np.asarray(image.convert("RGB")))
    assert not recwarn.list


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P"])
def test_a_mask_is_true_where_it_is_255(tmp_path: Path, mode: str) -> None:
    mask = np.random.default_rng(0).random((5, 7)) < 0.5
    Image.fromarray(mask.astype(np.uint8) * 255).convert("RGB").convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), mask)
