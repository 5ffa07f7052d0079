"""From scenes and their labels to a table of samples, window by window."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform
from hqnn.data.inputs import write_inputs
from hqnn.data.moments import Moments
from hqnn.data.parts import PARTS, TRAIN, UNUSED
from hqnn.data.pixels.bands import ALL, Choice
from hqnn.data.pixels.columns import SampleTable, write_transforms
from hqnn.data.pixels.dealing import By, Deal, Dealt, Pass, deal_scenes, needs_counts
from hqnn.data.pixels.features import Features, Fit
from hqnn.data.pixels.labelled import Labelled, count_labels, labelled_pixels, labelled_scenes
from hqnn.data.pixels.plausibility import Levels, Sizes, doubts_of_dates, doubts_of_scene, thinned_dates
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import Collection, Listed
from hqnn.data.pixels.summary import SceneSummary, check_classes, write_summaries
from hqnn.store import new_table, write_attributes

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """What was prepared.

    Attributes:
        scenes: in the order of the table.
        explained: share of its group's variance that each feature holds; of the first scene where `fit` is image.
    """

    scenes: tuple[SceneSummary, ...]
    explained: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """What the reading of train samples gave.

    Attributes:
        transforms: of each scene; the same one for all where it was fitted on the train samples.
        change_scale: standard deviation of date 1's bands over train samples, shape (bands,).
    """

    transforms: Mapping[str, FeatureTransform]
    change_scale: Floats


def prepare_pixels(
    collection: Collection,
    output: str | os.PathLike[str],
    *,
    bands: Choice = ALL,
    layout: str = "per_date",
    components: int | None = None,
    fit: Fit = "train",
    whiten: bool = True,
    stride: int = 10,
    windows: Sequence[int] = (),
    by: By = "blocks",
    block: int = 15,
    train: float = 0.5,
    validation: float = 0.0,
    train_per_class: float | None = None,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the samples of all labelled scenes.

    The rasters are read twice, to fit the features and to write them; once more before each where the layout needs
    statistics of a scene, and once before all where samples are counted to be dealt. Memory does not grow with them.

    The table has a row a labelled pixel on the stride: `features` float32 (samples, components), `labels`, `split` (a
    code of `PARTS`), `scene` (index into the attribute `scenes`), `row`, `column` and, of two dates, the
    `change_vector_length` (see there). A pixel that is invalid in any band of any date is left out and counted. Group
    `transform` holds the fit, which `read_transform` gives back, `inputs` the sha256 of every file, `summary` a
    `SceneSummary` a scene; `leaks` says whether neighbours of train samples are tested, `chosen` which features were.

    Args:
        collection: the scenes; those of the part ``predict`` are left alone.
        output: the table.
        bands: this and the next six see `Features.of`.
        layout: name of a feature layout.
        components: how many features remain.
        fit: what they are fitted on.
        whiten: whether they have unit variance there.
        stride: every how many-th row and column is a sample.
        windows: that the layout looks at.
        by: how samples of scenes without a part are dealt; this and the next five see `Deal`.
        block: rows and columns of a block.
        train: share to train on.
        validation: share to validate on.
        train_per_class: how many train samples of each class are kept.
        seed: of the deal.
        about: further attributes.

    Raises:
        UserError: a file or a setting does not fit; nothing is labelled; a class is tested but not trained.
    """
    features = Features.of(collection, bands, layout, components, fit, whiten, stride, windows)
    deal = Deal(by, block, train, validation, train_per_class, seed)
    scenes = labelled_scenes(collection)
    shapes = count_labels(collection, scenes)
    dealt = _dealt(collection, scenes, shapes, features.sampling, deal)
    fitted = _fit(collection, scenes, features, dealt)
    with new_table(output, {**_said(collection, scenes, features, dealt), **(about or {})}) as file:
        summaries = _write(file, collection, scenes, shapes, features, fitted, dealt)
    return Summary(tuple(summaries), tuple(fitted.transforms[scenes[0].name].explained.tolist()))


def _write(
    file: h5py.File,
    collection: Collection,
    scenes: Sequence[Listed],
    shapes: Mapping[str, tuple[int, int]],
    features: Features,
    fitted: Fitted,
    dealt: Dealt,
) -> list[SceneSummary]:
    """Fill an open table."""
    rows = sum(features.sampling.count(shape) for shape in shapes.values())
    table = SampleTable(file, features=features.components, dates=collection.dates, rows=rows)
    again = dealt.again()
    sizes = {scene.name: Sizes() for scene in scenes}
    summaries = [
        _write_scene(table, collection, number, features.sampling, fitted, again, sizes[scene.name])
        for number, scene in enumerate(scenes)
    ]
    levels = {name: own.levels() for name, own in sizes.items()}
    _say_doubts(levels, collection.bands)
    check_classes(summaries, collection.classes)
    table.trim()
    write_transforms(file.create_group("transform"), fitted.transforms, features.fit)
    paths = dict.fromkeys(path for scene in scenes for path in scene.files)
    write_inputs(file.create_group("inputs"), list(paths), collection.root)
    write_summaries(file.create_group("summary"), summaries)
    of_first = _levels_of_features(levels[scenes[0].name], features.sampling.bands, collection.bands)
    chosen = features.chosen(fitted.transforms[scenes[0].name], collection.dates)
    write_attributes(file, {"change_scale": fitted.change_scale.tolist(), "levels": of_first, "chosen": chosen})
    return summaries


def _said(collection: Collection, scenes: Sequence[Listed], features: Features, dealt: Dealt) -> dict[str, Any]:
    return {
        **collection.about(),
        "scenes": [scene.name for scene in scenes],
        "classes": list(collection.classes),
        "dates": collection.dates,
        "band_names": list(collection.bands),
        "parts": list(PARTS),
        **features.said(),
        "within": asdict(dealt.deal),
        "leaks": dealt.leaks,
    }


def _dealt(
    collection: Collection,
    scenes: Sequence[Listed],
    shapes: Mapping[str, tuple[int, int]],
    sampling: Sampling,
    deal: Deal,
) -> Dealt:
    parts = {scene.name: (scene.part, deal.blocks(shapes[scene.name], scene.part)) for scene in scenes}
    counts = {}
    if needs_counts(deal, [scene.part for scene in scenes]):
        for name, (_, blocks) in parts.items():
            counts[name] = np.zeros((blocks.count, len(collection.classes)), dtype=np.int64)
            for piece in labelled_pixels(collection, name, sampling):
                at = blocks.numbers(piece.pixels.rows, piece.pixels.columns)
                np.add.at(counts[name], (at, piece.labels), 1)
    return deal_scenes(deal, parts, counts, collection.classes)


def _fit(collection: Collection, scenes: Sequence[Listed], features: Features, dealt: Dealt) -> Fitted:
    trained, first_dates, deals = Moments(), Moments(), dealt.again()
    of_class = [Moments() for _ in collection.classes if features.selects]
    for scene in scenes:
        if scene.part in ("", PARTS[TRAIN]):
            for piece in labelled_pixels(collection, scene.name, features.sampling):
                kept = _parts(deals, scene.name, piece) == TRAIN
                pixels = piece.pixels.taken(kept)
                trained.add(pixels.raw)
                for label, moments in enumerate(of_class):
                    moments.add(pixels.raw[piece.labels[kept] == label])
                first_dates.add(pixels.dates[:, 0])
    if features.fit == "image":
        whole = replace(features.sampling, stride=1)
        own = {scene.name: features.fitted(_moments(collection, scene.name, whole)) for scene in scenes}
    else:
        own = dict.fromkeys((scene.name for scene in scenes), features.fitted(trained, of_class))
    return Fitted(own, first_dates.scale)


def _moments(collection: Collection, name: str, sampling: Sampling) -> Moments:
    """Of the raw features of all valid pixels of a scene, labelled or not."""
    moments = Moments()
    with collection.open(name) as scene:
        for pixels in sampling.read(scene):
            moments.add(pixels.raw)
    return moments


def _parts(deals: Pass, name: str, piece: Labelled) -> NDArray[np.uint8]:
    return deals.parts(name, piece.pixels.rows, piece.pixels.columns, piece.labels)


def _write_scene(
    table: SampleTable,
    collection: Collection,
    number: int,
    sampling: Sampling,
    fitted: Fitted,
    deals: Pass,
    sizes: Sizes,
) -> SceneSummary:
    """Write the samples of the labelled scene of some number, and take the sizes of its numbers."""
    name = list(fitted.transforms)[number]
    counts = np.zeros((len(PARTS), len(collection.classes)), dtype=np.int64)
    lost = np.zeros(5, dtype=np.int64)
    for piece in labelled_pixels(collection, name, sampling):
        parts = _parts(deals, name, piece)
        used = parts != UNUSED
        pixels, labels, parts = piece.pixels.taken(used), piece.labels[used], parts[used]
        table.append(
            features=fitted.transforms[name].transform(pixels.raw),
            labels=labels,
            split=parts,
            scene=number,
            row=pixels.rows,
            column=pixels.columns,
            **_of_pair(pixels.dates, fitted.change_scale),
        )
        np.add.at(counts, (parts, labels), 1)
        lost += (pixels.masked, pixels.skipped, piece.unlabelled, pixels.zeros.sum(), pixels.suspect.sum())
        sizes.take(thinned_dates(pixels))
    found = SceneSummary(name, deals.dealt.parts[name][0], tuple(map(tuple, counts.tolist())), *lost.tolist())
    found.report(collection.classes)
    return found


def _say_doubts(levels: Mapping[str, Sequence[Levels]], bands: Sequence[str]) -> None:
    """Warn of dates that are not in one unit, and of scenes that are not in that of the first."""
    first, *others = levels
    doubts = [doubt for name in levels for doubt in doubts_of_dates(name, levels[name], bands)]
    doubts += [d for name in others for d in doubts_of_scene(name, levels[name], first, levels[first], bands)]
    for doubt in doubts:
        log.warning("%s", doubt)


def _levels_of_features(own: Sequence[Levels], wanted: Sequence[str], bands: Sequence[str]) -> list[Any]:
    """Of each date the median and the low number of each band that features are made of."""
    chosen = [level.of([bands.index(name) for name in wanted]) for level in own]
    return [[level.median.tolist(), level.low.tolist()] for level in chosen]


def _of_pair(dates: NDArray[np.float32], scale: Floats) -> dict[str, NDArray[np.float32]]:
    """What only pairs have."""
    return {"change_vector_length": change_vector_length(dates, scale)} if dates.shape[1] == 2 else {}


def change_vector_length(dates: NDArray[np.float32], scale: Floats) -> NDArray[np.float32]:
    """Length of the change of all bands, each in units of its scale: shape (pixels,), from (pixels, 2, bands)."""
    change = (dates[:, 1].astype(np.float64) - dates[:, 0]) / scale
    return np.asarray(np.sqrt((change**2).sum(axis=1)), dtype=np.float32)
