"""What the page says of rows of a table."""

from __future__ import annotations

from pathlib import Path

from hqnn.report.chapter import Chapter, Material
from hqnn.report.samples import file_named
from hqnn.report.table.samples import row_notes
from hqnn.report.vectors import Vectors


def table_chapters(material: Material) -> list[Chapter]:
    """A chapter for each data set, which is a split of the rows."""
    table = file_named("samples.h5", material.artefacts)
    return [_chapter(material.of(str(dataset)), table) for dataset in material.metrics["dataset"].unique()]


def _chapter(material: Material, table: Path | None) -> Chapter:
    splits = [path for path in material.artefacts if path.name == "split.h5"]
    return Vectors(material, row_notes(table, splits)).chapter()
