"""Early-fusion U-Nets for change detection: the bands of both dates in, two logits a pixel out.

The full net is FC-EF of R. C. Daudt, B. Le Saux and A. Boulch, "Fully convolutional Siamese networks for change
detection" (ICIP 2018): 3x3 convolutions with batch normalisation and dropout, four levels of 16, 32, 64 and 128
channels.

Gupta et al. compare with a net of one encoder and one decoder layer, 1,312 parameters and 2x2 patches, and do not print
its layers. FC-EF cut down to its first level, with c channels in and w inside, has ``36 w² + (9 c + 28) w + 2``
parameters. That is 1,312 for c = 6 and w = 5 (red, green and blue of both dates) and for no other whole numbers, so it
is the net taken here.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 2
FULL_WIDTHS, FULL_DEPTHS = (16, 32, 64, 128), (2, 2, 3, 3)
SMALL_WIDTH, SMALL_DEPTH = 5, 2
SMALL_CHANNELS = 6


class EarlyFusionUNet(nn.Module):
    """An encoder that halves the image at every level, and a decoder that doubles it, joined at equal sizes.

    Args:
        channels: bands of both dates together.
        widths: channels of each level, finest first.
        depths: convolutions of each level, in the encoder as in the decoder.
        dropout: probability to drop a channel after a convolution.
        seed: of the initial weights.
    """

    def __init__(
        self, channels: int, widths: tuple[int, ...], depths: tuple[int, ...], *, dropout: float = 0.2, seed: int = 0
    ) -> None:
        super().__init__()
        before, after = (channels, *widths[:-1]), (CLASSES, *widths[:-1])
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.down = nn.ModuleList(
                _convolutions([first, *[width] * depth], dropout)
                for first, width, depth in zip(before, widths, depths, strict=True)
            )
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1) for width in widths
            )
            self.join = nn.ModuleList(
                _convolutions([2 * width, *[width] * (depth - 1), last], dropout, bare_end=last == CLASSES)
                for last, width, depth in zip(after, widths, depths, strict=True)
            )

    def forward(self, images: Tensor) -> Tensor:
        """Logits of no change and change.

        Args:
            images: shape (batch, channels, rows, columns), of any size; each level halves it, rounding down.

        Returns:
            Shape (batch, 2, rows, columns).
        """
        skipped = []
        for convolutions in self.down:
            images = convolutions(images)
            skipped.append(images)
            images = functional.max_pool2d(images, 2)
        for up, join in zip(reversed(self.up), reversed(self.join), strict=True):
            fine = skipped.pop()
            images = join(torch.cat([_padded(up(images), fine), fine], dim=1))
        return images


def full_unet(channels: int, *, seed: int = 0) -> EarlyFusionUNet:
    """FC-EF, 1.35 million parameters; images of at least 16 x 16 pixels."""
    return EarlyFusionUNet(channels, FULL_WIDTHS, FULL_DEPTHS, seed=seed)


def small_unet(channels: int = SMALL_CHANNELS, *, seed: int = 0) -> EarlyFusionUNet:
    """One encoder and one decoder layer, 1,312 parameters with six channels; images of at least 2 x 2 pixels."""
    return EarlyFusionUNet(channels, (SMALL_WIDTH,), (SMALL_DEPTH,), seed=seed)


def _convolutions(widths: list[int], dropout: float, *, bare_end: bool = False) -> nn.Sequential:
    """3x3 convolutions through these widths; a bare end gives logits."""
    layers: list[nn.Module] = []
    for inside, outside in pairwise(widths):
        layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU(), nn.Dropout2d(dropout)]
    return nn.Sequential(*(layers[:-3] if bare_end else layers))


def _padded(images: Tensor, like: Tensor) -> Tensor:
    """Repeat the last row and column where halving lost one."""
    rows, columns = (there - here for there, here in zip(like.shape[-2:], images.shape[-2:], strict=True))
    return functional.pad(images, (0, columns, 0, rows), mode="replicate") if rows or columns else images
