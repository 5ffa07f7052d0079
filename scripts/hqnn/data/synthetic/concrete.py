"""Concrete with fine cracks, and where those are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Generator = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """What all photographs of one place have in common.

    Attributes:
        grey: mean value.
        grains: deviation of the texture at scales of 0.8, 3 and 25 pixels.
        angle: of the formwork's boards, in radians.
        board: their width in pixels.
    """

    grey: float
    grains: tuple[float, float, float]
    angle: float
    board: float


def draw_surface(generator: Generator) -> Surface:
    """Draw a place."""
    fine, middle, coarse = generator.uniform((5, 3, 3), (11, 7, 9))
    angle, board = generator.uniform((-0.2, 45), (0.2, 90))
    return Surface(generator.uniform(135, 205), (fine, middle, coarse), angle, board)


def draw_concrete(
    surface: Surface, side: int, cracks: int, generator: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Photograph concrete: texture, pores, joints between boards, and cracks 1 to 2 pixels wide.

    Joints are straight, dark and no cracks.

    Args:
        surface: of which place.
        side: of the image, in pixels.
        cracks: how many cross it.
        generator: the source of randomness.

    Returns:
        Grey values and mask, both of shape (side, side); the mask is 1 pixel wide.
    """
    image = np.full((side, side), surface.grey)
    for deviation, scale in zip(surface.grains, (0.8, 3, 25), strict=True):
        image += deviation * _noise((side, side), scale, generator)
    _add_pores(image, generator)
    _add_joints(image, surface, generator)
    mask = np.zeros((side, side), dtype=bool)
    for _ in range(cracks):
        _add_crack(image, mask, generator)
    image = gaussian_filter(image, generator.uniform(0.3, 0.6)) + generator.normal(0, 2.5, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), mask


def _add_pores(image: Floats, generator: Generator) -> None:
    side = len(image)
    pores = np.zeros_like(image)
    where = generator.integers(0, side, (2, side * side // 900))
    pores[where[0], where[1]] = generator.uniform(100, 500, where.shape[1])
    image -= np.minimum(gaussian_filter(pores, 1.0), 60)


def _add_joints(image: Floats, surface: Surface, generator: Generator) -> None:
    rows, columns = np.indices(image.shape)
    across = columns * np.cos(surface.angle) + rows * np.sin(surface.angle) + generator.uniform(0, surface.board)
    distance = np.abs((across + surface.board / 2) % surface.board - surface.board / 2)
    image -= generator.uniform(8, 28) * np.exp(-((distance / generator.uniform(0.8, 1.4)) ** 2))


def _add_crack(image: Floats, mask: NDArray[np.bool_], generator: Generator) -> None:
    path = _walk(len(image), generator)
    depth = np.zeros_like(image)
    depth[path[:, 0], path[:, 1]] = 1
    mask |= depth > 0
    wide = gaussian_filter(depth, generator.uniform(0.6, 1.0))
    strength = generator.uniform(60, 110) * (1 + 0.3 * _noise(depth.shape, 10, generator))
    image -= strength * np.minimum(wide / wide.max(), 1)


def _walk(side: int, generator: Generator) -> NDArray[np.int64]:
    """Pixels of a line that wanders from border to border in steps of half a pixel, shape (pixels, 2)."""
    start, heading = generator.uniform(0.1, 0.9) * side, generator.normal(0, 0.35)
    count = 3 * side
    wander = np.cumsum(generator.normal(0, 0.09, count))
    angles = heading + wander - np.linspace(0, 0.8, count) * wander + 0.25 * _noise((count,), 6, generator)
    along, off = np.cumsum(np.cos(angles)) / 2, start + np.cumsum(np.sin(angles)) / 2
    path = np.stack((along, off), axis=1)[:: 1 if generator.random() < 0.5 else -1]
    path = path if generator.random() < 0.5 else path[:, ::-1]
    pixels = np.unique(np.floor(path).astype(np.int64), axis=0)
    return pixels[((pixels >= 0) & (pixels < side)).all(axis=1)]


def _noise(shape: tuple[int, ...], scale: float, generator: Generator) -> Floats:
    """Smooth noise of unit variance with structures of some size in pixels."""
    smooth = gaussian_filter(generator.standard_normal(shape), scale, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std())
