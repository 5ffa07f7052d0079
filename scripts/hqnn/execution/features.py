"""Frozen features of a table of images, batch by batch; a killed job goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from hqnn.errors import UserError
from hqnn.models.augmentation import Augmentation, Variants
from hqnn.models.backbone_widths import SIZE
from hqnn.models.backbones import Backbone, load_backbone
from hqnn.models.views import view
from hqnn.store import add_column, explained_writes, file_digest, new_table, open_table, read_attributes, versions

CARRIED = ("study", "dataset", "classes", "fit")  # attributes of the images that hold for their features


def extract_features(
    output: str | os.PathLike[str],
    *,
    samples: str | os.PathLike[str],
    backbone: str,
    weights: str = "random",
    views: Sequence[str] = ("centre",),
    augmentation: Augmentation = Augmentation(),  # noqa: B008 - frozen
    batch_size: int = 32,
    seed: int = 0,
    code: str = "",
    terminal: TextIO | None = None,
) -> None:
    """Write the features that a frozen backbone sees in every image of a table.

    The table has the rows of the samples: `features` float32 (samples, width), of the first view; `labels`; with more
    views, `views` float32 (samples, views, width), of all; and, with copies, `augmented` float32 (samples, copies,
    width), of random variants. Its attributes say which weights were used.
    Finished batches lie in ``<output>.part`` until all are done; a second call with the same images, weights and
    settings goes on from there, and gives the same numbers. Memory is that of one batch, whatever the samples.

    Args:
        output: of the table.
        samples: table with `images` uint8 (samples, height, width, 3), at least 224 x 224 pixels, and `labels`.
        backbone: see `load_backbone`.
        weights: see `load_backbone`.
        views: of each image, see `hqnn.models.views`.
        augmentation: how variants are drawn.
        batch_size: images that go through the backbone together.
        seed: of random weights and of the variants.
        code: digest of the code and packages that extract; what others began is not gone on with.
        terminal: where a progress bar goes, if it is one.

    Raises:
        UserError: a file is missing, damaged or does not fit, a feature is not finite, or the disk is full.
    """
    frozen = load_backbone(backbone, weights, seed=seed)
    extraction = Extraction(frozen, tuple(views), Variants(augmentation, seed), batch_size)
    with open_table(samples) as file:
        images = _images(file, samples)
        carried = {key: value for key, value in read_attributes(file).items() if key in CARRIED}
        about = carried | {
            "samples_sha256": file_digest(samples),
            "backbone": backbone,
            "weights": frozen.weights,
            "shown": list(views),
            "augmentation": asdict(augmentation),
            "batch_size": batch_size,
            "seed": seed,
        }
        part = Path(f"{output}.part")
        with explained_writes(part):
            extraction.run(images, part, _digest(about, code), terminal)
        with new_table(output, about) as table:
            add_column(table, "labels", file["labels"][()])
            extraction.copy(part, table, len(images))
    part.unlink()


@dataclass(frozen=True)
class Extraction:
    """Features of all images into a plain file: a digest of what they are of, then a row of numbers an image.

    A file that only grows is whole up to its last full batch wherever a kill cut it, as an HDF5 file is not.

    Attributes:
        backbone: gives the features.
        views: of each image.
        variants: of each image, beside its views.
        batch_size: images a step.
    """

    backbone: Backbone
    views: tuple[str, ...]
    variants: Variants
    batch_size: int

    @property
    def shape(self) -> tuple[int, int]:
        """Of a row: the image's views and its variants, features of each."""
        return len(self.views) + self.variants.copies, self.backbone.width

    def run(self, images: h5py.Dataset, part: Path, digest: str, terminal: TextIO | None) -> None:
        """Go on with a file until all images are in it."""
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("r+b" if part.exists() else "w+b") as file:
            done = self._resume(file, digest, len(images))
            bar = tqdm(
                total=len(images), initial=done, desc=self.backbone.name, file=terminal, disable=not _tty(terminal)
            )
            with bar:
                for start in range(done, len(images), self.batch_size):
                    batch = images[start : start + self.batch_size]
                    file.write(self.rows(batch, start).tobytes())
                    file.flush()
                    os.fsync(file.fileno())
                    bar.update(len(batch))

    def rows(self, images: NDArray[np.uint8], start: int) -> NDArray[np.float32]:
        """Features of a batch and of its variants.

        Args:
            images: shape (batch, height, width, 3).
            start: row of the first.

        Returns:
            Shape (batch, views + copies, width).
        """
        pictures = torch.from_numpy(images).permute(0, 3, 1, 2)
        kinds: list[Tensor] = [self.backbone.features(view(pictures, name)) for name in self.views]
        kinds += [
            self.backbone.features(self.variants.draw(pictures, start, copy)) for copy in range(self.variants.copies)
        ]
        rows: NDArray[np.float32] = torch.stack(kinds, dim=1).numpy()
        if not np.isfinite(rows).all():
            raise UserError(
                f"{self.backbone.name} with the weights {self.backbone.weights} gives features that are not finite; "
                "take other weights"
            )
        return rows

    def copy(self, part: Path, table: h5py.File, samples: int) -> None:
        """Write the features of a complete file into a table, some rows at a time."""
        shown, copies, width = len(self.views), self.variants.copies, self.backbone.width
        places = {"views": slice(shown), "augmented": slice(shown, shown + copies)}
        sizes = {"features": (), "views": (shown,), "augmented": (copies,)}
        wanted = ["features", *(["views"] if shown > 1 else []), *(["augmented"] if copies else [])]
        columns = {
            name: add_column(table, name, np.empty((0, *sizes[name], width), np.float32), rows=samples)
            for name in wanted
        }
        with part.open("rb") as file:
            file.readline()
            for start in range(0, samples, self.batch_size):
                end = min(start + self.batch_size, samples)
                block = np.frombuffer(file.read((end - start) * self._row_bytes), np.float32)
                rows = block.reshape(end - start, *self.shape)
                for name, column in columns.items():
                    column[start:end] = rows[:, 0] if name == "features" else rows[:, places[name]]

    @property
    def _row_bytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(np.float32).itemsize

    def _resume(self, file: BinaryIO, digest: str, samples: int) -> int:
        """Cut a file after its last full batch, or begin it where it is of something else; how many rows it has."""
        header = f"{digest}\n".encode()
        if file.readline(len(header)) != header:
            file.seek(0)
            file.write(header)
            file.truncate()
        rows = (file.seek(0, os.SEEK_END) - len(header)) // self._row_bytes
        done = samples if rows >= samples else rows - rows % self.batch_size
        file.truncate(file.seek(len(header) + done * self._row_bytes))
        return int(done)


def _images(file: h5py.File, path: str | os.PathLike[str]) -> h5py.Dataset:
    missing = [name for name in ("images", "labels") if name not in file]
    if missing:
        raise UserError(f"{path} has no column {missing[0]!r}; delete it and run again")
    images = file["images"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or min(images.shape[1:3]) < SIZE:
        raise UserError(
            f"{path} holds images of shape {images.shape[1:]} and type {images.dtype} instead of 8-bit RGB of at least "
            f"{SIZE} x {SIZE} pixels; delete it and run again"
        )
    return images


def _digest(about: Mapping[str, Any], code: str) -> str:
    """Of everything that the numbers depend on."""
    return hashlib.sha256(
        json.dumps({**about, "versions": versions(), "code": code}, sort_keys=True).encode()
    ).hexdigest()


def _tty(terminal: TextIO | None) -> bool:
    return terminal is not None and terminal.isatty()
