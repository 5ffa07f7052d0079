"""What the page says of pixels: beside what all vectors of features have, maps and what a device's noise does."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from hqnn.metrics.runs import Run
from hqnn.report.ablation import Explanation, explain
from hqnn.report.chapter import Block, Chapter, Figures, Folded, Material, Pictures, Section, Words, section
from hqnn.report.panels import Image
from hqnn.report.pixels.every_pixel import every_pixel_blocks
from hqnn.report.pixels.samples import pixel_notes
from hqnn.report.pixels.scene_layers import SceneLayers
from hqnn.report.pixels.scene_viewer import scene_viewer
from hqnn.report.runs import map_files
from hqnn.report.samples import file_named
from hqnn.report.vectors import Vectors
from hqnn.wording import plural

MAPS = "Every pixel of each mapped scene, not only the samples that the tables score."


def pixel_chapters(material: Material) -> list[Chapter]:
    """A chapter for each data set."""
    return [_chapter(material.of(str(dataset))) for dataset in material.metrics["dataset"].unique()]


def _chapter(material: Material) -> Chapter:
    vectors = Vectors(material, pixel_notes(file_named("samples.h5", material.artefacts)))
    return vectors.chapter(
        section("every-pixel", "Every pixel of the test scenes", *every_pixel_blocks(material, vectors.classes)),
        section("device", "Why the device differs", *_explained(material)),
        _maps([path for path in material.artefacts if path.name == "maps"]),
    )


def _explained(material: Material) -> Iterator[Block]:
    for path in material.artefacts:
        if path.name == "ablation.csv":
            yield from _told(explain(path, material.published))


def _told(told: Explanation) -> tuple[Block, ...]:
    return (
        Words(told.answers, findings=True),
        Figures(told.panels, told.marks, f"{told.model} on {told.backend}"),
        Folded("All settings", told.table),
    )


def _maps(folders: Sequence[Path]) -> Section:
    drawn = map_files(folders)
    rasters = [file for folder in folders for file in sorted(folder.glob("*.tif"))]
    where = ", ".join(str(folder) for folder in folders)
    files = f" As {plural(len(rasters), 'GeoTIFF')} with all classes in {where}." if rasters else ""
    pictures = Pictures(tuple(_map(*one) for one in drawn)) if drawn else None
    return section("maps", "Maps", Words((MAPS + files,)) if drawn or rasters else None, pictures)


def _map(run: Run, scene: str, file: Path) -> Image:
    data = base64.b64encode(file.read_bytes()).decode()
    caption = f"{scene}: {run.model} ({run.phase}), seed {run.seed}"
    picture = Markup('<img src="data:image/png;base64,{}" alt="Map of {}">').format(data, caption)
    layers = file.with_suffix(".h5")
    return Image(picture + scene_viewer(SceneLayers.read(layers)) if layers.exists() else picture, caption)
