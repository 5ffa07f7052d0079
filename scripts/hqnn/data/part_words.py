"""Words that name the part a sample is in."""

from __future__ import annotations

from hqnn.data.parts import TEST, TRAIN, UNUSED, VALIDATION

WORDS = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(("validation", "validate", "valid", "val", "dev", "development"), VALIDATION),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "hold-out"), TEST),
    "unused": UNUSED,
}


def part_of(word: str) -> int | None:
    """The code of a part, see `hqnn.data.parts`, however it is spelt; None where a word names none."""
    return WORDS.get(word.strip().casefold())
