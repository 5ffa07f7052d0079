"""Walls, skies and dark frames are alike by their shade alone, and are not taken for one another."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hqnn.data.photographs.duplicates import DuplicateFinder, take_print
from hqnn.data.synthetic.faces import draw_face

SIDE = 128


def likes(images: list[np.ndarray]) -> int:
    finder = DuplicateFinder()
    return sum(map(bool, finder.add([take_print(str(number), 0, image) for number, image in enumerate(images)])))


def shaded(level: float, slope: float, noise: float, seed: int) -> np.ndarray:
    """A vertical shade with a vignette and noise, as of a sky or a wall."""
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    light = level + slope * rows - slope / 3 * (rows**2 + columns**2)
    grain = np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE))
    return np.repeat(np.clip(light + grain, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def compressed(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize(
    ("level", "slope", "noise"), [(150, 60, 3), (200, 20, 2), (4, 2, 2), (128, 0, 5), (120, 60, 0)]
)
def test_smooth_images_are_not_taken_for_one_another(level: float, slope: float, noise: float) -> None:
    assert likes([shaded(level + number, slope, noise, number) for number in range(12)]) == 0


def test_skies_with_different_birds_are_different_and_with_the_same_one_are_not() -> None:
    birds = []
    for number in range(8):
        sky = shaded(150, 60, 3, number)
        row, column = np.random.default_rng(number).integers(20, 100, 2)
        sky[row : row + 12, column : column + 20] = 20
        birds.append(sky)
    assert likes(birds) == 0
    assert likes([*birds, *map(compressed, birds)]) == 8


def test_smooth_images_that_are_equal_are_duplicates() -> None:
    sky = shaded(150, 60, 3, 0)
    assert likes([sky, sky.copy()]) == 1


def test_faces_are_still_found_when_changed() -> None:
    faces = [draw_face(bool(number % 2), np.random.default_rng(number)) for number in range(20)]
    assert likes([*faces, *map(compressed, faces)]) == 20
