"""What a rule warns of stands in the table that it makes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from hqnn.notes import noted, read_notes
from hqnn.store import write_table

log = logging.getLogger("hqnn.somewhere")


def test_a_table_says_once_what_was_warned_of_while_it_was_made(tmp_path: Path) -> None:
    first, other = tmp_path / "samples.h5", tmp_path / "split.h5"
    for path in (first, other):
        with noted(path):
            log.warning("%s has no red band", "alder")
            log.warning("alder has no red band")
            log.info("nothing to worry about")
            write_table(path, {"labels": np.zeros(3, dtype=np.uint8)}, {})
    log.warning("said of nothing")
    with noted(other):
        log.warning("class %s has no test sample", "<b>")
    assert read_notes([first]) == ["alder has no red band"]
    assert read_notes([first, other]) == ["alder has no red band", "class <b> has no test sample"]


def test_a_table_without_notes_says_none(tmp_path: Path) -> None:
    write_table(tmp_path / "samples.h5", {"labels": np.zeros(3, dtype=np.uint8)}, {})
    assert read_notes([tmp_path / "samples.h5"]) == []
