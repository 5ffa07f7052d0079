"""Warnings that are given once, however often the scene that they are about is opened."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field


@dataclass
class Once:
    """Warnings of one collection of scenes.

    Attributes:
        log: where they go.
        said: those that were given.
    """

    log: logging.Logger
    said: set[str] = field(default_factory=set)

    def warn(self, sentence: str) -> None:
        """Give a warning, unless it was given before."""
        if sentence not in self.said:
            self.said.add(sentence)
            self.log.warning("%s", sentence)
