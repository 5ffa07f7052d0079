"""What rules asked for and used, as their logs say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hqnn.efficiency import main
from hqnn.job import USED


def test_every_rule_has_a_row_and_what_does_not_fit_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [
        ("compile", 3.0, 500, 2000),
        ("train", 10.0, 900, 1000),
        ("train", 30.0, 1500, 1000),
        ("draw", 1.0, 100, 1000),
        ("shots", 2.0, 100, None),
    ]
    for number, (rule, seconds, memory, asked) in enumerate(said):
        used = {"rule": rule, "threads": 1, "seconds": seconds, "memory_mb": memory, "asked_mb": asked, "code": 0}
        text = f"a line\n{USED}{json.dumps(used)}\n"
        (tmp_path / f"{number}.log").write_text(text, encoding="utf-8")
    (tmp_path / "torn.log").write_text(f'{USED}{{"rule": "tr', encoding="utf-8")
    (tmp_path / "empty.log").touch()
    main([str(tmp_path)])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        ["train", "2", "40.0", "30.0", "1500", "1000", "used", "more", "than", "it", "asked", "for"],
        ["compile", "1", "3.0", "3.0", "500", "2000", "asked", "for", "more", "than", "twice", "as", "much"],
        ["shots", "1", "2.0", "2.0", "100"],
        ["draw", "1", "1.0", "1.0", "100", "1000"],
    ]


def test_a_folder_without_logs_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="says what its job used; run something first"):
        main([str(tmp_path)])
