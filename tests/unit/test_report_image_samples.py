"""What the page says of deep images is what lies in their table."""

from __future__ import annotations

from pathlib import Path

from hqnn.data.images.prepare import prepare_small_images
from hqnn.report.chapter import Folded, Shown, Words
from hqnn.report.images.samples import image_notes
from image_sets import write_patches, write_pictures

S2 = tuple(f"B{number:02}" for number in range(1, 14))


def test_size_depth_bands_and_the_numbers_of_each_part_and_class_are_said(tmp_path: Path) -> None:
    write_patches(tmp_path / "raw", names=S2)
    (tmp_path / "raw/River/4.tif").write_bytes(b"")
    prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5", unreadable="skip")
    words, numbers, lost = (block for block in image_notes(tmp_path / "samples.h5").blocks if block)
    assert isinstance(words, Words) and isinstance(numbers, Shown) and isinstance(lost, Folded)
    assert words.paragraphs[0] == f"9 images of 8 × 8 pixels, 13 bands of 16 bits ({', '.join(S2)})."
    assert words.paragraphs[1].count(" to ") == 2 + 13
    assert numbers.table.head == ("class", "train", "test", "together")
    assert [[cell.text for cell in row] for row in numbers.table.rows] == [
        ["Forest", "4", "1", "5"], ["River", "3", "1", "4"], ["all", "7", "2", "9"]
    ]  # fmt: skip
    assert [cell.text for cell in lost.table.rows[0]] == ["River/4.tif", "it is empty"]


def test_ordinary_images_and_those_of_two_classes_are_said(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    (root / "b/9.png").write_bytes((root / "a/0.png").read_bytes())
    prepare_small_images(root, tmp_path / "samples.h5")
    notes = image_notes(tmp_path / "samples.h5")
    words = notes.blocks[0]
    assert isinstance(words, Words) and words.paragraphs == ("7 images of 8 × 8 pixels, colours of 8 bits.",)
    assert notes.warnings == (
        "1 image equal to one of another class, so that one of two labels is wrong; see “Images”.",
    )
    assert image_notes(None).blocks == ()
