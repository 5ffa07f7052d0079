"""The parts that images are dealt to, and their codes in the column `split` of a table."""

from __future__ import annotations

PARTS = ("train", "test", "validation", "unused")  # a part's code is its index
TRAIN, TEST, VALIDATION, UNUSED = range(len(PARTS))
PUBLISHED_PARTS = PARTS[:2]  # those that sets come in
