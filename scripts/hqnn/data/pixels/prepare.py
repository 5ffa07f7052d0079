"""From image pairs and change maps to a table of samples, window by window."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform, fit_transform
from hqnn.data.inputs import write_inputs
from hqnn.data.moments import Moments
from hqnn.data.parts import PARTS, PUBLISHED_PARTS
from hqnn.data.pixels.columns import SampleTable, write_transforms
from hqnn.data.pixels.grids import open_pair
from hqnn.data.pixels.labels import changed_pixels, open_labels
from hqnn.data.pixels.layouts import layout_named
from hqnn.data.pixels.oscd import BANDS, City, Grid, open_city, split_of
from hqnn.data.pixels.sampling import Pixels, Sampling
from hqnn.errors import UserError, nearest
from hqnn.store import new_table, write_attributes

log = logging.getLogger(__name__)

Fit = Literal["train", "image"]
FITS = ("train", "image")


@dataclass(frozen=True)
class CitySummary:
    """What a city gave.

    Attributes:
        name: of the city.
        split: train or test.
        samples: in the table.
        changed: of these.
        masked: pixels of the whole image that are invalid in some band of either date.
        skipped: pixels on the stride that gave no sample, being masked or, where a layout needs it, beside such.
    """

    name: str
    split: str
    samples: int = 0
    changed: int = 0
    masked: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Summary:
    """What was prepared.

    Attributes:
        cities: in the order of the table.
        explained: share of its group's variance that each feature holds; of the first city where `fit` is image.
    """

    cities: tuple[CitySummary, ...]
    explained: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """What the first reading gave.

    Attributes:
        transforms: of each city; the same one for all where it was fitted on the train samples.
        change_scale: standard deviation of date 1's bands over train samples, shape (bands,).
    """

    transforms: Mapping[str, FeatureTransform]
    change_scale: NDArray[np.float64]


def prepare_pairs(
    root: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    train: Sequence[str] = (),
    test: Sequence[str] = (),
    bands: str = "below20m",
    layout: str = "per_date",
    components: int = 8,
    fit: Fit = "train",
    whiten: bool = True,
    stride: int = 10,
    grid: Grid = "native",
) -> Summary:
    """Write the samples of a data set in OSCD's layout.

    The images are read twice, first to fit the features, then to write them, and before each once more where the
    layout needs statistics of an image; memory does not grow with their size.

    The table has a row a pixel on the stride: `features` float32 (samples, components), `labels` (1 changed), `split`
    (0 train, 1 test), `city` (index into the attribute `cities`), `row` and `column` on date 1's 10 m grid, and
    `change_vector_length`, sqrt(sum over all 13 bands of ((date 2 - date 1) / std)^2) with the standard deviation of
    date 1 over train samples. A pixel that is invalid in any band of either date is left out and counted. Group
    `transform` holds the fit, which `read_transform` gives back, group `inputs` the path and sha256 of every file read.

    Args:
        root: folder of the data set.
        output: the table.
        train: cities to train on; the data set's own list where empty.
        test: cities to test on; likewise.
        bands: name of a band set.
        layout: name of a feature layout.
        components: how many features remain, all groups of the layout together; all of a layout without PCA.
        fit: `train` fits once on the train samples; `image` on all pixels of each city by itself.
        whiten: scale features to unit variance over what was fitted on.
        stride: every how many-th row and column is a sample.
        grid: `native` or `rect`, see `open_city`.

    Raises:
        UserError: a file is missing, damaged or does not fit the others; no train city; an unknown name; settings that
            the layout cannot have.
    """
    sampling = Sampling(bands, layout, stride)
    _check_fit(layout, components, fit)
    splits = _splits(Path(root), train, test)
    cities = [open_city(root, name, grid) for name in splits]
    rows = sum(sampling.count(_checked_shape(city)) for city in cities)
    fitted = _fit(cities, splits, sampling, fit, components, whiten)
    settings = asdict(sampling) | {"components": components, "fit": fit, "whiten": whiten, "grid": grid}
    about = {"cities": list(splits), "splits": list(PUBLISHED_PARTS), "band_order": list(BANDS)}
    with new_table(output, settings | about) as file:
        table = SampleTable(file, components, rows)
        summaries = [_write_city(table, city, splits[city.name], sampling, fitted) for city in cities]
        table.trim()
        write_transforms(file.create_group("transform"), fitted.transforms, fit)
        write_inputs(file.create_group("inputs"), [path for city in cities for path in city.files], Path(root))
        write_attributes(
            file, {"summary": [asdict(s) for s in summaries], "change_scale": fitted.change_scale.tolist()}
        )
    return Summary(tuple(summaries), tuple(fitted.transforms[cities[0].name].explained.tolist()))


def _check_fit(layout: str, components: int, fit: Fit) -> None:
    if fit not in FITS:
        raise UserError(f"fit {fit!r} is unknown{nearest(fit, FITS)}")
    chosen = layout_named(layout)
    if chosen.pca:
        return
    if fit == "image":
        raise UserError(
            f"features.fit is 'image' but features.layout {layout!r} normalises every image by itself already; set "
            "features.fit to 'train'"
        )
    if components != chosen.groups:
        raise UserError(
            f"features.components is {components} but features.layout {layout!r} has {chosen.groups} features and no "
            f"PCA; set features.components to {chosen.groups}"
        )


def _splits(root: Path, train: Sequence[str], test: Sequence[str]) -> dict[str, str]:
    """The split of every city, train cities first."""
    listed = {"train": tuple(train), "test": tuple(test)}
    if not (train and test):
        own = split_of(root)
        listed = {split: names or own[split] for split, names in listed.items()}
    if not listed["train"]:
        raise UserError(f"{root / 'train.txt'} names no city; name at least one city to train on")
    shared = set(listed["train"]) & set(listed["test"])
    if shared:
        raise UserError(f"city {min(shared)!r} is both a train and a test city; take it out of one of the lists")
    return {name: split for split in PUBLISHED_PARTS for name in listed[split]}


def _checked_shape(city: City) -> tuple[int, int]:
    with open_pair(city) as pair:
        changed_pixels(city, pair.shape)
        return pair.shape


def _fit(
    cities: Sequence[City], splits: Mapping[str, str], sampling: Sampling, fit: Fit, components: int, whiten: bool
) -> Fitted:
    layout = layout_named(sampling.layout)
    fit_features = partial(fit_transform, groups=layout.groups, components=components, whiten=whiten, clip=layout.clip)
    trained, dates = Moments(), Moments()
    for city in cities:
        if splits[city.name] == "train":
            for pixels in _read(city, sampling):
                trained.add(pixels.raw)
                dates.add(pixels.dates[:, 0])
    if fit == "image":
        own = {city.name: fit_features(_image_moments(city, replace(sampling, stride=1))) for city in cities}
    else:
        own = dict.fromkeys(splits, fit_features(trained))
    return Fitted(own, dates.scale)


def _image_moments(city: City, sampling: Sampling) -> Moments:
    moments = Moments()
    for pixels in _read(city, sampling):
        moments.add(pixels.raw)
    return moments


def _read(city: City, sampling: Sampling) -> Iterator[Pixels]:
    with open_pair(city) as pair:
        yield from sampling.read(pair)


def _write_city(table: SampleTable, city: City, split: str, sampling: Sampling, fitted: Fitted) -> CitySummary:
    before, changed, masked, skipped = table.filled, 0, 0, 0
    with open_pair(city) as pair, open_labels(city, pair.shape) as read_labels:
        for pixels in sampling.read(pair):
            rows, columns = pixels.window
            labels = read_labels(rows, columns)[pixels.rows - rows.start, pixels.columns - columns.start]
            table.append(
                features=fitted.transforms[city.name].transform(pixels.raw),
                labels=labels,
                split=PARTS.index(split),
                city=list(fitted.transforms).index(city.name),
                row=pixels.rows,
                column=pixels.columns,
                change_vector_length=change_vector_length(pixels.dates, fitted.change_scale),
            )
            changed, masked, skipped = changed + int(labels.sum()), masked + pixels.masked, skipped + pixels.skipped
    found = CitySummary(city.name, split, table.filled - before, changed, masked, skipped)
    log.info("%s: %d samples, %d changed", city.name, found.samples, changed)
    if masked:
        log.warning("%s: %d pixels are masked (nodata, NaN or outside one date)", city.name, masked)
    return found


def change_vector_length(dates: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Length of the change of all bands, each in units of its scale: shape (pixels,), from (pixels, 2, bands)."""
    change = (dates[:, 1].astype(np.float64) - dates[:, 0]) / scale
    return np.asarray(np.sqrt((change**2).sum(axis=1)), dtype=np.float32)
