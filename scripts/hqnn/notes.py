"""What a rule warned of while it made a table, written into the table, so that the page can say it again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from hqnn.store import open_table, read_attributes, write_attributes

NOTES = "notes"


class _Collector(logging.Handler):
    """Keeps the sentences of warnings, each once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences[record.getMessage()] = None


@contextmanager
def noted(table: str | os.PathLike[str]) -> Iterator[None]:
    """Write what the library warns of inside the block as an attribute of the table that the block makes.

    Args:
        table: the HDF5 file.
    """
    collector, library = _Collector(), logging.getLogger("hqnn")
    library.addHandler(collector)
    try:
        yield
    finally:
        library.removeHandler(collector)
    with h5py.File(table, "r+") as file:
        write_attributes(file, {NOTES: list(collector.sentences)})


def read_notes(tables: Iterable[Path]) -> list[str]:
    """The notes of all tables, each once, in their order."""
    found: dict[str, None] = {}
    for path in tables:
        with open_table(path) as file:
            found.update(dict.fromkeys(read_attributes(file).get(NOTES, ())))
    return list(found)
