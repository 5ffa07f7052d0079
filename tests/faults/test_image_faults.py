"""Bad images: skipped by name or one sentence that names the file, and no half-written table."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hqnn.data.groups import Grouping
from hqnn.data.image_files import UnreadableImageError, read_image, read_mask
from hqnn.data.photographs.mask_patches import PatchRule
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.errors import UserError
from hqnn.store import read_table

SIDE = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "raw" / name).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"raw/{name}/{number}.png")
    return tmp_path / "raw"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    root = tmp_path / "large"
    root.mkdir()
    mask = np.zeros((64, 96), dtype=np.uint8)
    mask[10] = 255
    for name in ("one", "two"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, mask.shape, dtype=np.uint8)
        Image.fromarray(pixels if name == "one" else 255 - pixels).save(root / f"{name}.png")
        Image.fromarray(mask).save(root / f"{name}_mask.png")
    return root


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1500])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("no image at all")


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(bytes(content))


def inflate(path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    content = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, content)]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


DAMAGE = [
    (truncate, "truncated"),
    (empty, "it is empty"),
    (write_text, "it is no image"),
    (scramble, ""),
    (inflate, "decompression bomb, more than"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGE, ids=lambda value: getattr(value, "__name__", ""))
def test_an_unreadable_image_stops_the_run_or_is_skipped_by_name(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None], reason: str
) -> None:
    damage(folder / "b/2.png")
    with pytest.raises(UserError, match=rf"b/2\.png cannot be read as an image \(.*{reason}") as error:
        prepare_photographs(tmp_path / "out/samples.h5", folder, size=16, threads=2)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "out").iterdir())
    summary = prepare_photographs(tmp_path / "out/samples.h5", folder, size=16, unreadable="skip")
    assert summary.counts == {"a": 4, "b": 3}
    (dropped,) = read_table(tmp_path / "out/samples.h5")[1]["dropped"]
    assert dropped["source"] == "b/2.png"
    assert dropped["reason"].startswith("unreadable: ")
    assert reason in dropped["reason"]
    assert "left out 1 unreadable image, 12.5 % of all; 1 of 4 of b: b/2.png (" in caplog.text


def test_the_limit_of_pixels_is_the_user_s(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="32 x 32 pixels, more than 1000 pixels"):
        prepare_photographs(tmp_path / "samples.h5", folder, size=16, max_pixels=1000)


def test_pixels_of_32_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((3, 3), dtype=np.float32)).save(tmp_path / "deep.tif")
    with pytest.raises(UserError, match=r"deep\.tif cannot be .* \(1 band of 32 bits, float32; save 8 or 16"):
        read_image(tmp_path / "deep.tif")


def no_class(root: Path) -> dict[str, object]:
    shutil.rmtree(root / "b")
    return {}


def no_image(root: Path) -> dict[str, object]:
    for path in (root / "b").iterdir():
        path.unlink()
    return {}


def none_left(root: Path) -> dict[str, object]:
    for path in (root / "b").iterdir():
        path.write_bytes(b"")
    return {"unreadable": "skip"}


def table(text: str) -> Callable[[Path], dict[str, object]]:
    def write(root: Path) -> dict[str, object]:
        (root / "groups.csv").write_text(text)
        return {"grouping": Grouping("groups.csv", ("site",))}

    return write


ROWS = "".join(f"{name}/{number}.png,x\n" for name in "ab" for number in range(4))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_class, "holds 1 folder; two classes or more"),
        (no_image, r"raw/b holds no image; put the images of class 'b' there"),
        (none_left, "gives no image of class 'b' but 4 unreadable images; add some"),
        (lambda root: {"classes": ("a", "bb")}, "no folder 'bb' for that class; did you mean 'b'|no folder 'bb'"),
        (lambda root: {"classes": ("a", "a")}, "class 'a' is named twice"),
        (lambda root: {"unreadable": "ship"}, "unreadable 'ship' is unknown; did you mean 'skip'"),
        (lambda root: {"duplicates": "nearly"}, "duplicates 'nearly' is unknown; did you mean 'near'"),
        (lambda root: {"similarity": 0.0}, "similarity 0.0 is no correlation"),
        (table("file,sites\n" + ROWS), r"groups\.csv has no column 'site'; did you mean 'sites'"),
        (table("file,site\n" + ROWS[:-9]), r"groups\.csv has no row for b/3\.png"),
        (table("file,site\n" + ROWS[:-2] + "\n"), r"groups\.csv says no site for b/3\.png"),
        (table("file,site\na/0.png,y\n" + ROWS), r"groups\.csv names a/0\.png twice"),
        (lambda root: {"grouping": Grouping("none.csv", ())}, r"none\.csv cannot be read \(No such file"),
    ],
)
def test_a_folder_that_does_not_fit_is_said_in_one_sentence(
    folder: Path, tmp_path: Path, damage: Callable[[Path], dict[str, object]], message: str
) -> None:
    options = damage(folder)
    with pytest.raises(UserError, match=message) as error:
        prepare_photographs(tmp_path / "out/samples.h5", folder, size=16, **options)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("out/*"))


def drop_mask(root: Path) -> None:
    (root / "two_mask.png").unlink()


def drop_image(root: Path) -> None:
    (root / "two.png").unlink()


def crop_mask(root: Path) -> None:
    Image.open(root / "two_mask.png").crop((0, 0, 60, 64)).save(root / "two_mask.png")


def plank_mask(root: Path) -> None:
    mask = np.array(Image.open(root / "two_mask.png"))
    mask[40:50, 70:] = 204
    Image.fromarray(mask).convert("RGBA").save(root / "two_mask.png")


def paint_mask(root: Path) -> None:
    mask = Image.open(root / "two_mask.png").convert("RGB")
    mask.putpixel((5, 5), (255, 0, 0))
    mask.save(root / "two_mask.png")


def clear_folder(root: Path) -> None:
    for path in root.iterdir():
        path.unlink()


def second_image(root: Path) -> None:
    Image.open(root / "two.png").save(root / "two.bmp")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_mask, r"two\.png has no mask; put two_mask\.png beside it"),
        (drop_image, r"two_mask\.png has no image"),
        (crop_mask, r"two_mask\.png has 60 x 64 pixels but its image has 96 x 64"),
        (plank_mask, r"two_mask\.png holds the value 204"),
        (paint_mask, r"two_mask\.png is coloured"),
        (clear_folder, "holds no images with masks"),
        (second_image, "share one mask"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mask_that_does_not_fit_is_said_in_one_sentence(
    large: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    rule = PatchRule(size=32, centre=28)
    assert prepare_photographs(tmp_path / "whole.h5", large, size=16, patches=rule).counts == {"clear": 6, "marked": 6}
    damage(large)
    with pytest.raises(UserError, match=message):
        prepare_photographs(tmp_path / "samples.h5", large, size=16, patches=rule)
    assert not (tmp_path / "samples.h5").exists()


def test_a_rule_that_no_patch_can_meet_is_refused() -> None:
    with pytest.raises(UserError, match="centre of 70 pixels must lie within"):
        PatchRule(centre=70)
    with pytest.raises(UserError, match="10 mask pixels cannot be asked"):
        PatchRule(centre=3, minimum=10)


@pytest.mark.data
def test_the_awkward_real_files_load_or_are_named(real_data: Path, tmp_path: Path) -> None:
    odd = sorted((real_data / "masks/raw_odd").iterdir())
    sizes = {"01": (225, 225), "04": (489, 1191), "06": (362, 345), "07": (3404, 5106), "12": (60, 32)}
    for path in odd:
        if path.name[:2] in ("08", "09", "10"):
            with pytest.raises(UnreadableImageError, match=path.name):
                read_image(path)
        else:
            shape = read_image(path).shape
            assert shape[:2] == sizes.get(path.name[:2], shape[:2])
            assert shape[2] == 3
    for label, name in enumerate(("no_mask", "mask")):
        (tmp_path / "raw" / name).mkdir(parents=True)
        for path in odd[label::2]:
            shutil.copy(path, tmp_path / "raw" / name)
    summary = prepare_photographs(tmp_path / "samples.h5", tmp_path / "raw", unreadable="skip", threads=2)
    assert sum(summary.counts.values()) == 9
    assert sorted(loss["source"].split("/")[1][:2] for loss in summary.dropped) == ["08", "09", "10"]


@pytest.mark.data
def test_the_label_of_planking_is_not_taken_for_a_crack(real_data: Path) -> None:
    for path in (real_data / "cracks/large/original_labels").iterdir():
        with pytest.raises(UserError, match="holds the value 204"):
            read_mask(path)
