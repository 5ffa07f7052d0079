"""Bad files of small images: one sentence that names the file, no half-written table, and nothing is executed."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits_files import Part, mnist_files, random_parts, write_cifar_binary, write_cifar_python, write_class_folders
from hqnn.data.images.idx import write_idx
from hqnn.data.images.prepare import prepare_small_images
from hqnn.errors import UserError


def refused(folder: Path, message: str, **options: object) -> None:
    """Preparing fails with one sentence, and leaves neither a table nor anything half-written."""
    output = folder.parent / "out" / "samples.h5"
    with pytest.raises(UserError, match=message) as caught:
        prepare_small_images(folder, output, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not output.parent.exists() or not any(output.parent.iterdir())


def train_images(folder: Path) -> Path:
    return folder / "train-images-idx3-ubyte.gz"


def train_labels(folder: Path) -> Path:
    return folder / "train-labels-idx1-ubyte.gz"


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))


def wrong_magic(folder: Path) -> None:
    edit(train_images(folder), lambda raw: struct.pack(">I", 0x803 + 1) + raw[4:])


def labels_as_images(folder: Path) -> None:
    shutil.copy(train_labels(folder), train_images(folder))


def cut_off_gzip(folder: Path) -> None:
    train_images(folder).write_bytes(train_images(folder).read_bytes()[:-400])


def no_gzip(folder: Path) -> None:
    train_labels(folder).write_bytes(b"<html>not found</html>")


def bytes_missing(folder: Path) -> None:
    edit(train_images(folder), lambda raw: raw[:-1])


def bytes_missing_uncompressed(folder: Path) -> None:
    raw = gzip.decompress(train_images(folder).read_bytes())
    train_images(folder).with_suffix("").write_bytes(raw[:-100])


def bytes_too_many(folder: Path) -> None:
    edit(train_images(folder), lambda raw: raw + b"\0")


def labels_too_many(folder: Path) -> None:
    edit(train_labels(folder), lambda raw: raw + b"\0")


def header_only_begun(folder: Path) -> None:
    edit(train_images(folder), lambda raw: raw[:9])


def monstrous_images(folder: Path) -> None:
    edit(train_images(folder), lambda raw: struct.pack(">IIII", 0x803, 60, 1 << 31, 1 << 31) + raw[16:])


def fewer_labels(folder: Path) -> None:
    write_idx(train_labels(folder), np.zeros(59, dtype=np.uint8))


def label_beyond(folder: Path) -> None:
    edit(train_labels(folder), lambda raw: raw[:-1] + b"\x0a")


def file_missing(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()


def other_test_size(folder: Path) -> None:
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.zeros((20, 9, 8), dtype=np.uint8))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (wrong_magic, r"train-images\S+ begins with 0x00000804 instead of 0x00000803"),
        (labels_as_images, r"train-images\S+ begins with 0x00000801 instead of 0x00000803"),
        (cut_off_gzip, r"train-images\S+ is cut off or damaged"),
        (no_gzip, r"train-labels\S+ is cut off or damaged"),
        (bytes_missing, r"train-images\S+ ends before what its header promises"),
        (bytes_missing_uncompressed, r"train-images-idx3-ubyte ends before what its header promises"),
        (bytes_too_many, r"train-images\S+ goes on behind"),
        (labels_too_many, r"train-labels\S+ goes on behind"),
        (header_only_begun, r"train-images\S+ ends within its header"),
        (monstrous_images, r"train-images\S+ claims images of 2147483648 x 2147483648 pixels"),
        (fewer_labels, r"train-labels\S+ has 59 labels but train-images\S+ has 60 images"),
        (label_beyond, r"train-labels\S+ holds the label 10 but the 10 classes have 0 to 9"),
        (file_missing, r"has no file like test-labels-idx1-ubyte"),
        (other_test_size, r"train and test images of 8 x 8 and 9 x 8 pixels"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damaged_idx_files_are_refused(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = mnist_files(tmp_path / "raw")
    damage(folder)
    refused(folder, message)


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (self.path,)


def test_a_pickle_that_would_run_something_is_refused_before_it_does(tmp_path: Path) -> None:
    folder = write_cifar_python(tmp_path / "raw", random_parts())
    (folder / "test_batch").write_bytes(pickle.dumps({b"data": Hostile(tmp_path / "made")}))
    refused(folder, r"test_batch is no pickled batch of arrays \(it wants posix\.mkdir\)")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps([1, 2]), "holds a list instead of a dictionary"),
        (pickle.dumps({b"labels": [1, 2]}), "does not hold `data` of 3072 bytes for each of its `labels`"),
        (pickle.dumps({b"labels": [1], b"data": np.zeros((2, 3072), np.uint8)}), "3072 bytes for each of its `labels`"),
        (pickle.dumps({b"labels": ["a"], b"data": np.zeros((1, 3072), np.uint8)}), "`labels` that are whole numbers"),
        (pickle.dumps({b"labels": [11], b"data": np.zeros((1, 3072), np.uint8)}), "holds the label 11 .* 10 classes"),
        (pickle.dumps({b"labels": [-1], b"data": np.zeros((1, 3072), np.uint8)}), "holds the label -1 .* 10 classes"),
        (b"\x80\x04\x95garbage", "test_batch is no pickled batch"),
    ],
)
def test_pickles_that_are_no_batches_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    folder = write_cifar_python(tmp_path / "raw", random_parts())
    (folder / "test_batch").write_bytes(content)
    refused(folder, message)


def test_binary_batches_of_a_wrong_size_or_label_are_refused(tmp_path: Path) -> None:
    folder = write_cifar_binary(tmp_path / "raw", random_parts())
    path = folder / "data_batch_2.bin"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    refused(folder, r"data_batch_2\.bin has 122919 bytes, which is no multiple of 3073")
    path.write_bytes(b"\x0a" + raw[1:])
    refused(folder, r"data_batch_2\.bin holds the label 10 but there are 10 classes")
    path.write_bytes(b"")
    refused(folder, r"data_batch_2\.bin has 0 bytes")
    path.write_bytes(raw)
    (folder / "test_batch.bin").unlink()
    refused(folder, r"has no test batch such as test_batch\.bin")


def test_class_folders_that_differ_between_train_and_test_are_refused(tmp_path: Path) -> None:
    for name, part in random_parts().items():
        write_class_folders(tmp_path / "raw" / name, part)
    (tmp_path / "raw/test/truck").rename(tmp_path / "raw/test/lorry")
    refused(tmp_path / "raw", r"different classes .*only train has truck; only test has lorry")
    shutil.rmtree(tmp_path / "raw/test")
    refused(tmp_path / "raw", "has no folder 'test'")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("../outside.png", r"lists '\.\./outside\.png', which would lie outside"),
        ("/etc/passwd", r"lists '/etc/passwd', which would lie outside"),
        ("bird/0002.png\nbird/9999.png", r"lists 'bird/9999\.png', which is no image in a class folder"),
        ("bird/0002.png\nbird/0002.png", r"lists bird/0002\.png twice"),
        ("airplane/0000.png", r"airplane/0000\.png is in both train\.txt and test\.txt"),
        ("", r"test\.txt is empty"),
        (None, r"test\.txt is missing beside the other list"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path: Path, lines: str | None, message: str) -> None:
    folder = write_class_folders(tmp_path / "raw", random_parts()["train"])
    (folder / "train.txt").write_text("airplane/0000.png\nairplane/0010.png\n")
    if lines is not None:
        (folder / "test.txt").write_text(lines)
    refused(folder, message)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def no_image(path: Path) -> None:
    path.write_text("not an image")


def other_size(path: Path) -> None:
    Image.new("RGB", (31, 32)).save(path)


def grey(path: Path) -> None:
    Image.new("L", (32, 32)).save(path)


def deep(path: Path) -> None:
    Image.fromarray(np.zeros((32, 32), dtype=np.uint16)).save(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, r"0007\.png cannot be read as an image"),
        (no_image, r"0007\.png cannot be read as an image"),
        (other_size, r"0007\.png has 32 x 31 pixels but \S+0000\.png has 32 x 32; set size"),
        (grey, r"0007\.png is grey but \S+0000\.png is coloured; make all of one kind, or set channels"),
        (deep, r"0007\.png is 1 band of 16 bits but \S+0000\.png is coloured"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_images_that_are_damaged_or_unlike_the_others_are_refused(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = write_class_folders(tmp_path / "raw", random_parts()["train"])
    damage(folder / "horse" / "0007.png")
    refused(folder, message)


def test_an_archive_that_climbs_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with zipfile.ZipFile(tmp_path / "raw" / "set.zip", "w") as file:
        file.writestr("../../escaped.txt", "x")
    refused(tmp_path / "raw", r"holds '\.\./\.\./escaped\.txt', which would lie outside")
    assert not (tmp_path / "escaped.txt").exists()


@pytest.mark.parametrize("mode", ["gz", "xz"])
def test_one_wrong_byte_in_an_archive_is_noticed(tmp_path: Path, mode: str) -> None:
    (tmp_path / "raw").mkdir()
    path = tmp_path / "raw" / f"set.tar.{mode}"
    noise = np.random.default_rng(0).bytes(40_000)  # which is stored as it is
    with tarfile.open(path, f"w:{mode}") as file:
        member = tarfile.TarInfo("noise.bin")
        member.size = len(noise)
        file.addfile(member, io.BytesIO(noise))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    refused(tmp_path / "raw", rf"set\.tar\.{mode} is damaged")


def test_what_is_not_there_or_not_known_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    refused(folder, "raw is missing")
    folder.mkdir()
    refused(folder, "holds no IDX files, CIFAR-10 batches, class folders or NPZ file and no archive")
    refused(folder, "holds no cifar python", kind="cifar_python")
    refused(folder, "kind 'cifar_pythn' is unknown; did you mean 'cifar_python'", kind="cifar_pythn")
    mnist_files(folder)
    refused(folder, "no IDX files of subset 'letters'", subset="letters")
    refused(folder, "the label 5 but the 5 classes have 0 to 4", classes=tuple("abcde"))


def test_settings_that_leave_a_part_empty_are_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "raw", random_parts()["train"])
    refused(folder, "gives 60 train and 0 test images", train_share=1.0)
    refused(folder, r"images\.train_images names 61 train samples, and \S+ has \d+ of", train_images=61)
    refused(folder, "channels is 2", channels=2)
    parts = random_parts(side=8, channels=1)
    empty = Part(parts["test"].images[:0], parts["test"].labels[:0])
    refused(mnist_files(tmp_path / "idx", {**parts, "test": empty}), r"t10k-images\S+ holds no image")
