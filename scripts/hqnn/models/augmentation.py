"""Random variants of an image, the same whenever, and however many, are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from hqnn.errors import UserError
from hqnn.models.backbone_widths import SIZE

BLUR_KERNEL, BLUR_SIGMA = 5, (0.1, 2.0)  # pixels
SHARPNESS = 3.0  # 1 is the image as it is
LIMITS = {"copies": 10_000.0, "rotation": 180.0, "hue": 0.5}  # the greatest values; 1 elsewhere


@dataclass(frozen=True)
class Augmentation:
    """What is varied, and how much; each is off at 0 (`crop` at 1), and the image itself is always kept beside.

    Attributes:
        copies: variants of each image.
        horizontal_flip: probability to mirror left and right.
        vertical_flip: probability to mirror top and bottom.
        rotation: greatest angle either way, in degrees; what enters at the corners is mirrored.
        crop: the smallest share of the image's area that is cut out, anywhere and with sides of 3:4 to 4:3, and brought
            to 224 x 224 pixels; the greatest share is 1, so it enlarges and shrinks. At 1 the centre is cut out.
        brightness: greatest relative change.
        contrast: greatest relative change.
        saturation: greatest relative change.
        hue: greatest shift, as a share of the colour circle.
        grey: probability to lose all colour.
        blur: probability of a Gaussian blur of 0.1 to 2 pixels.
        sharpen: probability to be sharpened.
    """

    copies: int = 0
    horizontal_flip: float = 0.5
    vertical_flip: float = 0.0
    rotation: float = 15.0
    crop: float = 0.6
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.02
    grey: float = 0.1
    blur: float = 0.1
    sharpen: float = 0.1

    def __post_init__(self) -> None:
        """Check limits.

        Raises:
            UserError: a value lies outside.
        """
        for name, value in vars(self).items():
            low, high = (0.05 if name == "crop" else 0.0), LIMITS.get(name, 1.0)
            if not low <= value <= high:
                raise UserError(f"augmentation.{name} is {value}; set it from {low:g} to {high:g}")


class Variants:
    """Draws variants of images.

    Args:
        augmentation: what is varied.
        seed: of all draws; a variant depends on it, on the image's row and on the number of the copy alone.
    """

    def __init__(self, augmentation: Augmentation, seed: int) -> None:
        self.copies, self.seed = augmentation.copies, seed
        self.transform = v2.Compose([*_geometry(augmentation), *_colours(augmentation), *_focus(augmentation)])

    def draw(self, images: Tensor, first_row: int, copy: int) -> Tensor:
        """One variant of each image.

        Args:
            images: uint8, shape (batch, 3, height, width), of rows that follow each other.
            first_row: the first image's row in the table.
            copy: number of the variant.

        Returns:
            uint8, shape (batch, 3, 224, 224).
        """
        return torch.stack([self._one(image, first_row + number, copy) for number, image in enumerate(images)])

    def _one(self, image: Tensor, row: int, copy: int) -> Tensor:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(int(np.random.SeedSequence([self.seed, row, copy]).generate_state(1, np.uint64)[0]))
            varied: Tensor = self.transform(image)
        return varied


def _geometry(augmentation: Augmentation) -> list[v2.Transform]:
    steps: list[v2.Transform] = []
    if augmentation.rotation:
        steps.append(_MirroredRotation(augmentation.rotation))
    if augmentation.crop < 1:
        steps.append(v2.RandomResizedCrop(SIZE, scale=(augmentation.crop, 1.0)))
    else:
        steps.append(v2.CenterCrop(SIZE))
    return [
        *steps,
        v2.RandomHorizontalFlip(augmentation.horizontal_flip),
        v2.RandomVerticalFlip(augmentation.vertical_flip),
    ]


def _colours(augmentation: Augmentation) -> list[v2.Transform]:
    return [
        v2.ColorJitter(augmentation.brightness, augmentation.contrast, augmentation.saturation, augmentation.hue),
        v2.RandomGrayscale(augmentation.grey),
    ]


def _focus(augmentation: Augmentation) -> list[v2.Transform]:
    return [
        v2.RandomApply([v2.GaussianBlur(BLUR_KERNEL, BLUR_SIGMA)], augmentation.blur),
        v2.RandomAdjustSharpness(SHARPNESS, augmentation.sharpen),
    ]


class _MirroredRotation:
    """A rotation about the centre of an image that goes on beyond its edges as its mirror image."""

    def __init__(self, degrees: float) -> None:
        self.rotate = v2.RandomRotation([-degrees, degrees], interpolation=v2.InterpolationMode.BILINEAR)

    def __call__(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        margin = math.ceil((math.hypot(height, width) - min(height, width)) / 2)
        widened = v2.functional.pad(image, [margin], padding_mode="reflect")
        rotated: Tensor = v2.functional.center_crop(self.rotate(widened), [height, width])
        return rotated
