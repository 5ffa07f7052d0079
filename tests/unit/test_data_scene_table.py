"""Tables of scenes as editors and spreadsheets write them, and those that contradict themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from hqnn.data.pixels.scene_table import read_scene_table
from hqnn.errors import UserError

SCENES = "scene;date;file;label;split;band\na;1;a1.tif;a.tif;Training;\nb;1;b 1.tif;b.tif;holdout;\n"


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A folder with the files that the table above names."""
    for name in ("a1.tif", "a.tif", "b 1.tif", "b.tif"):
        (tmp_path / name).touch()
    return tmp_path / "scenes.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_of_scenes_are_read_as_programs_write_them(
    scenes: Path, encoding: str, separator: str, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    scenes.write_bytes(f"\n{SCENES}\n;;;;;\n".replace(";", separator).replace("\n", end).encode(encoding))
    found = read_scene_table(scenes)
    assert [(scene.name, scene.part) for scene in found] == [("a", "train"), ("b", "test")] and not caplog.text
    assert found[1].dates == (("1", ((scenes.parent / "b 1.tif", ""),)),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("label;", "date;", r"two columns named 'date'; rename one"),
        ("holdout", "houldout", r"the split 'houldout' in line 3; .*Known: test, train, validation"),
        ("holdout", "unused", r"the split 'unused' in line 3"),
        ("b;1;b 1.tif", "a;1;a1.tif", r"names \S+a1\.tif twice for date '1' of scene 'a'; leave one of the rows out"),
    ],
)
def test_tables_of_scenes_that_contradict_themselves_are_refused(
    scenes: Path, old: str, new: str, message: str
) -> None:
    scenes.write_text(SCENES.replace(old, new))
    with pytest.raises(UserError, match=message):
        read_scene_table(scenes)


def test_columns_of_scenes_that_nobody_looks_at_are_said(scenes: Path, caplog: pytest.LogCaptureFixture) -> None:
    scenes.write_text(SCENES.replace("band", "bnad"))
    read_scene_table(scenes)
    assert "columns 'bnad' are not looked at; a table of scenes may have" in caplog.text
