"""Stored images as the numbers that a net takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hqnn.data.images.ranges import channel_ranges
from hqnn.errors import UserError
from hqnn.models.dressed import Standardise

NAMES = ("shift", "scale")
TOO_FLAT = "images of 8 bits are given to a net that was trained on deeper ones; give it images like those"
NOT_FITTED = (
    "images of more than 8 bits are scaled by what a seed is trained on, so seeds are not trained together; "
    "set quanv.sweep to 'apart'"
)


class ImageScaling(Standardise):
    """Images of 8 bits over 255; deeper ones less an offset, times a scale, a channel, which `fit` takes from them.

    For images of 8 bits it has no state, so their nets can be stacked.
    """

    def __init__(self) -> None:
        super().__init__(0)
        for name in NAMES:
            self.register_buffer(name, None)

    @property
    def is_fitted(self) -> bool:
        """Whether it knows offsets and scales."""
        return any(True for _ in self.buffers())

    def fit(self, features: Tensor) -> None:
        """Take offsets and scales from train images, shape (samples, rows, columns, channels); see `channel_ranges`."""
        if features.dtype == torch.uint8:
            return
        for name, values in zip(NAMES, channel_ranges(features.numpy()), strict=True):
            self.register_buffer(name, torch.from_numpy(values))

    def forward(self, features: Tensor) -> Tensor:
        """Shape (..., rows, columns, channels), as stored, to (..., channels, rows, columns), about 0 to 1, float32.

        Raises:
            UserError: the images are not of the depth of those it was fitted to.
        """
        whole_bytes = features.dtype == torch.uint8
        if whole_bytes == self.is_fitted:
            raise UserError(TOO_FLAT if whole_bytes else NOT_FITTED)
        if whole_bytes:
            return features.movedim(-1, -3).float().div(255)
        shift, scale = (own.to(features.device) for own in (self.shift, self.scale))
        return ((features.double() - shift) * scale).float().movedim(-1, -3)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *others: Any) -> None:
        """Make room for offsets and scales where a file has them."""
        for name in NAMES:
            if prefix + name in state_dict:
                self.register_buffer(name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *others)
