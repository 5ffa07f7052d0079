"""Duplicates are found whatever was done to them; other images are not taken for such."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from hqnn.data.photographs import duplicates
from hqnn.data.photographs.duplicates import DuplicateFinder, take_print
from hqnn.data.synthetic.concrete import draw_concrete, draw_surface
from hqnn.data.synthetic.faces import draw_face


def compressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return Image.open(file)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "compressed": compressed,
    "smaller": lambda image: image.resize((70, 61), Image.Resampling.BICUBIC),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    return [draw_face(bool(number % 2), np.random.default_rng(number)) for number in range(24)]


def found(images: list[np.ndarray], labels: list[int] | None = None, batch: int = 100, **options: object) -> list:
    finder = DuplicateFinder(**options)  # type: ignore[arg-type]
    prints = [take_print(str(i), (labels or [0] * len(images))[i], image) for i, image in enumerate(images)]
    return [match for start in range(0, len(prints), batch) for match in finder.add(prints[start : start + batch])]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("batch", [5, 100])
def test_near_duplicates_are_found_among_kept_and_new_ones(faces: list[np.ndarray], change: str, batch: int) -> None:
    copies = [np.asarray(CHANGES[change](Image.fromarray(face))) for face in faces]
    matches = found([*faces, *copies], batch=batch)
    assert not any(matches[: len(faces)])
    for number, match in enumerate(matches[len(faces) :]):
        assert [(one.name, one.exact) for one in match] == [(str(number), False)]
    assert not any(found([*faces, *copies], criterion="exact"))


@pytest.mark.parametrize("criterion", ["near", "exact"])
def test_equal_pixels_are_an_exact_duplicate(faces: list[np.ndarray], criterion: str) -> None:
    matches = found([faces[0], faces[1], faces[1].copy(), faces[1].copy()], criterion=criterion)
    assert [[(one.name, one.exact) for one in match] for match in matches] == [[], [], [("1", True)], [("1", True)]]
    assert not any(found([faces[0], faces[0]], criterion="keep"))


def test_images_of_two_classes_that_are_alike_are_both_kept(faces: list[np.ndarray]) -> None:
    matches = found([faces[0], faces[0], faces[0]], labels=[0, 1, 1])
    assert [[(one.name, one.label) for one in match] for match in matches] == [[], [("0", 0)], [("0", 0), ("1", 1)]]


def test_plain_images_are_alike_only_where_equal() -> None:
    black, white = np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 255, np.uint8)
    matches = found([black, white, np.zeros((21, 20, 3), np.uint8), black])
    assert [len(match) for match in matches] == [0, 0, 0, 1]


def test_patches_of_one_surface_are_not_taken_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "COMPARED", 50)
    generator = np.random.default_rng(0)
    images = [draw_concrete(draw_surface(generator), 256, 1, generator)[0] for _ in range(12)]
    patches = [image[y : y + 64, x : x + 64] for image in images for y in range(0, 256, 64) for x in range(0, 256, 64)]
    rgb = [np.repeat(patch[:, :, None], 3, axis=2) for patch in patches]
    assert not any(found(rgb, batch=7))
    assert [match[0].name for match in found([*rgb, *rgb[::9]], batch=7)[len(rgb) :]] == [
        str(i) for i in range(0, len(rgb), 9)
    ]
