"""From folders of images, or large images with masks, to one table."""

from __future__ import annotations

import csv
import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hqnn.data.class_folders import class_images, find_classes
from hqnn.data.groups import Grouping
from hqnn.data.image_files import read_image, read_mask, square
from hqnn.data.photographs.mask_patches import PatchRule, label_cells
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.data.splits import write_split
from hqnn.data.synthetic.photographs import CONCRETE_CLASSES, FACE_CLASSES, write_sample
from hqnn.settings.splits import Split
from hqnn.store import open_table, read_attributes, read_table


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "masks"
    write_sample("faces", folder, seed=1)
    return folder


@pytest.fixture(scope="module")
def cracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "cracks"
    write_sample("concrete", folder, seed=1)
    return folder


def sources(table: dict[str, np.ndarray]) -> list[str]:
    return [name.decode() for name in table["source"]]


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_the_images_by_class_and_name(masks: Path, tmp_path: Path, threads: int) -> None:
    summary = prepare_photographs(
        tmp_path / "samples.h5", masks, classes=FACE_CLASSES, size=48, threads=threads, about={"study": "masks"}
    )
    table, about = read_table(tmp_path / "samples.h5")
    names = [path for name in FACE_CLASSES for path in sorted((masks / name).iterdir())]
    assert sources(table) == [path.relative_to(masks).as_posix() for path in names]
    np.testing.assert_array_equal(table["labels"], np.repeat([0, 1], 32))
    np.testing.assert_array_equal(table["images"], np.stack([square(read_image(path), 48) for path in names]))
    assert summary.counts == {"no_mask": 32, "mask": 32}
    assert (about["classes"], about["study"], about["dropped"]) == (list(FACE_CLASSES), "masks", [])
    with open_table(tmp_path / "samples.h5") as file:
        digests = [digest.decode() for digest in file["inputs/sha256"]]
    assert digests == [hashlib.sha256(path.read_bytes()).hexdigest() for path in names]


def test_classes_are_the_folders_found_or_named(masks: Path) -> None:
    assert find_classes(masks) == ("mask", "no_mask")
    assert [label for _, label in class_images(masks, ("no_mask",))] == [0] * 32


def test_images_lie_at_any_depth_and_hidden_files_do_not_count(masks: Path, tmp_path: Path) -> None:
    for name, place in (("a", "a/x/deep"), ("b", "b")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "._1.JPG").write_bytes(b"of a Macintosh")
        (tmp_path / place / "notes.txt").write_text("no image")
        Image.new("RGB", (9, 9)).save(tmp_path / place / f"{name}.JPG", "JPEG")
    found = class_images(tmp_path, find_classes(tmp_path))
    assert found == [(tmp_path / "a/x/deep/a.JPG", 0), (tmp_path / "b/b.JPG", 1)]


def test_groups_come_from_the_table_beside_the_images(cracks: Path, tmp_path: Path) -> None:
    grouping = Grouping("patches.csv", ("source_image", "site"))
    prepare_photographs(tmp_path / "samples.h5", cracks, classes=CONCRETE_CLASSES, size=32, grouping=grouping)
    table, _ = read_table(tmp_path / "samples.h5")
    with open_table(tmp_path / "samples.h5") as file:
        names = {group: read_attributes(file[f"group_{group}"])["names"] for group in grouping.columns}
    rows = {row["file"]: row for row in csv.DictReader((cracks / "patches.csv").open())}
    for position, source in enumerate(sources(table)):
        for group in grouping.columns:
            assert names[group][table[f"group_{group}"][position]] == rows[source][group]
    split = Split(train=0.6, validation=0.2, test=0.2, group="site")
    write_split(tmp_path / "samples.h5", tmp_path / "split.h5", split, seed=0)
    parts = read_table(tmp_path / "split.h5", "split")[0]["split"]
    for site in range(8):
        assert len(set(parts[table["group_site"] == site])) == 1


def test_cutting_large_images_gives_the_patches_in_the_folders(cracks: Path, tmp_path: Path) -> None:
    prepare_photographs(tmp_path / "cut.h5", cracks / "large", classes=CONCRETE_CLASSES, size=64, patches=PatchRule())
    prepare_photographs(tmp_path / "whole.h5", cracks, classes=CONCRETE_CLASSES, size=64)
    cut, whole = (read_table(tmp_path / name)[0] for name in ("cut.h5", "whole.h5"))
    pixels = {
        f"large/{Path(source).stem.replace('__', '.png@')}": (label, image)
        for source, label, image in zip(sources(whole), whole["labels"], whole["images"], strict=True)
    }
    assert len(pixels) == len(cut["labels"])
    for source, label, image in zip(sources(cut), cut["labels"], cut["images"], strict=True):
        wanted, patch = pixels[f"large/{source}"]
        assert label == wanted
        np.testing.assert_array_equal(image, patch)
    photos = [source.split("@")[0] for source in sources(cut)]
    np.testing.assert_array_equal(cut["group_source_image"], np.unique(photos, return_inverse=True)[1])


def test_a_cell_is_marked_by_its_centre_and_clear_only_with_clear_surroundings() -> None:
    rule = PatchRule(size=10, centre=6, minimum=3, clearance=2)
    mask = np.zeros((30, 34), dtype=bool)
    mask[14, 12:15] = True  # the middle cell's centre
    mask[2, 2:4] = True  # two pixels in the centre of the first: too few
    mask[11, 29] = True  # a pixel at the border of (10, 20), within 2 of (0, 20)
    labels = {(row, column): label for row, column, label in label_cells(mask, rule)}
    assert labels == {
        (0, 0): None, (0, 10): 0, (0, 20): None,
        (10, 0): 0, (10, 10): 1, (10, 20): None,
        (20, 0): 0, (20, 10): 0, (20, 20): 0,
    }  # fmt: skip


def test_duplicates_are_dropped_by_name_and_those_in_two_classes_are_said_loudly(
    masks: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "raw"
    for name in FACE_CLASSES:
        (root / name).mkdir(parents=True)
        for path in sorted((masks / name).iterdir())[:3]:
            (root / name / path.name).write_bytes(path.read_bytes())
    first, last = sorted((root / "mask").iterdir())[0], sorted((root / "no_mask").iterdir())[-1]
    (root / "mask/z_copy.png").write_bytes(first.read_bytes())
    Image.open(first).resize((60, 60)).save(root / "mask/z_small.png")
    (root / "mask/z_other.png").write_bytes(last.read_bytes())
    summary = prepare_photographs(tmp_path / "samples.h5", root, classes=FACE_CLASSES, size=32)
    assert summary.counts == {"no_mask": 3, "mask": 4}
    assert summary.dropped == (
        {"source": "mask/z_copy.png", "reason": f"exact duplicate of mask/{first.name}"},
        {"source": "mask/z_small.png", "reason": f"near duplicate of mask/{first.name}"},
    )
    assert summary.conflicts == ({"source": "mask/z_other.png", "like": f"no_mask/{last.name}"},)
    assert read_table(tmp_path / "samples.h5")[1]["dropped"] == list(summary.dropped)
    assert "left out 1 exact duplicate, 11.1 % of all; 1 of 6 of mask: mask/z_copy.png" in caplog.text
    assert "in two classes" in caplog.text
    assert sum(prepare_photographs(tmp_path / "all.h5", root, size=32, duplicates="keep").counts.values()) == 9


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    generator, peaks = np.random.default_rng(0), []
    for images in (200, 800):
        for name in ("a", "b"):
            folder = tmp_path / str(images) / name
            folder.mkdir(parents=True)
            for number in range(images // 2):
                pixels = generator.integers(0, 256, (24, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:04d}.bmp")
        tracemalloc.start()
        prepare_photographs(tmp_path / "samples.h5", tmp_path / str(images), size=64)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2e6 < 600 * 64 * 64 * 3


@pytest.mark.data
def test_the_real_sets_lose_nothing_and_large_images_give_the_expected_counts(real_data: Path) -> None:
    large = real_data / "cracks/large"
    rules = {"any_px": PatchRule(centre=64, minimum=1, clearance=0), "rule": PatchRule()}
    for row in csv.DictReader((large / "expected_counts.csv").open()):
        mask = read_mask(large / f"{row['image']}_mask.png")
        for name, rule in rules.items():
            labels = [label for _, _, label in label_cells(mask, rule)]
            assert labels.count(1) == int(row[f"{name}_crack"])
            assert labels.count(0) == int(row[f"{name}_no_crack"])
            assert labels.count(None) == int(row.get(f"{name}_dropped", 0))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "classes", "counts", "grouping"),
    [
        ("masks", FACE_CLASSES, (205, 205), None),
        ("cracks", CONCRETE_CLASSES, (500, 723), Grouping("patches.csv", ("source_image", "site"))),
    ],
)
def test_nothing_of_the_real_sets_is_taken_for_a_duplicate(
    real_data: Path, tmp_path: Path, name: str, classes: tuple[str, str], counts: tuple[int, int], grouping: Grouping
) -> None:
    summary = prepare_photographs(
        tmp_path / "samples.h5", real_data / name, classes=classes, size=32, grouping=grouping
    )
    assert summary.counts == dict(zip(classes, counts, strict=True))
    assert not summary.dropped
    assert not summary.conflicts
