"""Small random turns, shifts and mirror images of whole batches, for training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hqnn.errors import UserError

_PADDING = {"black": "zeros", "mirrored": "reflection"}


@dataclass(frozen=True)
class Warp:
    """What happens to each image of a batch on its way to the net; each is off at 0.

    Attributes:
        rotation: greatest angle either way, in degrees.
        shift: greatest shift up, down, left and right, in pixels, not whole ones only.
        flip: probability to mirror left and right.
        edge: what enters at the border: black, or the image mirrored there.
    """

    rotation: float = 0.0
    shift: float = 0.0
    flip: float = 0.0
    edge: str = "black"

    def __post_init__(self) -> None:
        """Check limits.

        Raises:
            UserError: a value lies outside.
        """
        if not (0 <= self.rotation <= 180 and self.shift >= 0 and 0 <= self.flip <= 1 and self.edge in _PADDING):
            raise UserError(
                f"{self} is no warp; give rotation from 0 to 180 degrees, shift from 0 pixels, flip from 0 to 1, and "
                f"edge as one of {', '.join(_PADDING)}"
            )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Warp every image by draws of its own; bilinear.

        Args:
            images: shape (batch, rows, columns, channels), 0 to 255.
            generator: on the images' device.

        Returns:
            Likewise, float32.
        """
        batch, rows, columns, _ = images.shape
        draws = torch.rand(4, batch, generator=generator, device=images.device)
        angle = (2 * draws[0] - 1) * math.radians(self.rotation)
        down, right = (2 * draws[1:3] - 1) * self.shift
        mirror = torch.where(draws[3] < self.flip, -1.0, 1.0)
        cosine, sine = angle.cos(), angle.sin()
        across = torch.stack([mirror * cosine, -sine * rows / columns, 2 * right / columns], 1)
        along = torch.stack([mirror * sine * columns / rows, cosine, 2 * down / rows], 1)
        pixels = images.permute(0, 3, 1, 2).float()
        grid = functional.affine_grid(torch.stack([across, along], 1), list(pixels.shape), align_corners=False)
        warped = functional.grid_sample(pixels, grid, padding_mode=_PADDING[self.edge], align_corners=False)
        return warped.permute(0, 2, 3, 1)
