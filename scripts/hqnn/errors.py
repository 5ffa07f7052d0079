"""The one error type that a user is meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something a user can mend.

    The message is one sentence: it names the file, key or value, says what is wrong with it, and what to do.
    """


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
