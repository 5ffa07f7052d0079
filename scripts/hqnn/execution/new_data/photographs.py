"""New photographs as the frozen features that heads were trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.data.image_files import STORED_SIZE, Fit, read_picture, square
from hqnn.errors import UserError
from hqnn.models.backbones import Backbone, load_backbone
from hqnn.models.views import view
from hqnn.store import open_table, read_attributes


class PhotographReading:
    """See `hqnn.execution.new_data.image_rows.Reading`.

    Args:
        features: the table of features that the head was trained on, which says by which backbone, and of which views.
        samples: the table of the images behind it, which says how they were made square.
        weights: of the backbone, see `load_backbone`.

    Raises:
        UserError: the backbone's weights are not those of the features.
    """

    def __init__(self, features: str | os.PathLike[str], samples: str | os.PathLike[str], weights: str) -> None:
        with open_table(features) as file:
            about = read_attributes(file)
        with open_table(samples) as file:
            said = read_attributes(file)
        self.classes: tuple[str, ...] = tuple(about["classes"])
        self.bands: tuple[str, ...] = ()
        self.backbone: Backbone = load_backbone(about["backbone"], weights, seed=about["seed"])
        if self.backbone.weights["sha256"] != about["weights"]["sha256"]:
            raise UserError(
                f"the weights {weights!r} of {about['backbone']} are not those that {features} was made with; name the "
                "same"
            )
        self._views: list[str] = about["shown"]
        self._fit: Fit = said["fit"]
        self._bits, self._max_pixels = int(said["bits"]), int(said["max_pixels"])
        self._patch: int | None = said["patches"] and int(said["patches"]["size"])

    def read(self, file: Path) -> tuple[NDArray[Any], str]:
        """A square of 8-bit RGB, as the train images were made; it is noted of a patch's model that it sees more."""
        picture = read_picture(file, max_pixels=self._max_pixels, bits=self._bits, shrunk=self._patch is None)
        height, width = picture.pixels.shape[:2]
        notes = list(picture.remarks)
        if self._patch is not None and max(height, width) > self._patch:
            notes.append(
                f"{width} x {height} pixels, but the model was trained on patches of {self._patch} x {self._patch}"
            )
        return square(picture.pixels, STORED_SIZE, self._fit), "; ".join(notes)

    def inputs(self, images: NDArray[Any]) -> NDArray[Any]:
        """Features of one view, shape (images, features), or of several, shape (images, views, features)."""
        stacked = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        seen = [self.backbone.features(view(stacked, name)) for name in self._views]
        found: NDArray[Any] = (seen[0] if len(seen) == 1 else torch.stack(seen, dim=1)).numpy()
        return found
