"""One small set of labelled images, written in every kind of files."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hqnn.data.images.cifar import CLASSES
from hqnn.data.images.idx import write_idx


@dataclass(frozen=True)
class Part:
    images: np.ndarray
    labels: np.ndarray


def random_parts(seed: int = 0, train: int = 60, test: int = 20, side: int = 32, channels: int = 3) -> dict[str, Part]:
    generator = np.random.default_rng(seed)
    return {
        part: Part(
            generator.integers(0, 256, (size, side, side, channels), dtype=np.uint8),
            (np.arange(size) % 10).astype(np.uint8),
        )
        for part, size in (("train", train), ("test", test))
    }


def write_idx_set(folder: Path, parts: dict[str, Part], images: str, labels: str) -> Path:
    """File names with `{}` where the part goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in parts.items():
        name = "train" if part == "train" else "t10k"
        write_idx(folder / images.format(name), content.images[..., 0])
        write_idx(folder / labels.format(name), content.labels)
    return folder


def mnist_files(folder: Path, parts: dict[str, Part] | None = None) -> Path:
    chosen = parts or random_parts(side=8, channels=1)
    return write_idx_set(folder, chosen, "{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz")


def cifar_batches(parts: dict[str, Part]) -> dict[str, Part]:
    """Two train batches of unequal length, and the test batch."""
    train, test = parts["train"], parts["test"]
    half = len(train.labels) // 3
    return {
        "data_batch_1": Part(train.images[:half], train.labels[:half]),
        "data_batch_2": Part(train.images[half:], train.labels[half:]),
        "test_batch": test,
    }


def planes(images: np.ndarray) -> np.ndarray:
    """All red, then all green, then all blue values of an image, row by row."""
    return np.stack([images[..., colour].reshape(len(images), -1) for colour in range(3)], axis=1).reshape(
        len(images), -1
    )


def write_cifar_binary(folder: Path, parts: dict[str, Part]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in cifar_batches(parts).items():
        records = np.concatenate([part.labels[:, None], planes(part.images)], axis=1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


def write_cifar_python(folder: Path, parts: dict[str, Part], protocol: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in cifar_batches(parts).items():
        content = {b"data": planes(part.images), b"labels": part.labels.tolist(), b"batch_label": b"x"}
        raw = pickle.dumps(content, protocol)
        if protocol == 2:  # as the official files, which are older than NumPy 2
            raw = raw.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
        (folder / name).write_bytes(raw)
    return folder


def write_class_folders(folder: Path, part: Part, suffix: str = ".png") -> Path:
    for row, (image, label) in enumerate(zip(part.images, part.labels, strict=True)):
        path = folder / CLASSES[label] / f"{row:04d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(path)
    return folder
