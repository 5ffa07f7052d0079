"""What a job warns of stands in the tables that it writes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from hqnn.notes import noting
from hqnn.report.study import read_notes
from hqnn.store import add_column, new_table, read_table, write_table

log = logging.getLogger("hqnn.somewhere")
ROWS = {"labels": np.zeros(3, dtype=np.uint8)}


def test_a_table_says_once_what_was_warned_of_while_it_was_made(tmp_path: Path) -> None:
    first, other = tmp_path / "samples.h5", tmp_path / "split.h5"
    log.warning("said before the job")
    with noting():
        log.warning("%s has no red band", "alder")
        log.info("nothing to worry about")
        with new_table(first, {"settings": {}}) as file:
            add_column(file, "labels", ROWS["labels"])
            log.warning("alder has no red band")
            log.warning("half of alder is masked")
    with noting():
        log.warning("class %s has no test sample", "<b>")
        write_table(other, ROWS, {})
    assert read_notes([first]) == ["alder has no red band", "half of alder is masked"]
    assert read_notes([other, first])[0] == "class <b> has no test sample"
    assert read_table(first)[1]["settings"] == {}


def test_a_table_made_in_peace_says_nothing(tmp_path: Path) -> None:
    with noting():
        write_table(tmp_path / "samples.h5", ROWS, {})
    log.warning("said after the job")
    write_table(tmp_path / "split.h5", ROWS, {})
    assert read_notes([tmp_path / "samples.h5", tmp_path / "split.h5"]) == []
