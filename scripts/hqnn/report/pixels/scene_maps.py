"""Change maps of the test cities by a trained model: a GeoTIFF and a picture each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray

from hqnn.data.folders import whole_folder
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.oscd import City, open_city
from hqnn.data.pixels.rasters import false_colour, map_city, truth
from hqnn.models.architectures import load_classifier
from hqnn.report.pixels.map_panel import change_map_panel
from hqnn.store import open_table, read_attributes

PANEL_PIXELS = 600


def map_changes(
    output: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str],
    samples: str | os.PathLike[str],
    model: str | os.PathLike[str],
    memory_limit_mb: float,
) -> None:
    """Map every test city of a table of samples.

    Args:
        output: folder of ``<city>.tif``, with probability and class of every pixel, and ``<city>.png``.
        root: folder of the data set.
        samples: the store; says which cities are tested and how features are computed.
        model: file of a trained classifier.
        memory_limit_mb: of the engine.

    Raises:
        UserError: a file is missing or damaged.
    """
    classifier, _ = load_classifier(model, memory_limit_mb)

    def predict(features: NDArray[np.float32]) -> NDArray[Any]:
        with torch.no_grad():
            probability: NDArray[Any] = torch.sigmoid(classifier(torch.from_numpy(features).double())).numpy()
        return probability

    with open_table(samples) as table:
        about = read_attributes(table)
    tested = [city["name"] for city in about["summary"] if city["split"] == "test"]
    with whole_folder(output) as folder:
        for name in tested:
            city = open_city(root, name, about["grid"])
            map_city(city, *read_transform(samples, name), predict, folder / f"{name}.tif")
            (folder / f"{name}.png").write_bytes(_panel(city, folder / f"{name}.tif"))


def _panel(city: City, mapped: Path) -> bytes:
    with rasterio.open(mapped) as file:
        step = -(-max(file.shape) // PANEL_PIXELS)
        probability = file.read(1)[::step, ::step]
    before, after = (false_colour(city, date, step=step) for date in (0, 1))
    return change_map_panel(before, after, truth(city, step=step), probability)
