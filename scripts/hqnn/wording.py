"""Numbers and lists in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 5  # of a list


def plural(count: int, noun: str) -> str:
    """A number with its noun, such as ``1 image``, ``6,569 samples``, ``3 classes`` or ``2 cities``."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def some(names: Sequence[str], beyond: str = "") -> str:
    """The first names of a list, how many there are more, and what is to be said of these."""
    more = f" and {len(names) - NAMED:,} more{beyond}" if len(names) > NAMED else ""
    return ", ".join(map(on_one_line, names[:NAMED])) + more


def on_one_line(name: str) -> str:
    """A name as it is, but for line breaks and other signs that cannot be seen, which are escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)
