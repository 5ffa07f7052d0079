"""What captions say of the rows that are shown."""

from __future__ import annotations

import pandas as pd

from hqnn.wording import plural


def samples_of(rows: pd.DataFrame) -> str:
    """Of how many samples they are, such as ``200`` or ``200 or 1,024``."""
    return " or ".join(f"{n:,}" for n in sorted(rows["samples"].unique()))


def seeds_of(rows: pd.DataFrame) -> str:
    """Over how many seeds each run of them is."""
    counts = sorted(set(rows.groupby(["model", "phase", "path"])["seed"].nunique()))
    return plural(counts[0], "seed") if len(counts) == 1 else f"{counts[0]} to {plural(counts[-1], 'seed')}"


def over_seeds(rows: pd.DataFrame) -> str:
    """What stands for the seeds in an entry."""
    seeds = seeds_of(rows)
    return "One seed" if seeds == "1 seed" else f"Mean ± standard deviation over {seeds}"


def marked(rows: pd.DataFrame) -> str:
    """What the mark of published figures is, where there are any."""
    return " ● marks a published figure." if rows["published"].notna().any() else ""
