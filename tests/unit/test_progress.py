"""How far a long piece of work is."""

from __future__ import annotations

import logging

import pytest

from hqnn.progress import Progress


def test_the_log_says_share_rate_and_time_left_now_and_then_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter([0.0, 2.0, 12.0, 14.0, 20.0])
    monkeypatch.setattr("hqnn.progress.time.monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "hqnn"):
        progress = Progress("scene moor", 4_000, "pixels", 60_000)
        for _ in range(4):
            progress.add(1_000)
    assert caplog.messages == [
        "scene moor: 50 % of 4,000 pixels, 167 a second (10 MB/s), 12 s left",
        "scene moor: 100 % of 4,000 pixels, 200 a second (12 MB/s), 0 s left",
    ]
