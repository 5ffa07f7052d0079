"""Small synthetic photographs: faces with and without a mask, and concrete with and without cracks."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hqnn.data.folders import whole_folder
from hqnn.data.photographs.mask_patches import PatchRule, label_cells
from hqnn.data.synthetic.concrete import draw_concrete, draw_surface
from hqnn.data.synthetic.faces import draw_face
from hqnn.errors import UserError, nearest

FACE_CLASSES = ("no_mask", "mask")
CONCRETE_CLASSES = ("no_crack", "crack")
QUALITY = 88


def write_sample(kind: str, folder: str | os.PathLike[str], *, seed: int) -> None:
    """Write a synthetic set.

    Args:
        kind: `faces` or `concrete`.
        folder: where; replaced if it exists.
        seed: of everything that is random; the same one gives the same files.

    Raises:
        UserError: there is no such kind, or the folder cannot be written.
    """
    if kind not in SAMPLES:
        raise UserError(f"no sample is called {kind!r}{nearest(kind, SAMPLES)}")
    with whole_folder(folder) as root:
        SAMPLES[kind](root, seed)


def write_faces(root: Path, seed: int, images: int = 64) -> None:
    """Write drawn faces, `mask` and `no_mask` in equal numbers, every third one a PNG and the others JPEG."""
    for number in range(images):
        label = number % 2
        face = draw_face(bool(label), np.random.default_rng((seed, number)))
        path = root / FACE_CLASSES[label] / f"face_{number:03d}"
        path.parent.mkdir(exist_ok=True)
        if number % 3:
            Image.fromarray(face).save(path.with_suffix(".jpg"), quality=QUALITY)
        else:
            Image.fromarray(face).save(path.with_suffix(".png"))


def write_concrete(root: Path, seed: int, sites: int = 8, photos: int = 2, side: int = 192) -> None:
    """Write grey photographs of concrete with masks in `large`, and their patches in `crack` and `no_crack`.

    `patches.csv` says of each patch the image it was cut from and the site.
    """
    for folder in ("large", *CONCRETE_CLASSES):
        (root / folder).mkdir()
    rows = []
    for site in range(sites):
        generator = np.random.default_rng((seed, site))
        surface = draw_surface(generator)
        for photo in range(photos):
            image, mask = draw_concrete(surface, side, int(generator.integers(1, 4)), generator)
            name = f"site{site}_{photo}"
            Image.fromarray(image).save(root / f"large/{name}.png")
            Image.fromarray(mask.astype(np.uint8) * 255).save(root / f"large/{name}_mask.png")
            rows += [(path, name, f"site{site}") for path in _write_patches(root, name, image, mask)]
    with (root / "patches.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("file", "source_image", "site"))
        writer.writerows(rows)


def _write_patches(root: Path, name: str, image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Iterator[str]:
    rule = PatchRule()
    for row, column, label in label_cells(mask, rule):
        if label is not None:
            path = f"{CONCRETE_CLASSES[label]}/{name}__y{row}_x{column}.png"
            Image.fromarray(image[row : row + rule.size, column : column + rule.size]).save(root / path)
            yield path


SAMPLES: Mapping[str, Callable[[Path, int], None]] = {"faces": write_faces, "concrete": write_concrete}
