from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as vision

from hqnn.errors import UserError
from hqnn.training.augment import Augmentation


def pictures(count: int = 200, height: int = 20, width: int = 28, channels: int = 3) -> Tensor:
    """Smooth pictures, so that a bilinear value hangs little on where exactly it is taken."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width]
    waves = rng.uniform(0.1, 0.5, size=(2, count, 1, 1, channels))
    values = np.sin(rows[..., None] * waves[0]) * np.cos(columns[..., None] * waves[1])
    return torch.from_numpy((127.5 * (1 + values)).astype(np.uint8))


def augmented(images: Tensor, augmentation: Augmentation, seed: int = 0) -> Tensor:
    return augmentation(images, torch.Generator().manual_seed(seed))


def one_of(images: Tensor, outcomes: list[Tensor], found: Tensor) -> list[int]:
    """Which outcome each picture is, to the last value."""
    same = torch.stack([(outcome == found).flatten(1).all(dim=1) for outcome in outcomes])
    assert same.any(dim=0).all()
    return same.int().argmax(dim=0).tolist()


def test_no_change_asked_for_is_no_change() -> None:
    images = pictures()
    assert torch.equal(augmented(images, Augmentation()), images)


def test_half_of_the_pictures_are_mirrored_exactly() -> None:
    images = pictures()
    which = one_of(images, [images, images.flip(2)], augmented(images, Augmentation(flip=True)))
    assert sum(which) == pytest.approx(100, abs=5 * np.sqrt(50))


def test_shifts_are_crops_of_the_padded_picture() -> None:
    images = pictures(height=28)
    padded = torch.nn.functional.pad(images, (0, 0, 2, 2, 2, 2))
    crops = [padded[:, y : y + 28, x : x + 28] for y in range(5) for x in range(5)]
    which = one_of(images, crops, augmented(images, Augmentation(shift=2)))
    assert set(which) == set(range(25))


def test_turned_pictures_are_torchvisions() -> None:
    images = pictures(12)
    found = augmented(images, Augmentation(rotation=10)).float()
    angles = np.linspace(-10, 10, 81)
    apart = []
    for image, turned in zip(images, found, strict=True):
        candidates = torch.stack(
            [vision.rotate(image.permute(2, 0, 1), a, InterpolationMode.BILINEAR).permute(1, 2, 0) for a in angles]
        )
        distances = (candidates.float() - turned).abs().mean(dim=(1, 2, 3))
        assert distances.min() < 0.5
        apart.append(angles[int(distances.argmin())])
    assert np.ptp(apart) > 10
    assert max(np.abs(apart)) <= 10


def test_scaled_pictures_keep_their_middle() -> None:
    images = torch.zeros(50, 21, 21, 1, dtype=torch.uint8)
    images[:, 5:16, 5:16] = 200
    areas = augmented(images, Augmentation(scale=0.2)).float().sum(dim=(1, 2, 3)) / 200
    assert areas.min() > 121 * 0.8**2 - 5
    assert areas.max() < 121 * 1.2**2 + 5
    assert areas.max() - areas.min() > 40
    found = augmented(images, Augmentation(scale=0.2)).float()
    torch.testing.assert_close(found, found.flip(1), atol=1.0, rtol=0)
    torch.testing.assert_close(found, found.flip(2), atol=1.0, rtol=0)


def test_the_same_generator_draws_the_same_changes() -> None:
    everything = Augmentation(rotation=10, scale=0.1, shift=2, flip=True)
    images = pictures(30)
    assert torch.equal(augmented(images, everything), augmented(images, everything))
    assert not torch.equal(augmented(images, everything), augmented(images, everything, seed=1))


@pytest.mark.parametrize("wrong", [{"rotation": 181}, {"scale": 1.0}, {"shift": -1}])
def test_an_augmentation_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(wrong))}.* makes no sense"):
        Augmentation(**wrong)
