"""Augmentation of images as they are trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hqnn.errors import UserError


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

    def __post_init__(self) -> None:
        """Check limits.

        Raises:
            UserError: a value lies outside.
        """
        if not (0 <= self.rotation <= 180 and 0 <= self.scale < 1 and self.shift >= 0):
            raise UserError(
                f"{self} makes no sense; give rotation from 0 to 180 degrees, scale from 0 to below 1, and shift from 0"
            )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Another batch like this one.

        Args:
            images: of any type, shape (batch, height, width, channels).
            generator: on the images' device; draws the transforms.

        Returns:
            The same type and shape.
        """
        channels_first = images.permute(0, 3, 1, 2).float()
        moved = functional.grid_sample(channels_first, self._grid(images, generator), align_corners=False)
        whole = moved if images.is_floating_point() else moved.round_()
        return whole.to(images.dtype).permute(0, 2, 3, 1).contiguous()

    def _grid(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Where each pixel comes from, shape (batch, height, width, 2): x and y, from -1 to 1 between the edges.

        Sums of rows and columns, several times as fast as `torch.nn.functional.affine_grid`.
        """
        count, height, width, _ = images.shape
        device = generator.device

        def uniform(most: float) -> Tensor:
            return (2 * torch.rand(count, 1, 1, generator=generator, device=device) - 1) * most

        def whole(least: int, most: int) -> Tensor:
            return torch.randint(least, most + 1, (count, 1, 1), generator=generator, device=device)

        angle, size = uniform(math.radians(self.rotation)), 1 + uniform(self.scale)
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        right, down = whole(-self.shift, self.shift) * (2 / width), whole(-self.shift, self.shift) * (2 / height)
        mirror = 1 - 2 * whole(0, int(self.flip))
        x, y = _middles(width, device), _middles(height, device)[:, None]
        from_x = (mirror * cos) * x + (right - sin * (height / width) * y)
        from_y = (mirror * sin * (width / height)) * x + (down + cos * y)
        return torch.stack([from_x, from_y], dim=-1)


def _middles(pixels: int, device: torch.device) -> Tensor:
    """The middles of a row of pixels, in units of half its length from its middle."""
    return (2 * torch.arange(pixels, device=device) + 1) / pixels - 1
