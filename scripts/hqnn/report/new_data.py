"""New photographs, images and rows through a trained model: tables and pictures in one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hqnn.data.folders import whole_folder
from hqnn.errors import UserError, nearest
from hqnn.execution.new_data.image_rows import Reading, write_image_rows
from hqnn.execution.new_data.predictor import Execution, Predictor
from hqnn.models.hybrid import MEMORY_LIMIT_MB
from hqnn.report.sheets import predicted_sheet

TABLE, SHEET = "predictions.csv", "sheet.png"

Writer = Callable[[Path, Path, Sequence[str], Mapping[str, Any], Predictor], None]


def predict_new(
    output: str | os.PathLike[str],
    place: str | os.PathLike[str],
    *,
    kind: str,
    fitted: Sequence[str],
    reading: Mapping[str, Any],
    model: str | os.PathLike[str],
    execution: Execution,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> None:
    """Write what a trained model says of new data into a folder that is whole or absent.

    Of images it holds `TABLE`, see `write_image_rows`, and `SHEET`, the first of them with what was said; of rows of a
    table `TABLE`, see `write_table_rows`.

    Args:
        output: the folder.
        place: the file or folder of the data.
        kind: of the study that the model is of: photographs, images or table.
        fitted: files that say how raw data become what the model takes: of images the samples; of photographs the
            features and the samples; of a table the features.
        reading: how raw data are read beyond that: of photographs the `weights` of the backbone, of a table the columns
            `label` and `id` and what `empty` cells mean.
        model: its file.
        execution: how it runs.
        memory_limit_mb: of the engine.

    Raises:
        UserError: the data cannot be read, or do not have what the model takes.
    """
    if kind not in WRITERS:
        raise UserError(f"there is no kind of study {kind!r}{nearest(kind, WRITERS)}")
    predict = Predictor(model, execution, memory_limit_mb)
    with whole_folder(output) as folder:
        WRITERS[kind](folder, Path(place), fitted, reading, predict)


def _write_photographs(
    folder: Path, place: Path, fitted: Sequence[str], reading: Mapping[str, Any], predict: Predictor
) -> None:
    from hqnn.execution.new_data.photographs import PhotographReading

    _write_images(folder, place, PhotographReading(fitted[0], fitted[1], reading["weights"]), predict)


def _write_small_images(
    folder: Path, place: Path, fitted: Sequence[str], reading: Mapping[str, Any], predict: Predictor
) -> None:
    from hqnn.execution.new_data.images import SmallImageReading

    _write_images(folder, place, SmallImageReading(fitted[0]), predict)


def _write_images(folder: Path, place: Path, reading: Reading, predict: Predictor) -> None:
    seen = write_image_rows(folder / TABLE, place, reading, predict)
    (folder / SHEET).write_bytes(predicted_sheet(seen, reading.bands))


def _write_table(
    folder: Path, place: Path, fitted: Sequence[str], reading: Mapping[str, Any], predict: Predictor
) -> None:
    from hqnn.execution.new_data.table_rows import write_table_rows

    write_table_rows(folder / TABLE, place, fitted[0], predict, **reading)


WRITERS: Mapping[str, Writer] = {
    "photographs": _write_photographs,
    "images": _write_small_images,
    "table": _write_table,
}
