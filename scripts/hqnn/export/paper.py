"""What a paper takes of a page: every figure as SVG and PDF, every table as LaTeX."""

from __future__ import annotations

from pathlib import Path

from hqnn.data.folders import whole_folder
from hqnn.errors import UserError, plain
from hqnn.export.drawings import pdf, standalone
from hqnn.export.latex import latex
from hqnn.export.page_parts import page_parts
from hqnn.store import write_text


def write_paper(output: Path, page: Path, command: str) -> None:
    """Write ``figures/*.svg`` and ``*.pdf`` and ``tables/*.tex``, named after their sections.

    Args:
        output: the folder.
        page: HTML, as `hqnn.report.page.write_report` wrote it.
        command: that writes the folder again; every file says it.

    Raises:
        UserError: the page cannot be read.
    """
    try:
        drawings, tables = page_parts(page.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{page} cannot be read as a page ({plain(error)}); delete it and run again") from error
    with whole_folder(output) as folder:
        for drawing in drawings:
            svg = standalone(drawing, command)
            write_text(folder / f"figures/{drawing.name}.svg", svg)
            (folder / f"figures/{drawing.name}.pdf").write_bytes(pdf(svg, command))
        for table in tables:
            write_text(folder / f"tables/{table.name}.tex", latex(table, command))
