"""What a job says: warnings that its tables say again, for the page; and logs of single results."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


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


@contextmanager
def logged_to(*paths: Path, anew: bool = True) -> Iterator[None]:
    """Let what the library says inside the block stand in these files, too.

    Args:
        paths: of the files; their folders are made.
        anew: whether what stands there goes.
    """
    library = logging.getLogger("hqnn")
    with ExitStack() as opened:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = logging.FileHandler(path, mode="w" if anew else "a", encoding="utf-8")
            opened.callback(handler.close)
            handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s: %(message)s"))
            library.addHandler(handler)
            opened.callback(library.removeHandler, handler)
        yield
