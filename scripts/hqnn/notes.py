"""What a job warned of: tables that it writes say it, so that the page can say it again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Collector(logging.Handler):
    """Keeps the sentences of warnings, each once, while it is listening."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences[record.getMessage()] = None


_collector = _Collector()


@contextmanager
def noting() -> Iterator[None]:
    """Keep what the library warns of inside the block."""
    library = logging.getLogger("hqnn")
    _collector.sentences.clear()
    library.addHandler(_collector)
    try:
        yield
    finally:
        library.removeHandler(_collector)
        _collector.sentences.clear()


def notes() -> list[str]:
    """The sentences that were kept so far; none outside of `noting`."""
    return list(_collector.sentences)
