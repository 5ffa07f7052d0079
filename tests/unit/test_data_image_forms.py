"""Whatever form an image is saved in, both kinds of study see the same picture, and what is assumed is said."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from hqnn.data.image_files import read_picture
from hqnn.data.images.decode import Form, decode
from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.limits import LARGE, SHRUNK, shrinking
from hqnn.data.orientation import TURNS, turned, upright
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.errors import UserError
from hqnn.store import read_table
from image_sets import write_patch, write_pictures

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")
Prepare = Callable[[Path, Path], object]


def small(root: Path, output: Path) -> None:
    prepare_small_images(root, output, channels=3, unreadable="skip")


def photographs(root: Path, output: Path) -> None:
    prepare_photographs(output, root, size=8, duplicates="keep", unreadable="skip")


KINDS = pytest.mark.parametrize("prepare", [small, photographs])


def picture(seed: int = 0, side: int = 8) -> Image.Image:
    """A smooth picture, which survives being compressed."""
    rows, columns = np.mgrid[:side, :side] * (200 / side)
    return Image.fromarray(np.stack([rows, columns, rows / 2 + 40 + seed], axis=-1).astype(np.uint8))


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
        return ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    return image.convert("P").convert("PA") if mode == "PA" else image.convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_both_kinds_see_the_same_picture_in_every_mode(tmp_path: Path, mode: str) -> None:
    saved = in_mode(picture(), mode)
    path = tmp_path / ("image.png" if mode in ("P", "RGBA", "LA") else "image.tif")
    (saved.convert("RGBA") if mode == "PA" else saved).save(path)
    seen = read_picture(path)
    np.testing.assert_array_equal(decode(path, Form(channels=3)).pixels, seen.pixels)
    wanted = picture().convert("L").convert("RGB") if mode in ("L", "LA") else picture()
    if mode not in ("1", "P", "PA"):
        assert np.abs(seen.pixels.astype(int) - np.asarray(wanted)).mean() < 12
    assert [remark.split(":")[0].split(",")[0] for remark in seen.remarks] == (
        {"CMYK": ["in the inks of CMYK"], "LAB": ["in the colours of CIELAB"]}.get(mode, [])
    )


@pytest.mark.parametrize("suffix", [".jpg", ".jfif", ".webp", ".avif", ".jp2", ".bmp", ".ppm", ".gif", ".TIF", ".JPE"])
def test_what_pillow_reads_is_read_whatever_it_is_called(tmp_path: Path, suffix: str) -> None:
    for name in "ab":
        (tmp_path / "raw" / name).mkdir(parents=True)
        for number in range(2):
            image = picture(20 * number + 100 * (name == "b"), side=32)
            form = {".jfif": "JPEG", ".JPE": "JPEG"}.get(suffix)
            image.save(tmp_path / f"raw/{name}/{number}{suffix}", format=form)
    for prepare in (small, photographs):
        prepare(tmp_path / "raw", tmp_path / "samples.h5")
        assert len(read_table(tmp_path / "samples.h5")[0]["labels"]) == 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_arrays_and_images_are_turned_alike(orientation: int) -> None:
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    np.testing.assert_array_equal(
        upright(pixels, orientation), np.asarray(turned(Image.fromarray(pixels), orientation))
    )
    assert orientation == 1 or orientation in TURNS


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_of_16_bits_stand_upright_in_both_kinds(tmp_path: Path, orientation: int) -> None:
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    Image.fromarray(pixels).save(tmp_path / "deep.tif", tiffinfo={274: orientation})
    wanted = upright(pixels[:, :, None], orientation)
    np.testing.assert_array_equal(decode(tmp_path / "deep.tif", Form()).pixels, wanted)
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.tif").pixels[:, :, :1], wanted >> 8)


def profiled(image: Image.Image, path: Path) -> None:
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    image.save(path, icc_profile=wide)


def several(image: Image.Image, path: Path) -> None:
    image.save(path, save_all=True, append_images=[picture(90)])


def see_through(image: Image.Image, path: Path) -> None:
    image.putalpha(Image.fromarray(np.eye(image.height, image.width, dtype=np.uint8) * 255))
    image.save(path)


@KINDS
@pytest.mark.parametrize(
    ("save", "suffix", "said"),
    [
        (profiled, ".png", "1 image with the colour profile 'XYZ"),
        (several, ".tif", "1 image with several images in one file: the first is taken"),
        (several, ".gif", "1 image with several images in one file: the first is taken"),
        (see_through, ".png", "1 image with transparent pixels: the colours under them are taken"),
        (see_through, ".tif", "1 image with a fourth band that is taken as transparency"),
    ],
)
def test_what_is_assumed_is_said_once(
    tmp_path: Path,
    prepare: Prepare,
    save: Callable[[Image.Image, Path], None],
    suffix: str,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    save(picture(), root / f"a/odd{suffix}")
    prepare(root, tmp_path / "samples.h5")
    table, _ = read_table(tmp_path / "samples.h5")
    assert len(table["labels"]) == 7
    assert caplog.text.count(said) == 1


@KINDS
def test_images_of_fewer_bits_than_said_are_called_dark(
    tmp_path: Path, prepare: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    for path in root.rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) // 16).save(path)
    prepare(root, tmp_path / "samples.h5")
    assert "no image is brighter than 15 of 255" in caplog.text


@KINDS
def test_a_class_that_loses_all_of_its_images_is_named(tmp_path: Path, prepare: Prepare) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    for path in (root / "b").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="gives no image of class 'b' but 3 unreadable images; add some"):
        prepare(root, tmp_path / "samples.h5")


def test_small_images_that_cannot_be_read_are_left_out_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"), each=6)
    (root / "a/0.png").write_bytes(b"")  # the first one, whose size others are compared with
    summary = prepare_small_images(root, tmp_path / "samples.h5", unreadable="skip")
    assert (summary.train + summary.test, summary.dropped) == (11, {"unreadable": 1})
    assert "left out 1 unreadable image, 8.3 % of all; 1 of 6 of a: a/0.png (it is empty)" in caplog.text
    with pytest.raises(UserError, match=r"a/0\.png cannot be read as an image \(it is empty\)"):
        prepare_small_images(root, tmp_path / "samples.h5")
    with pytest.raises(UserError, match="unreadable 'skp' is unknown; did you mean 'skip'"):
        prepare_small_images(root, tmp_path / "samples.h5", unreadable="skp")  # type: ignore[arg-type]


def test_images_of_floats_among_photographs_are_left_out_not_the_end(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    write_patch(root / "a/float.tif", np.ones((8, 8, 1), dtype=np.float32))
    summary = prepare_photographs(tmp_path / "samples.h5", root, size=16, unreadable="skip")
    assert summary.counts == {"a": 3, "b": 3}
    assert "1 band of 32 bits, float32" in summary.dropped[0]["reason"]


def test_a_large_image_is_shrunk_to_the_mean_of_its_pixels(tmp_path: Path) -> None:
    side = 4900
    assert side**2 > LARGE and (side / shrinking(side, side)) ** 2 <= SHRUNK
    rows = np.arange(side, dtype=np.uint16) * 13
    Image.fromarray((rows >> 8).astype(np.uint8)[:, None].repeat(side, axis=1)).save(tmp_path / "grey.png")
    write_patch(tmp_path / "deep.tif", np.repeat(rows[:, None, None], side, axis=1), compress="deflate")
    for name in ("grey.png", "deep.tif"):
        seen = read_picture(tmp_path / name, shrunk=True).pixels
        factor = shrinking(side, side)
        wanted = rows[: side - side % factor].reshape(-1, factor).mean(axis=1) / 256
        np.testing.assert_allclose(seen[: len(wanted), 7, 0], wanted, atol=1)


def bomb(path: Path, width: int, height: int) -> None:
    """A PNG of black, of a few kilobytes for hundreds of megabytes."""
    packer = zlib.compressobj(1)
    line = bytes(1 + 3 * width)
    content = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + content, b"IEND"]
    packed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))


def test_memory_is_bounded_whatever_the_shape(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    bomb(root / "a/large.png", 9400, 9400)
    Image.new("RGB", (1, 300_000)).save(root / "a/strip.png")
    program = (
        "import re, sys; from pathlib import Path; from hqnn.data.photographs.prepare import prepare_photographs; "
        "prepare_photographs(sys.argv[2], sys.argv[1], unreadable='skip'); "
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"  # no parent's memory in it
    )
    command = [sys.executable, "-c", program, str(root), str(tmp_path / "samples.h5")]
    kilobytes = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert kilobytes < 500 << 10
