"""A log of its own for each of several training runs that share a job."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LOG = "train.log"  # beside a model


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
