"""The largest differences that the parity tests saw: one table, printed at the end and kept in results/parity.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

COLUMNS = ("peer", "qubits", "comparisons", "values", "gradients to weights", "gradients to inputs", "tolerance")
RECORDS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RECORDS] = []


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Hold two triples (values, gradients to weights, gradients to inputs) together, and remember how far apart."""
    records = request.config.stash[RECORDS]

    def compared(peer: str, qubits: int, ours: Any, theirs: Any, tolerance: float) -> None:
        found = {}
        for what, mine, other in zip(COLUMNS[3:6], ours, theirs, strict=True):
            assert mine.shape == other.shape
            found[what] = float(abs(mine - other).max(initial=0.0))
        records.append({"peer": peer, "qubits": qubits, **found, "tolerance": tolerance})
        assert all(difference <= tolerance for difference in found.values()), found

    return compared


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["parity"] = session.config.stash[RECORDS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist hands its records to the session that started it."""
    node.config.stash[RECORDS] += getattr(node, "workeroutput", {}).get("parity", [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.stash[RECORDS]:
        return
    from hqnn.store import write_text

    rows = [COLUMNS, *_rows(config.stash[RECORDS])]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    terminalreporter.section("largest difference between the engine and its peers, float64")
    for row in rows:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    text = "".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n" for row in rows)
    write_text(config.rootpath / "results/parity.csv", text)


def _rows(records: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for peer in sorted({r["peer"] for r in records}):
        own = [r for r in records if r["peer"] == peer]
        low, high = min(r["qubits"] for r in own), max(r["qubits"] for r in own)
        qubits = f"{low} to {high}" if low < high else str(low)
        yield peer, qubits, str(len(own)), *(f"{max(r[c] for r in own):.1e}" for c in COLUMNS[3:])
