"""What the README shows of a run: a table in Markdown, and a picture of one change map.

    python -m hqnn.report.readme results/metrics.csv
    python -m hqnn.report.readme results/STUDY/.../maps/montpellier.tif ../shared/data/oscd resources/change_map.png

The picture has the pair and the prediction; the data set's own change map, whose licence is narrower, is not in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import rasterio
from matplotlib.figure import Figure

from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.pictures import false_colour
from hqnn.metrics.table import as_set, read_metrics
from hqnn.report.style import STYLE, png
from hqnn.report.tables import markdown, results
from hqnn.report.words import full_path
from hqnn.store import whole_file

COLUMNS = ("balanced_accuracy", "roc_auc", "average_precision", "recall_change", "recall_no_change")
INCHES, DPI = (9.6, 3.3), 66


def tables(metrics: Path) -> str:
    """All samples, and the subset on which every path ran."""
    table = as_set(read_metrics(metrics))
    table["path"] = [full_path(*pair) for pair in zip(table["path"], table["backend"], strict=True)]
    return "\n".join(markdown(results(table, sampling, COLUMNS)) for sampling in ("all", "subset"))


def picture(mapped: Path, root: Path) -> bytes:
    """PNG of both dates and of the probability of change, side by side."""
    with rasterio.open(mapped) as file:
        probability = file.read(1)
    with open_oscd(root).open(mapped.stem) as scene:
        images = {
            f"{scene.name}, date 1": false_colour(scene, 0),
            "date 2": false_colour(scene, 1),
            "probability of change": probability,
        }
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=INCHES, layout="constrained")
        for axes, (title, image) in zip(figure.subplots(1, 3), images.items(), strict=True):
            axes.imshow(image, cmap="PuOr_r", vmin=None if image.ndim == 3 else 0.27, vmax=0.73)
            axes.set_title(title, fontweight="normal")
            axes.set_axis_off()
        return png(figure, DPI)


def main(first: str, *rest: str) -> None:
    """Print the tables of a run, or write the picture of a map."""
    if rest:
        root, output = rest
        with whole_file(output) as partial:
            partial.write_bytes(picture(Path(first), Path(root)))
    else:
        sys.stdout.write(tables(Path(first)))


if __name__ == "__main__":
    main(*sys.argv[1:])
