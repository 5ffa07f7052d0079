"""Where and how the user wrote what a circuit applies: the expression, its file and its line."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import linecache
import os
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, TracebackType

LONGEST = 100  # letters of an expression that a message quotes


def _folder(package: str) -> str:
    spec = importlib.util.find_spec(package)
    return str(Path(spec.origin).parent) + os.sep if spec and spec.origin else os.sep


LIBRARIES = (*map(_folder, ("numpy", "scipy", "autoray", "autograd")), contextlib.__file__, functools.__file__)
PENNYLANE = _folder("pennylane")
QUEUING = tuple(str(Path(__file__).with_name(f"{name}.py")) for name in ("written", "watched", "recording"))
OWN = (*QUEUING, str(Path(__file__).with_name("trace.py")))


@dataclass(frozen=True)
class Place:
    """A point in running code.

    Attributes:
        code: what runs.
        instruction: the index of its byte code in bytes.
    """

    code: CodeType
    instruction: int

    @property
    def text(self) -> str:
        """The expression in backquotes, on one line, or nothing where its source is not at hand."""
        line, end, first, last = self._positions
        if line is None or end is None or first is None or last is None:
            return ""
        lines = [text.encode() for text in linecache.getlines(self.code.co_filename)[line - 1 : end]]
        whole = b"".join(lines)[first : sum(map(len, lines[:-1])) + last].decode(errors="replace")
        short = " ".join(whole.split())
        return f"`{short if len(short) <= LONGEST else short[: LONGEST - 4] + ' ...'}`" if short else ""

    @property
    def where(self) -> str:
        """File and line."""
        line = self._positions[0] or self.code.co_firstlineno
        return f"{Path(self.code.co_filename).name}, line {line}"

    @property
    def _positions(self) -> tuple[int | None, int | None, int | None, int | None]:
        return next(islice(self.code.co_positions(), max(self.instruction, 0) // 2, None))


def calling(skipped: tuple[str, ...]) -> FrameType | None:
    """The innermost running frame whose file does not begin with one of these paths."""
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(skipped):
        frame = frame.f_back
    return frame


def written() -> Place | None:
    """The place in the user's code that led here, through any library; None where there is none."""
    frame = calling((*LIBRARIES, PENNYLANE, *QUEUING))
    return Place(frame.f_code, frame.f_lasti) if frame and frame.f_code.co_filename not in OWN else None


def failed_at(traceback: TracebackType | None) -> Place | None:
    """The innermost place of a traceback that lies in the user's code and not in a library."""
    found = None
    while traceback:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith((*LIBRARIES, PENNYLANE, *OWN)):
            found = Place(code, traceback.tb_lasti)
        traceback = traceback.tb_next
    return found
