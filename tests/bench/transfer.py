"""Time transfer learning beside the usual ways, in one run on one machine; write results/benchmarks/transfer.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import transfer_features
import transfer_training

from hqnn.store import write_text

RESULT = Path(__file__).parents[2] / "results" / "benchmarks" / "transfer.json"
PARTS: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
    "features": transfer_features.measured,
    "cracks": partial(transfer_training.measured, transfer_training.CRACKS),
    "masks": partial(transfer_training.measured, transfer_training.MASKS),
}


def line(entry: dict[str, Any]) -> str:
    """One line of the table."""
    peers = "; ".join(f"{name} {ms:.0f} ms ({ms / entry['ours_ms']:.2f}x)" for name, ms in entry["peers"].items())
    return f"{entry['name']:28s}{entry['ours_ms']:10.0f} ms {entry['extra_mb']:7.0f} MB  {peers}"


def details(entry: dict[str, Any]) -> list[str]:
    """What stands below the line of a whole run."""
    taken = [
        f"  {name}: {own['ms'] / 1e3:.1f} s, CPU {own['cpu_ms'] / 1e3:.1f} s"
        + (f"; at most {entry['limit_ms'][name] / 1e3:.0f} s" if name in entry["limit_ms"] else "")
        + (f"; published {entry['published_ms'][name] / 1e3:.0f} s" if name in entry["published_ms"] else "")
        for name, own in entry.get("cost", {}).items()
    ]
    ratios = entry.get("times_ours", {}).items()
    return [*taken, *(f"  {name}: {own['ms']:.1f}x, CPU {own['cpu_ms']:.1f}x" for name, own in ratios)]


def main() -> None:
    """Measure, print, write; what other parts measured before stays."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all by default")
    entries = []
    for part in parser.parse_args().parts or PARTS:
        for entry in PARTS[part]():
            entries.append(entry)
            print("\n".join([line(entry), *details(entry)]), flush=True)
    names = {entry["name"] for entry in entries}
    if RESULT.exists():
        entries += [entry for entry in json.loads(RESULT.read_text()) if entry["name"] not in names]
    write_text(RESULT, json.dumps(entries, indent=1) + "\n")
    print(f"wrote {RESULT}", file=sys.stderr)


if __name__ == "__main__":
    main()
