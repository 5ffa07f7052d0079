"""Augmentation of images as they are trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """Every image turned, scaled, shifted and mirrored at random, resampled once, bilinearly; edges bring in black.

    Attributes:
        rotation: the most that an image is turned either way, in degrees.
        scale: the most that it grows or shrinks, as a part of its size.
        shift: the most that it moves along either axis, in whole pixels: a crop of the image padded by so many.
        flip: whether half of the images are mirrored left to right.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shift: int = 0
    flip: bool = False

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Another batch like this one.

        Args:
            images: uint8, shape (batch, height, width, channels).
            generator: on the images' device; draws the transforms.

        Returns:
            The same type and shape.
        """
        _, height, width, _ = images.shape
        channels_first = images.permute(0, 3, 1, 2)
        maps = self._maps(len(images), height, width, generator)
        grid = functional.affine_grid(maps, list(channels_first.shape), align_corners=False)
        moved = functional.grid_sample(channels_first.float(), grid, align_corners=False)
        return moved.round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def _maps(self, count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
        """Where each pixel comes from, shape (count, 2, 3), x before y, in units of half the width and the height."""

        def uniform(most: float) -> Tensor:
            drawn = torch.rand(count, generator=generator, device=generator.device)
            return (2 * drawn - 1) * most

        def whole(most: int) -> Tensor:
            return torch.randint(-most, most + 1, (count,), generator=generator, device=generator.device)

        angle = uniform(math.radians(self.rotation))
        size = 1 + uniform(self.scale)
        mirror = 1 - 2 * torch.randint(1 + self.flip, (count,), generator=generator, device=generator.device)
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        from_x = torch.stack([mirror * cos, -sin * height / width, whole(self.shift) * (2 / width)], dim=1)
        from_y = torch.stack([mirror * sin * width / height, cos, whole(self.shift) * (2 / height)], dim=1)
        return torch.stack([from_x, from_y], dim=1)
