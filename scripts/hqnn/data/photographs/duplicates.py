"""Images that are in a set twice: with equal pixels, or scaled, compressed, brightened or mirrored anew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hqnn.errors import UserError, nearest

Criterion = Literal["near", "exact", "keep"]
CRITERIA = ("near", "exact", "keep")
SIDE = 16  # of a thumbnail
COMPARED = 512  # thumbnails at once
PLAIN = 1.0  # grey levels: what varies less besides a smooth shade has nothing to be recognised by
DETAIL = 0.98  # least correlation of what varies besides a smooth shade; seen: 0.979 and more after such changes


@dataclass(frozen=True)
class Print:
    """What of an image is compared.

    Attributes:
        name: of the image.
        label: of its class.
        digest: sha256 of its shape and pixels.
        thumbnail: 16 x 16 grey values less their mean, scaled to [-127, 127], flat; 0 where it is plain, see `PLAIN`.
    """

    name: str
    label: int
    digest: bytes
    thumbnail: NDArray[np.int8]


@dataclass(frozen=True)
class Match:
    """An earlier image that one is like.

    Attributes:
        name: of the earlier image.
        label: of its class.
        exact: whether their pixels are equal.
    """

    name: str
    label: int
    exact: bool


def take_print(name: str, label: int, image: NDArray[np.uint8]) -> Print:
    """Take an image's print; shape (height, width, 3)."""
    digest = hashlib.sha256(f"{image.shape}".encode())
    digest.update(np.ascontiguousarray(image).data)
    small = Image.fromarray(image).convert("L").convert("F").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    values = np.asarray(small).ravel()
    centred = values - values.mean()
    if _detail(centred[None]).std() < PLAIN:
        centred = np.zeros_like(centred)
    scaled = centred * (127 / max(float(np.abs(centred).max()), 1.0))
    return Print(name, label, digest.digest(), np.rint(scaled).astype(np.int8))


class DuplicateFinder:
    """Finds each image's earlier likes among those kept so far.

    Two images are near duplicates where their thumbnails, or one and the other's mirror image, correlate by at least
    `similarity`, and what these hold besides a smooth shade by at least `DETAIL`: skies, walls and dark frames are all
    alike by their shade. Seen on photographs of faces and of concrete: 0.99 and more after scaling, JPEG compression or
    another brightness, at most 0.975 between different pictures. Plain images are duplicates only where equal. Cost is
    a matrix product, 256 multiplications a pair; memory 256 bytes an image.

    Args:
        criterion: `near`, `exact` (equal pixels only) or `keep` (nothing is looked for).
        similarity: least correlation of near duplicates.
    """

    def __init__(self, criterion: Criterion = "near", similarity: float = 0.99) -> None:
        if criterion not in CRITERIA:
            raise UserError(f"duplicates {criterion!r} is unknown{nearest(criterion, CRITERIA)}")
        if not 0 < similarity <= 1:
            raise UserError(f"similarity {similarity} is no correlation of duplicates; set it above 0 and to 1 at most")
        self.criterion = criterion
        self.similarity = similarity
        self._kept: list[tuple[str, int]] = []
        self._of_digest: dict[bytes, list[int]] = {}
        self._thumbnails: list[NDArray[np.int8]] = []  # blocks of COMPARED, the last one not full

    def add(self, prints: Sequence[Print]) -> list[list[Match]]:
        """Look for the earlier likes of some images, and keep those that have none of their own class.

        Returns:
            For each image its likes among the images kept before it.
        """
        earlier, within = self._near_kept(prints), self._near_within(prints)
        kept: dict[int, int] = {}  # position among these images to index among all kept
        found = []
        for position, image in enumerate(prints):
            exact = self._of_digest.get(image.digest, []) if self.criterion != "keep" else []
            near = [*earlier[position], *(index for other, index in kept.items() if within[position, other])]
            matches = [Match(*self._kept[index], index in exact) for index in sorted({*exact, *near})]
            if all(match.label != image.label for match in matches):
                kept[position] = self._keep(image)
            found.append(matches)
        return found

    def _keep(self, image: Print) -> int:
        index = len(self._kept)
        self._kept.append((image.name, image.label))
        self._of_digest.setdefault(image.digest, []).append(index)
        if index % COMPARED == 0:
            self._thumbnails.append(np.zeros((COMPARED, SIDE**2), dtype=np.int8))
        self._thumbnails[-1][index % COMPARED] = image.thumbnail
        return index

    def _near_kept(self, prints: Sequence[Print]) -> list[list[int]]:
        """Indices of the kept images that each image is near."""
        found: list[list[int]] = [[] for _ in prints]
        if self.criterion == "near":
            own = np.stack([image.thumbnail for image in prints])
            for block, others in enumerate(self._thumbnails):
                for position, other in np.argwhere(_near(own, others, self.similarity)).tolist():
                    found[position].append(block * COMPARED + other)
        return found

    def _near_within(self, prints: Sequence[Print]) -> NDArray[np.bool_]:
        """Which of these images are near each other, shape (images, images)."""
        if self.criterion != "near":
            return np.zeros((len(prints), len(prints)), dtype=bool)
        own = np.stack([image.thumbnail for image in prints])
        return _near(own, own, self.similarity)


def _near(one: NDArray[np.int8], other: NDArray[np.int8], similarity: float) -> NDArray[np.bool_]:
    """Which thumbnails are like which others, or like their mirror images; shape (one, other)."""
    others = other.astype(np.float32)
    near = np.zeros((len(one), len(other)), dtype=bool)
    for seen in (one, one.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(one.shape)):
        own = seen.astype(np.float32)
        rows, columns = np.nonzero(_unit(own) @ _unit(others).T >= similarity)
        detail = np.sum(_unit(_detail(own[rows])) * _unit(_detail(others[columns])), axis=1)
        near[rows, columns] |= detail >= DETAIL
    return near


def _detail(thumbnails: NDArray[Any]) -> NDArray[Any]:
    """Thumbnails less the quadratic surface that is nearest to each, shape (thumbnails, 256)."""
    return np.asarray(thumbnails - thumbnails @ SURFACES @ SURFACES.T)


def _surfaces() -> NDArray[np.float32]:
    """Quadratic surfaces over a thumbnail, orthonormal, shape (256, 6)."""
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, SIDE)] * 2))
    powers = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    return np.linalg.qr(powers)[0].astype(np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1))


SURFACES = _surfaces()
