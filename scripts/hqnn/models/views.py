"""Fixed views of a stored image: what of it a backbone sees."""

from __future__ import annotations

from torch import Tensor
from torchvision.transforms.v2 import functional

from hqnn.errors import UserError, nearest
from hqnn.models.backbone_widths import SIZE

FRAMES = ("centre", "whole")
TURNS: dict[str, tuple[int, ...]] = {"": (), "mirrored": (-1,), "upside_down": (-2,), "turned": (-2, -1)}
VIEWS = tuple("_".join(filter(None, (frame, turn))) for frame in FRAMES for turn in TURNS)


def view(images: Tensor, name: str) -> Tensor:
    """One view of each image.

    Args:
        images: uint8, shape (batch, 3, height, width) of at least 224 x 224 pixels.
        name: one of `VIEWS`: the central 224 x 224 pixels or the whole image brought to that size, as it is, mirrored
            left to right, upside down, or both (turned by half a circle).

    Returns:
        uint8, shape (batch, 3, 224, 224).

    Raises:
        UserError: there is no such view.
    """
    if name not in VIEWS:
        raise UserError(f"there is no view {name!r}{nearest(name, VIEWS)}")
    frame, _, turn = name.partition("_")
    framed = centre(images) if frame == "centre" else functional.resize(images, [SIZE, SIZE], antialias=True)
    return framed.flip(TURNS[turn]) if turn else framed


def centre(images: Tensor) -> Tensor:
    """The central 224 x 224 pixels, rounding as torchvision's `CenterCrop`; shape (..., height, width)."""
    top, left = (round((side - SIZE) / 2) for side in images.shape[-2:])
    return images[..., top : top + SIZE, left : left + SIZE]
