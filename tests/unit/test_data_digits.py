"""Small images: the same table from every kind of files, splits and draws as asked for."""

from __future__ import annotations

import gzip
import shutil
import struct
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits_files import (
    Part,
    mnist_files,
    random_parts,
    write_cifar_binary,
    write_cifar_python,
    write_class_folders,
    write_idx_set,
)
from hqnn.data.images.draws import draw, write_draw
from hqnn.data.images.prepare import draw_split, prepare_small_images
from hqnn.data.parts import TEST, TRAIN
from hqnn.data.rows import read_rows
from hqnn.data.samples import read_samples
from hqnn.data.synthetic.handwritten import write_digits
from hqnn.errors import UserError
from hqnn.store import add_column, open_table, read_table


def table(path: Path, output: Path, **options: object) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    prepare_small_images(path, output, **options)  # type: ignore[arg-type]
    return read_table(output)


def in_order(parts: dict[str, Part]) -> tuple[np.ndarray, np.ndarray]:
    both = parts["train"], parts["test"]
    return np.concatenate([part.images for part in both]), np.concatenate([part.labels for part in both])


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte"),
        ("kmnist-{}-images-idx3-ubyte", "kmnist-{}-labels-idx1-ubyte.gz"),
    ],
)
def test_idx_files_come_back_under_all_their_names(tmp_path: Path, images: str, labels: str) -> None:
    parts = random_parts(side=5, channels=1)
    read, about = table(write_idx_set(tmp_path / "raw", parts, images, labels), tmp_path / "samples.h5")
    wanted = in_order(parts)
    np.testing.assert_array_equal(read["images"], wanted[0])
    np.testing.assert_array_equal(read["labels"], wanted[1])
    assert read["split"].tolist() == [0] * 60 + [1] * 20
    assert read["source"][61].decode() == f"{images.format('t10k')}:1"
    assert (about["kind"], about["classes"]) == ("idx", [str(digit) for digit in range(10)])


def test_emnist_is_turned_upright_and_its_letters_are_named(tmp_path: Path) -> None:
    parts = random_parts(side=6, channels=1)
    parts = {name: Part(part.images[:, :4], part.labels % 3 + 1) for name, part in parts.items()}  # 4 rows, 6 columns
    folder = tmp_path / "raw"
    for subset in ("letters", "digits"):
        names = (f"emnist-{subset}-{{}}-images-idx3-ubyte", f"emnist-{subset}-{{}}-labels-idx1-ubyte")
        write_idx_set(folder, parts, *names)
    (folder / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    read, about = table(folder, tmp_path / "samples.h5", subset="emnist-letters")
    images, labels = in_order(parts)
    np.testing.assert_array_equal(read["images"], images.swapaxes(1, 2))
    np.testing.assert_array_equal(read["labels"], labels - 1)
    assert about["classes"] == ["Aa", "Bb", "Cc"]
    with pytest.raises(UserError, match=r"several sets of IDX files \(emnist-digits, emnist-letters\)"):
        prepare_small_images(folder, tmp_path / "other.h5")


def test_cifar_s_three_layouts_give_the_same_images(tmp_path: Path) -> None:
    parts = random_parts()
    images, labels = in_order(parts)
    write_cifar_python(tmp_path / "python", parts)
    write_cifar_python(tmp_path / "python5" / "cifar-10-batches-py", parts, protocol=5)
    write_cifar_binary(tmp_path / "binary", parts)
    for name, kind in (("python", "cifar_python"), ("python5", "cifar_python"), ("binary", "cifar_binary")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read, about = table(tmp_path / name, tmp_path / f"{name}.h5")
        np.testing.assert_array_equal(read["images"], images)
        np.testing.assert_array_equal(read["labels"], labels)
        assert read["split"].tolist() == [0] * 60 + [1] * 20
        assert about["kind"] == kind
    for part, content in parts.items():
        write_class_folders(tmp_path / "folders" / part, content)
    read, _ = table(tmp_path / "folders", tmp_path / "folders.h5")
    np.testing.assert_array_equal(read["images"], images)  # classes take turns, as the labels written here do
    np.testing.assert_array_equal(read["labels"], labels)


def test_an_archive_gives_the_table_of_its_folder_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "raw" / "set-1.0" / "images", random_parts()["train"])
    (tmp_path / "packed").mkdir()
    for name, format_ in (("set", "zip"), ("one", "gztar")):
        shutil.make_archive(str(tmp_path / ("packed" if name == "set" else "") / name), format_, tmp_path / "raw")
    wanted, _ = table(tmp_path / "raw", tmp_path / "out" / "folder.h5")
    for path in (tmp_path / "packed", tmp_path / "one.tar.gz"):
        read, _ = table(path, tmp_path / "out" / "archive.h5")
        assert {name: values.tolist() for name, values in read.items()} == {k: v.tolist() for k, v in wanted.items()}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["archive.h5", "folder.h5"]


def test_threads_change_nothing_and_grey_is_repeated_only_when_asked(tmp_path: Path) -> None:
    grey = random_parts(channels=1)["train"]
    folder = write_class_folders(tmp_path / "raw", grey, suffix=".jpeg")
    for threads in (1, 2):
        prepare_small_images(folder, tmp_path / f"{threads}.h5", threads=threads)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
    one = read_table(tmp_path / "1.h5")[0]["images"]
    three = table(folder, tmp_path / "3.h5", channels=3)[0]["images"]
    assert one.shape == (60, 32, 32, 1)
    np.testing.assert_array_equal(three, np.repeat(one, 3, axis=3))


def test_copies_do_not_lie_on_both_sides_of_a_drawn_split(tmp_path: Path) -> None:
    part = random_parts()["train"]
    folder = write_class_folders(tmp_path / "raw", part)
    for row in range(0, 20, 10):  # all are airplanes
        shutil.copy(folder / "airplane" / f"{row:04d}.png", folder / "airplane" / f"9{row:04d}.png")
    summary = prepare_small_images(folder, tmp_path / "samples.h5")
    read, about = read_table(tmp_path / "samples.h5")
    assert (summary.train, summary.test, summary.dropped) == (50, 10, {"copies": 2})
    assert about["dropped"] == {"copies": 2}
    assert len({image.tobytes() for image in read["images"]}) == 60
    with open_table(tmp_path / "samples.h5") as file:
        assert file["dropped/copy_of"].asstr()[:].tolist() == ["airplane/0000.png", "airplane/0010.png"]


def test_equal_images_of_two_classes_stay_in_one_part_and_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_class_folders(tmp_path / "raw", random_parts()["train"])
    pairs = {f"automobile/9{row:04d}.png": f"airplane/{row:04d}.png" for row in range(0, 60, 10)}
    for copy, first in pairs.items():
        shutil.copy(folder / first, folder / copy)
    prepare_small_images(folder, tmp_path / "samples.h5")
    read, about = read_table(tmp_path / "samples.h5")
    parts = dict(zip((name.decode() for name in read["source"]), read["split"], strict=True))
    assert len(parts) == 66 and about["dropped"] == {}
    assert all(parts[copy] == parts[first] for copy, first in pairs.items())
    assert "6 images in two classes at once; one label must be wrong, mend it: automobile/90000.png" in caplog.text
    with open_table(tmp_path / "samples.h5") as file:
        found = zip(file["conflicts/source"].asstr()[:], file["conflicts/like"].asstr()[:], strict=True)
        assert dict(found) == pairs


def test_a_published_split_keeps_its_copies_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = random_parts(side=4, channels=1)
    parts["test"].images[3] = parts["train"].images[7]
    summary = prepare_small_images(mnist_files(tmp_path / "raw", parts), tmp_path / "samples.h5")
    assert (summary.train, summary.test, summary.kept_copies, summary.dropped) == (60, 20, 1, {})
    assert "1 test image equal to a train image, kept since the set comes in parts" in caplog.text


def test_lists_beside_class_folders_are_the_split(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "raw", random_parts()["train"])
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    (folder / "train.txt").write_text("\n".join(names[::2]))
    (folder / "test.txt").write_text("\n".join(names[1:20:2]) + "\n")
    read, about = table(folder, tmp_path / "samples.h5")
    found = {split: {name.decode() for name in read["source"][read["split"] == split]} for split in (0, 1)}
    assert found == {0: set(names[::2]), 1: set(names[1:20:2])}
    assert about["dropped"] == {"not listed": 20}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_a_drawn_split_keeps_every_share_and_one_image_in_either_part(
    labels: list[int], share: float, seed: int
) -> None:
    values = np.array(labels, dtype=np.uint8)
    split = draw_split(values, share, seed)
    for label in set(labels):
        own = split[values == label]
        within = (1, len(own) - 1) if len(own) > 1 and 0 < share < 1 else (0, len(own))
        assert abs((own == 0).sum() - np.clip(share * len(own), *within)) <= 0.5
    np.testing.assert_array_equal(split, draw_split(values, share, seed))


@given(st.data(), st.integers(0, 9))
def test_a_draw_stays_within_the_split_and_has_the_size_asked_for(data: st.DataObject, seed: int) -> None:
    split = np.array(data.draw(st.permutations([0] * 30 + [1] * 12)), dtype=np.uint8)
    train, test = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 12))
    drawn = draw(split, train=train, test=test, seed=seed)
    assert [(drawn == code).sum() for code in (0, 1, 3)] == [train, test, 42 - train - test]
    assert (drawn[drawn != 3] == split[drawn != 3]).all()
    fixed = draw(split, train=train, test=None, seed=None)
    assert np.flatnonzero(fixed == 0).tolist() == np.flatnonzero(split == 0)[:train].tolist()
    assert ((fixed == 1) == (split == 1)).all()


def test_every_seed_draws_anew_and_every_image_as_often(tmp_path: Path) -> None:
    split = np.repeat(np.array([0, 1], dtype=np.uint8), (50, 20))
    times = sum((draw(split, train=10, test=5, seed=seed) < 3).astype(int) for seed in range(400))
    expected, spread = np.where(split == 0, 80, 100), np.sqrt(np.where(split == 0, 64, 75))
    assert (np.abs(times - expected) < 4.5 * spread).all() and times.std() > 4
    prepare_small_images(mnist_files(tmp_path / "raw"), tmp_path / "samples.h5")
    write_draw(tmp_path / "samples.h5", tmp_path / "split.h5", train=9, test=4, seed=3)
    assert np.bincount(read_table(tmp_path / "split.h5")[0]["split"]).tolist() == [9, 4, 0, 67]
    first, again = tmp_path / "first.h5", tmp_path / "again.h5"
    for output, seed in ((first, 3), (again, 4)):
        write_draw(tmp_path / "samples.h5", output, train=9, test=4, fixed=True, seed=seed)
    np.testing.assert_array_equal(read_table(first)[0]["split"], read_table(again)[0]["split"])
    with pytest.raises(UserError, match="a draw of 500 train images is asked for but there are 60"):
        write_draw(tmp_path / "samples.h5", tmp_path / "split.h5", seed=3)


@settings(max_examples=40)
@given(st.sets(st.integers(0, 699)), st.sampled_from([1, 7, 100, 900]))
def test_rows_read_chunk_by_chunk_are_the_rows_asked_for(rows: set[int], side: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (700, side * 8), dtype=np.uint8)
    with h5py.File("rows.h5", "w", driver="core", backing_store=False) as file:
        column = file.create_dataset("x", data=values, chunks=(side, side * 8) if side < 900 else None)
        wanted = np.array(sorted(rows), dtype=np.int64)
        np.testing.assert_array_equal(read_rows(column, wanted), values[wanted])


def test_images_of_one_split_are_contiguous_writable_and_checked(tmp_path: Path) -> None:
    parts = random_parts(side=28, channels=1, train=3000, test=500)
    prepare_small_images(mnist_files(tmp_path / "raw", parts), tmp_path / "samples.h5")
    read = read_samples(tmp_path / "samples.h5", TEST).features
    np.testing.assert_array_equal(read, parts["test"].images)
    assert read.flags.c_contiguous and read.flags.writeable
    with open_table(tmp_path / "samples.h5") as file:
        assert file["images"].fletcher32 and file["images"].compression is None and file["images"].chunks[0] < 3500
        offset = file["images"].id.get_chunk_info(0).byte_offset
    raw = bytearray((tmp_path / "samples.h5").read_bytes())
    raw[offset + 1000] ^= 1
    (tmp_path / "samples.h5").write_bytes(raw)
    with pytest.raises((OSError, UserError)):
        read_samples(tmp_path / "samples.h5", TRAIN)


def test_an_uncompressed_column_is_checksummed_all_the_same(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        column = add_column(file, "x", np.zeros((4096, 1000), dtype=np.uint8), compression=None)
        assert column.fletcher32 and column.compression is None and not column.shuffle and column.chunks[0] < 4096


def test_the_sample_is_the_digits_of_scikit_learn_and_always_the_same(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    for name in ("a", "b"):
        write_digits(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    read, _ = table(tmp_path / "a", tmp_path / "samples.h5")
    original, labels = load_digits(return_X_y=True)
    assert (read["split"] == 0).sum() == 1437 and (read["split"] == 1).sum() == 360
    np.testing.assert_array_equal(read["labels"], labels)
    assert read["images"].shape == (1797, 28, 28, 1)
    centre = read["images"][:, 4:24, 4:24, 0].astype(float)
    ends, edges = np.arange(1, 21), np.arange(0, 20, 2.5)[:, None]
    overlap = np.clip(np.minimum(ends, edges + 2.5) - np.maximum(ends - 1, edges), 0, None) / 2.5
    averaged = overlap @ centre @ overlap.T
    assert np.corrcoef(averaged.ravel(), original.ravel())[0, 1] > 0.97


@pytest.mark.data
def test_mnist_is_read_byte_for_byte(real_data: Path, tmp_path: Path) -> None:
    read, _ = table(real_data / "mnist", tmp_path / "samples.h5")
    for split, part in enumerate(("train", "t10k")):
        images = gzip.decompress((real_data / f"mnist/{part}-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((real_data / f"mnist/{part}-labels-idx1-ubyte.gz").read_bytes())
        assert images[:16] == struct.pack(">IIII", 2051, (60_000, 10_000)[split], 28, 28)
        assert read["images"][read["split"] == split].tobytes() == images[16:]
        assert read["labels"][read["split"] == split].tobytes() == labels[8:]
