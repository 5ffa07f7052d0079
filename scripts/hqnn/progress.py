"""How far a long piece of work is, in the log."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)

SELDOM_S = 10.0  # between two lines


class Progress:
    """Says now and then which share is done, how fast it goes, and how long it will take.

    Args:
        what: is done, for the log.
        total: how many there are to do.
        unit: what they are, such as `pixels`.
        unit_bytes: how many bytes each is read as.
        seldom_s: seconds between two lines.
    """

    def __init__(self, what: str, total: int, unit: str, unit_bytes: float, seldom_s: float = SELDOM_S) -> None:
        self._what, self._total, self._unit, self._seldom_s = what, total, unit, seldom_s
        self._unit_bytes = unit_bytes
        self._done = 0
        self._started = self._said = time.monotonic()

    def add(self, done: int) -> None:
        """So many more are done."""
        self._done += done
        now = time.monotonic()
        if now - self._said < self._seldom_s and self._done < self._total:
            return
        self._said = now
        rate = self._done / max(now - self._started, 1e-9)
        log.info(
            "%s: %.0f %% of %s %s, %s a second (%.0f MB/s), %.0f s left",
            self._what,
            100 * self._done / self._total,
            f"{self._total:,}",
            self._unit,
            f"{rate:,.0f}",
            rate * self._unit_bytes / 1e6,
            (self._total - self._done) / rate,
        )
