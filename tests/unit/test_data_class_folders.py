"""Class folders of any names and at any depth; what is left out of them is said."""

from __future__ import annotations

import logging
import os
import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hqnn.data import class_folders
from hqnn.data.class_folders import class_images, deepest, find_classes
from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.errors import UserError
from hqnn.store import read_table
from image_sets import write_pictures

ODD = ("-rf", "two\nlines", "$\\foo$", "a b", "a<b>", "ca{f}é", "it's", 'q"q', "{v2}")
Prepare = Callable[[Path, Path], object]


def small(root: Path, output: Path) -> None:
    prepare_small_images(root, output)


def photographs(root: Path, output: Path) -> None:
    prepare_photographs(output, root, size=16)


KINDS = pytest.mark.parametrize("prepare", [small, photographs])


@KINDS
def test_names_are_text_whatever_they_are(tmp_path: Path, prepare: Prepare) -> None:
    root = write_pictures(tmp_path / "set {v2}", ODD)
    for name in ODD:
        (root / name / "0.png").rename(root / name / "a<b> {0} $x$.png")
    prepare(root, tmp_path / "samples.h5")
    table, about = read_table(tmp_path / "samples.h5")
    assert about["classes"] == sorted(ODD)
    for label, source in zip(table["labels"], table["source"], strict=True):
        assert source.decode().split("/")[0] == about["classes"][label]


@KINDS
def test_hidden_things_and_what_a_macintosh_packs_do_not_count(tmp_path: Path, prepare: Prepare) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    for name in ("__MACOSX", ".cache", "a/.thumbnails", "b/__MACOSX"):
        write_pictures(root, (name,), seed=1)
    (root / "a/._0.png").write_bytes(b"of a Macintosh")
    prepare(root, tmp_path / "samples.h5")
    table, about = read_table(tmp_path / "samples.h5")
    assert about["classes"] == ["a", "b"] and len(table["labels"]) == 6


@KINDS
def test_classes_are_found_while_a_folder_has_one_child(tmp_path: Path, prepare: Prepare) -> None:
    deep = write_pictures(tmp_path / "raw/ds/images/remote/other/s2/rgb", ("Forest", "River"))
    assert deepest(tmp_path / "raw") == deep
    prepare(tmp_path / "raw", tmp_path / "samples.h5")
    table, about = read_table(tmp_path / "samples.h5")
    assert about["classes"] == ["Forest", "River"]
    assert {name.decode().split("/")[0] for name in table["source"]} == {"Forest", "River"}


@KINDS
def test_where_nothing_is_found_the_deepest_folder_is_named(tmp_path: Path, prepare: Prepare) -> None:
    write_pictures(tmp_path / "raw/one/two/three/four", ("alone",))
    with pytest.raises(UserError, match="three/four"):
        prepare(tmp_path / "raw", tmp_path / "samples.h5")


@KINDS
def test_files_that_are_not_looked_at_are_counted_loudly_where_they_are_many(
    tmp_path: Path, prepare: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"), each=30)
    caplog.set_level(logging.INFO)
    (root / "a/notes.txt").write_text("one of 31")
    prepare(root, tmp_path / "samples.h5")
    (said,) = (record for record in caplog.records if "unread" in record.getMessage())
    assert said.levelname == "INFO" and said.getMessage().endswith("left out 1 file unread: 1 .txt")
    for number in range(2):
        (root / f"b/{number}.HEIC").write_bytes(b"")
        (root / f"b/{number}").write_bytes(b"")
    prepare(root, tmp_path / "samples.h5")
    (said,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert said.getMessage().endswith(
        "left out 5 files unread: 2 .heic, 1 .txt, 2 without a suffix; 4 of 34 of b; save images among them as .png"
    )


@KINDS
def test_a_class_of_one_image_is_said_loudly(
    tmp_path: Path, prepare: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    write_pictures(tmp_path / "raw", ("a", "b"), each=10)
    write_pictures(tmp_path / "raw", ("rare",), each=1, seed=1)
    prepare(tmp_path / "raw", tmp_path / "samples.h5")
    assert "1 class with one image only: rare; add some" in caplog.text


def test_parts_above_the_classes_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for seed, (part, each) in enumerate((("train", 4), ("Valid", 1), ("test", 2))):
        write_pictures(tmp_path / "raw" / part, ("a", "b"), each=each, seed=seed)
    summary = prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5")
    assert (summary.train, summary.validation, summary.test) == (8, 2, 4)
    table, _ = read_table(tmp_path / "samples.h5")
    parts = {name.decode().split("/")[0]: code for name, code in zip(table["source"], table["split"], strict=True)}
    assert parts == {"train": 0, "test": 1, "Valid": 2}
    prepare_photographs(tmp_path / "other.h5", tmp_path / "raw", size=16)
    photos, about = read_table(tmp_path / "other.h5")
    assert about["classes"] == ["a", "b"] and "the shares and seeds of splits change nothing" in caplog.text
    given = {name.decode().split("/")[0]: code for name, code in zip(photos["source"], photos["part"], strict=True)}
    assert given == parts and len(photos["part"]) == 14
    write_pictures(tmp_path / "raw/val", ("a", "b"))
    with pytest.raises(UserError, match="two folders of one part, Valid and val"):
        prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5")


@pytest.mark.parametrize(
    "find", [find_classes, lambda root: class_images(root, [path.name for path in root.iterdir()])]
)
def test_more_classes_than_labels_are_said_before_anything_is_read(
    tmp_path: Path, find: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_folders, "MOST_CLASSES", 5)
    for number in range(6):
        (tmp_path / f"c{number:03}").mkdir()
    with pytest.raises(UserError, match="has 6 classes but at most 5"):
        find(tmp_path)


@KINDS
def test_an_empty_class_is_a_sentence_that_says_what_it_holds(tmp_path: Path, prepare: Prepare) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b", "c"))
    for path in (root / "b").iterdir():
        path.rename(path.with_suffix(".heic"))
    with pytest.raises(UserError, match=r"b holds no image but 3 \.heic; put the images of class 'b' there"):
        prepare(root, tmp_path / "samples.h5")


def test_a_name_that_is_no_utf8_is_said(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    (root / "a/0.png").rename(root / "a" / os.fsdecode(b"\xff.png"))
    with pytest.raises(UserError, match=r"\\xff\.png' is no name in UTF-8; rename it"):
        class_images(root, ("a", "b"))


def test_a_strip_takes_no_memory(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    Image.new("RGB", (1, 16_000)).save(root / "a/strip.png")
    tracemalloc.start()
    summary = prepare_photographs(tmp_path / "samples.h5", root, size=64, unreadable="skip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert summary.dropped[0]["reason"] == "unreadable: 1 x 16000 pixels, more than 50 times as long as wide"
    with pytest.raises(UserError, match=r"strip\.png cannot be read as an image \(1 x 16000 pixels, more than 4096"):
        prepare_small_images(root, tmp_path / "small.h5")


def test_validation_images_are_tested_where_there_is_no_test_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for seed, part in enumerate(("train", "val")):
        write_pictures(tmp_path / "raw" / part, ("ants", "bees"), seed=seed)
    summary = prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5")
    assert (summary.train, summary.test, summary.validation) == (6, 6, 0)
    assert "has no folder 'test', so that val is the test part" in caplog.text


@KINDS
def test_three_hundred_classes_have_labels_of_16_bits(tmp_path: Path, prepare: Prepare) -> None:
    names = tuple(f"c{number:03}" for number in range(300))
    prepare(write_pictures(tmp_path / "raw", names, each=2), tmp_path / "samples.h5")
    table, _ = read_table(tmp_path / "samples.h5")
    assert table["labels"].dtype == np.uint16 and (np.bincount(table["labels"]) == 2).all()
    for label, source in zip(table["labels"], table["source"], strict=True):
        assert source.decode().startswith(f"c{label:03}/")


@KINDS
def test_a_name_is_one_class_however_unicode_writes_it(tmp_path: Path, prepare: Prepare) -> None:
    composed, parted = (unicodedata.normalize(form, "Blätter") for form in ("NFC", "NFD"))
    root = write_pictures(tmp_path / "raw", (parted, "b"))
    assert [label for _, label in class_images(root, ("b", composed))] == [0] * 3 + [1] * 3
    write_pictures(tmp_path / "raw", (composed,))
    with pytest.raises(UserError, match="has two folders that both read 'Blätter'"):
        prepare(root, tmp_path / "samples.h5")


@KINDS
def test_links_are_followed_once_and_those_to_nothing_are_counted(
    tmp_path: Path, prepare: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    write_pictures(tmp_path, ("elsewhere",), seed=9)
    (root / "a/linked").symlink_to(tmp_path / "elsewhere")
    (root / "a/back").symlink_to(root / "a")
    (root / "b/gone.png").symlink_to(tmp_path / "nothing.png")
    os.mkfifo(root / "b/pipe.png")
    prepare(root, tmp_path / "samples.h5")
    table, _ = read_table(tmp_path / "samples.h5")
    assert np.bincount(table["labels"]).tolist() == [6, 3]
    assert "left out 2 files unread: 1 dead link, 1 no regular file" in caplog.text


@KINDS
def test_folders_within_classes_are_not_told_apart_and_that_is_said(
    tmp_path: Path, prepare: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    for seed, name in enumerate(("a", "b")):
        write_pictures(tmp_path / "raw" / name, ("2019", "2020"), seed=seed)
    prepare(tmp_path / "raw", tmp_path / "samples.h5")
    table, about = read_table(tmp_path / "samples.h5")
    assert about["classes"] == ["a", "b"] and len(table["labels"]) == 12
    assert "folders within a class are not told apart, in 2 classes such as a (2019, 2020)" in caplog.text


def test_several_sets_in_a_folder_are_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "raw/one", ("a", "b"))
    write_pictures(tmp_path / "raw/two", ("c", "d"))
    (tmp_path / "raw/notes").mkdir()
    with pytest.raises(UserError, match="holds several sets, in one, two; name the folder of one of them"):
        prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5")


@KINDS
def test_no_message_shows_an_address(tmp_path: Path, prepare: Prepare) -> None:
    root = write_pictures(tmp_path / "raw", ("a", "b"))
    for damage in (b"no image", b"", np.random.default_rng(0).bytes(300), b"II*\0" + bytes(300)):
        (root / "a/0.png").write_bytes(damage)
        with pytest.raises(UserError, match=r"a/0\.png cannot be read as an image") as caught:
            prepare(root, tmp_path / "samples.h5")
        assert not any(word in str(caught.value) for word in ("0x", "BytesIO", "vsimem", "\n"))
