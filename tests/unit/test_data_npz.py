"""NPZ files give the images, labels and parts that NumPy reads from them, and are never unpickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hqnn.data.images.npz import find_npz
from hqnn.data.images.prepare import prepare_small_images
from hqnn.errors import UserError
from hqnn.store import read_table

SIZES = {"train": 12, "val": 4, "test": 6}


def medmnist(seed: int = 0, shape: tuple[int, ...] = (6, 5), dtype: str = "uint8") -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    arrays = {}
    for part, size in SIZES.items():
        arrays[f"{part}_images"] = generator.integers(0, 256, (size, *shape)).astype(dtype)
        arrays[f"{part}_labels"] = (np.arange(size) % 2).astype(np.uint8)[:, None]
    return arrays


def prepared(path: Path, output: Path, **options: object) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    prepare_small_images(path, output, **options)  # type: ignore[arg-type]
    return read_table(output)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((6, 5), "uint8"), ((6, 5, 3), "uint8"), ((6, 5, 13), "uint16"), ((6, 5), "float64")]
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("of_file", [True, False])
def test_parts_images_and_labels_are_those_of_the_file(
    tmp_path: Path, shape: tuple[int, ...], dtype: str, save: object, of_file: bool
) -> None:
    (tmp_path / "raw").mkdir()
    arrays = medmnist(shape=shape, dtype=dtype)
    save(tmp_path / "raw/set.npz", **arrays)  # type: ignore[operator]
    table, about = prepared(tmp_path / "raw" / ("set.npz" if of_file else ""), tmp_path / "samples.h5")
    assert (about["kind"], about["classes"]) == ("npz", ["0", "1"])
    for code, part in enumerate(("train", "test", "val")):
        own = table["split"] == code
        np.testing.assert_array_equal(table["images"][own].reshape(-1, *shape), arrays[f"{part}_images"])
        np.testing.assert_array_equal(table["labels"][own], arrays[f"{part}_labels"][:, 0])
    assert table["images"].dtype == ("float32" if dtype == "float64" else dtype)
    assert table["source"][12] == b"set.npz:test:0"


def test_plain_images_are_split_and_labels_may_be_text_or_any_whole_numbers(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    for labels, classes in ((np.array(["cat", "dog"] * 10), ["cat", "dog"]), (np.array([7.0, 3.0] * 10), ["3", "7"])):
        np.savez(tmp_path / "set.npz", images=images, labels=labels)
        table, about = prepared(tmp_path, tmp_path / "samples.h5", train_share=0.7)
        assert about["classes"] == classes
        assert np.bincount(table["split"]).tolist() == [14, 6]
        wanted = np.unique(labels, return_inverse=True)[1]
        np.testing.assert_array_equal(table["labels"], wanted)


def test_fewer_train_images_have_each_class_s_share_and_are_among_the_more(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **medmnist())
    parts = {}
    for train in (4, 6):
        table, _ = prepared(tmp_path, tmp_path / "samples.h5", train_images=train)
        parts[train] = table["split"]
        assert np.bincount(table["split"]).tolist() == [train, 6, 4, 12 - train]
        assert np.bincount(table["labels"][table["split"] == 0]).tolist() == [train // 2] * 2
    assert set(np.flatnonzero(parts[4] == 0)) < set(np.flatnonzero(parts[6] == 0))


def test_the_file_to_read_is_named_where_there_are_several(tmp_path: Path) -> None:
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", **medmnist(seed=len(name)))
    assert set(find_npz(tmp_path)) == {"one", "two"}
    with pytest.raises(UserError, match=r"several NPZ files \(one, two\); name one as subset"):
        prepare_small_images(tmp_path, tmp_path / "samples.h5")
    assert len(prepared(tmp_path, tmp_path / "samples.h5", subset="two", classes=("ill", "well"))[0]["labels"]) == 22


def changed(**changes: object) -> dict[str, object]:
    arrays: dict[str, object] = {**medmnist(), **changes}
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (changed(train_images=None), r"set\.npz holds the arrays .*; train_images, train_labels"),
        ({"x": np.zeros(3)}, r"set\.npz holds the arrays x; train_images"),
        (changed(train_images=np.array([[1, 2], {}], dtype=object)), "holds Python objects as train_images, which"),
        (changed(train_labels=np.array([{}] * 12, dtype=object)), "holds Python objects as train_labels"),
        (changed(train_images=np.zeros((12, 30))), r"holds train_images of shape \(12, 30\) and type float64"),
        (changed(train_images=np.zeros((12, 3, 6, 5), np.uint8)), r"with channels first; move them to the last axis"),
        (changed(train_images=np.asfortranarray(np.zeros((12, 6, 5), np.uint8))), "in the order of Fortran"),
        (changed(test_images=np.zeros((6, 6, 6), np.uint8)), "parts whose images differ in size or type"),
        (changed(train_labels=np.zeros(11, int)), r"has 12 images but train_labels has shape \(11,\)"),
        (changed(train_labels=np.zeros((12, 14), int)), "has 14 labels an image in train_labels"),
        (changed(train_labels=np.full(12, 0.5)), "holds train_labels that are no whole numbers"),
        ({"images": np.zeros((70_000, 1, 1)), "labels": np.arange(70_000)}, "70000 different labels but at most 65535"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_said_in_one_sentence(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(UserError, match=message) as caught:
        prepare_small_images(tmp_path, tmp_path / "out/samples.h5")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").glob("*"))


def test_named_classes_that_are_too_few_and_files_that_are_damaged_are_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **medmnist())
    with pytest.raises(UserError, match="holds the label 1 but 1 classes are named"):
        prepare_small_images(tmp_path, tmp_path / "samples.h5", classes=("only",))
    with pytest.raises(UserError, match="bands are chosen of images in class folders"):
        prepare_small_images(tmp_path, tmp_path / "samples.h5", bands=(1,))
    whole = (tmp_path / "set.npz").read_bytes()
    for damaged in (whole[:900], whole[:300] + bytes(100) + whole[400:], b"not a zip"):
        (tmp_path / "set.npz").write_bytes(damaged)
        with pytest.raises(UserError, match=r"set\.npz is cut off or damaged"):
            prepare_small_images(tmp_path, tmp_path / "samples.h5")


@pytest.mark.data
def test_breastmnist_has_its_published_counts(real_data: Path, tmp_path: Path) -> None:
    table, about = prepared(real_data / "breastmnist", tmp_path / "samples.h5", classes=("malignant", "benign"))
    counts = [np.bincount(table["labels"][table["split"] == part]).tolist() for part in range(3)]
    assert counts == [[147, 399], [42, 114], [21, 57]]
    assert (table["images"].shape, table["images"].dtype) == ((780, 28, 28, 1), np.uint8)
    assert about["kept_copies"] == 1
