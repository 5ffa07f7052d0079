"""New small images, brought to the size and depth of those that a model was trained on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hqnn.data.deep_images import DeepImage, described
from hqnn.data.images.decode import MODES, Form, decode
from hqnn.data.images.resize import resized
from hqnn.errors import UserError
from hqnn.store import open_table, read_attributes


class SmallImageReading:
    """See `hqnn.execution.new_data.image_rows.Reading`.

    Args:
        samples: the table of images that the model was trained on.
    """

    def __init__(self, samples: str | os.PathLike[str]) -> None:
        with open_table(samples) as file:
            about = read_attributes(file)
            self.shape: tuple[int, int, int] = file["images"].shape[1:]
            self.dtype = file["images"].dtype
        self.classes: tuple[str, ...] = tuple(about["classes"])
        self.bands: tuple[str, ...] = tuple(about.get("bands", ()))
        self.form = Form(bands=self.bands)

    def read(self, file: Path) -> tuple[NDArray[Any], str]:
        """The image with the size, depth and channels of the train images; what was changed for that is noted."""
        pixels, note = self._with_channels(file, decode(file, self.form))
        if pixels.dtype != self.dtype or pixels.shape[2] != self.shape[2]:
            raise UserError(
                f"{file} has {described(pixels.shape[2], pixels.dtype)} but the model takes "
                f"{described(self.shape[2], self.dtype)}; give it images of the kind it was trained on"
            )
        if pixels.shape != self.shape:
            rows, columns = self.shape[:2]
            if rows != columns:
                raise UserError(
                    f"{file} has {pixels.shape[1]} x {pixels.shape[0]} pixels but the model takes {columns} x {rows}; "
                    "bring it to that size"
                )
            scaled = f"brought from {pixels.shape[1]} x {pixels.shape[0]} to {columns} x {rows} pixels"
            return resized(pixels, rows), f"{note}; {scaled}" if note else scaled
        return pixels, note

    def inputs(self, images: NDArray[Any]) -> NDArray[Any]:
        """The images themselves: nets scale them."""
        return images

    def _with_channels(self, file: Path, image: DeepImage) -> tuple[NDArray[Any], str]:
        """Grey for colours, or colours for grey, where the model takes the others."""
        found, wanted = image.pixels.shape[2], self.shape[2]
        if found == wanted or {found, wanted} != set(MODES) or (image.bands and wanted == 1):
            return image.pixels, ""
        changed = decode(file, replace(self.form, channels=wanted))
        return changed.pixels, "colours taken as grey" if wanted == 1 else ""
