"""New images through a trained classifier: one file, or a folder of thousands."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.data.image_files import STORED_SIZE, SUFFIXES, UnreadableImageError, read_image, square
from hqnn.errors import UserError
from hqnn.models.architectures import read_classifier
from hqnn.models.backbones import Backbone, load_backbone
from hqnn.models.classifier import Classifier
from hqnn.models.views import view
from hqnn.store import open_table, read_attributes, write_text

BATCH = 32


def classify_images(
    output: str | os.PathLike[str],
    images: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str],
    features: str | os.PathLike[str],
    weights: str,
) -> None:
    """Write what a trained classifier says of images, a row each.

    The table has the columns file, predicted, a probability of each class, and note, which says why an image could not
    be read. Memory is that of one batch.

    Args:
        output: CSV file.
        images: an image, or a folder that is searched for images, subfolders too.
        model: file of a classifier of features.
        features: the table of features it was trained on, which says by which backbone.
        weights: of the backbone, see `load_backbone`.

    Raises:
        UserError: there is no image, or the backbone's weights are not those of the features.
    """
    files = image_files(Path(images))
    classifier, _ = read_classifier(model)
    with open_table(features) as file:
        about = read_attributes(file)
    backbone = load_backbone(about["backbone"], weights, seed=about["seed"])
    if backbone.weights["sha256"] != about["weights"]["sha256"]:
        raise UserError(
            f"the weights {weights!r} of {about['backbone']} are not those that {features} was made with; name the same"
        )
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "predicted", *(f"probability_{name}" for name in about["classes"]), "note"])
    for batch in _batches(files):
        table.writerows(_rows(batch, Path(images), classifier, backbone, about))
    write_text(output, text.getvalue())


def image_files(place: Path) -> list[Path]:
    """The image itself, or all images below a folder, by name.

    Raises:
        UserError: there is none.
    """
    if place.is_file():
        return [place]
    found = sorted(file for file in place.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not found:
        raise UserError(f"{place} is no image and no folder with images; name one, with a suffix such as .jpg or .png")
    return found


def _batches(files: list[Path]) -> Iterator[list[Path]]:
    waiting = iter(files)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _rows(
    files: list[Path], root: Path, classifier: Classifier, backbone: Backbone, about: Mapping[str, Any]
) -> Iterator[list[Any]]:
    """The rows of a batch, in the order of the files; `about` is what the features' table says of itself."""
    classes = about["classes"]
    read: dict[Path, NDArray[np.uint8]] = {}
    notes: dict[Path, str] = {}
    for file in files:
        try:
            read[file] = square(read_image(file), STORED_SIZE, about["fit"])
        except UnreadableImageError as error:
            notes[file] = str(error)
    found: dict[Path, NDArray[np.float64]] = {}
    if read:
        stacked = torch.from_numpy(np.stack(list(read.values()))).permute(0, 3, 1, 2)
        seen = [backbone.features(view(stacked, name)) for name in about["shown"]]
        probability = classifier.classify((seen[0] if len(seen) == 1 else torch.stack(seen, dim=1)).numpy())
        of_all = np.stack([1 - probability, probability], axis=1) if probability.ndim == 1 else probability
        found = dict(zip(read, of_all, strict=True))
    for file in files:
        name = (file.relative_to(root) if root.is_dir() else file).as_posix()
        if file in found:
            yield [name, classes[int(found[file].argmax())], *(f"{p:.6f}" for p in found[file]), ""]
        else:
            yield [name, "", *("" for _ in classes), notes[file]]
