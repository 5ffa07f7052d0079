"""The one error type that a user is meant to read, and the words of others in it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

LONGEST_WORD = 400  # letters without a blank; a path may have as many
LONGEST_VALUE = 80
OBJECT = re.compile(r" ?<[^<>]*(?: at 0x[0-9a-f]+|class '[^']*')[^<>]*>")


class UserError(Exception):
    """Something a user can mend.

    The message is one sentence: it names the file, key or value, says what is wrong with it, and what to do. It is one
    line of printable text, whatever it repeats: other characters are escaped, and words without end are cut.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(" ".join(map(_shortened, _printable(sentence).split(" "))))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest right one and the whole list.

    Args:
        name: what the user wrote.
        known: the right names.

    Returns:
        Text to append to a message, such as ``; did you mean 'exact'? Known: exact, shots``.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{hint} Known: {', '.join(names)}"


def plain(error: BaseException) -> str:
    """What an error of another library says, for a sentence of ours: its first line, without Python's objects."""
    said = str(getattr(error, "strerror", None) or error)
    lines = [line.strip() for line in OBJECT.sub("", said).splitlines() if line.strip()]
    return lines[0] if lines else "it is damaged"


def quoted(value: object) -> str:
    """A value as a config or a JSON file would say it, for a sentence; cut where it is long."""
    said = repr(value) if isinstance(value, str) else json.dumps(value, default=str, skipkeys=True, ensure_ascii=False)
    return said if len(said) <= LONGEST_VALUE else f"{said[: LONGEST_VALUE - 20]} … {said[-20:]}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(word: str) -> str:
    return word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_VALUE]}…{word[-20:]}"
