"""Bad tables of numbers: one sentence that names file, place and cure, and nothing that is left out unsaid."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from hqnn.data.parts import TEST, TRAIN
from hqnn.data.table.doubts import telling_columns
from hqnn.data.table.features import fit_rows, write_features
from hqnn.data.table.prepare import prepare_table
from hqnn.data.table.readers import read_new_rows, read_rows
from hqnn.data.table.splits import write_table_split
from hqnn.errors import UserError
from hqnn.settings.splits import Split
from hqnn.store import read_table

GOOD = "a,b,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n"


LONG = "a,c,label\n" + "".join(f"<{row}>,{{0}},{'xyz'[row % 3]}\n" for row in range(24))


def filled(text: str) -> str:
    """Rows with a number each, and a second one that is what its name says."""
    rng = np.random.default_rng(0)
    noise, shuffled, lines = rng.normal(size=(2, 24)), rng.permutation(24), []
    for line in text.splitlines(keepends=True):
        found = re.match(r"<(\d+)>", line)
        if found:
            row = int(found[1])
            said = {"row": 3 * row, "shuffled": shuffled[row], "code": row % 3 * 7, "noise": noise[1, row]}
            said |= {"parted": row % 3 + noise[0, row] / 100, "missing": -9999 if row % 5 == 0 else noise[1, row]}
            line = line.replace(found[0], str(noise[0, row])).format(**said)
        lines.append(line)
    return "".join(lines)


def refused(path: Path, message: str, **options: object) -> None:
    """Preparing fails with one sentence that names the file, and leaves nothing half-written."""
    output = path.parent / "out/samples.h5"
    with pytest.raises(UserError, match=message) as caught:
        prepare_table(output, path, **options)  # type: ignore[arg-type]
    said = str(caught.value)
    assert str(path) in said and "\n" not in said and " at 0x" not in said and "<class" not in said
    assert not output.parent.exists() or not any(output.parent.iterdir())


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (GOOD.replace("5", "five"), {}, r"line 4, column 'a': 'five' is no number; mend the cell, or name the columns"),
        (GOOD.replace("5", "1_000"), {}, r"line 4, column 'a': '1_000' is no number"),
        (GOOD.replace("5", '"5,5"'), {}, r"line 4, column 'a': '5,5' is no number"),
        (GOOD.replace("\n3", '\n\n"3\n3"'), {}, r"line 4, column 'a': '3\\n3' is no number"),
        (GOOD.replace("5", "").replace("8", "NA").replace("4", "?"), {}, r"empty cells, 1 in 'a', 2 in 'b', the"),
        (GOOD.replace("5", ""), {}, r"the first in line 4; fill them in, or set columns.empty: drop"),
        ("a,b,label\n,2,x\n,4,y\n", {"empty": "drop"}, r"no row without empty cells"),
        (GOOD.replace("5", "-inf"), {}, r"line 4, column 'a': -inf is infinite"),
        (GOOD.replace("5", "1e39"), {}, r"line 4, column 'a': 1e\+39 is infinite, or too large"),
        (GOOD.replace("a,b", "id,b").replace("5", "3"), {}, r"the id '3' twice, in line 3 and line 4"),
        (GOOD.replace("a,b", "id,b").replace("5", ""), {}, r"line 4, column 'id' is empty"),
        (GOOD.replace("a,b", "a,a"), {}, r"two columns named 'a'; rename one"),
        (GOOD.replace("label", "labels"), {}, r"no label: .*name it in columns.label; did you mean 'labels'\?"),
        (GOOD.replace("label", "species"), {}, r"no label: no column is called label, class, target, y"),
        (GOOD.replace("b,", "target,"), {}, r"has the columns 'label', 'target'; say in columns.label which"),
        (GOOD, {"label": "lable"}, r"no column 'lable' to be the label; did you mean 'label'\?"),
        (GOOD, {"group": "bb"}, r"no column 'bb' to be the group"),
        (GOOD, {"features": ("a", "c", "d")}, r"lacks 2 columns: 'c', 'd'; Known: a, b, label"),
        (GOOD, {"features": ("a", "label")}, r"column 'label' is named as label and as feature"),
        (GOOD, {"group": "b", "split": "b"}, r"column 'b' is named as split and as group"),
        ("label\nx\ny\n", {}, r"no column of features beside 'label'"),
        ("a b label\n1 2 x\n", {}, r"the one column 'a b label'; separate columns by commas"),
        (GOOD.replace("y", "x"), {}, r"one class only, 'x'"),
        ("a,label\n" + "".join(f"1,{row / 7}\n" for row in range(90)), {}, r"label 'label' is a measurement, with 90"),
        ("a,label\n" + "".join(f"1,{row}.0\n" for row in range(300)), {}, r"300 different labels, .*256 classes"),
        ("a,label\n" + "".join(f"1,c{row % 300}\n" for row in range(900)), {}, r"300 different labels, .*256 classes"),
        (GOOD.replace("5", "0x1F"), {}, r"column 'a': '0x1F' is no number"),
        (GOOD.replace("5", "2024-03-01"), {}, r"column 'a': '2024-03-01' is no number; mend the cell, or name"),
        (GOOD.replace("5", "5 %"), {}, r"column 'a': '5 %' is no number"),
        (GOOD.replace("5", "yes"), {}, r"column 'a': 'yes' is no number"),
        ("a;b;label\n1.234,5;12.5;x\n2;1;y\n", {}, r"decimal commas and decimal points, '1\.234,5' in line 2"),
        ("a\tb\tlabel\n1,234\t2\tx\n2\t1\ty\n", {}, r"'1,234' in line 2, column 'a' may be a thousand or a fraction"),
        ("1.234;2;0\n3;4;1\n", {}, r"begins with numbers instead of names; add a header"),
        ("a;b;label\n1.2.3;2;x\n3;4;y\n", {}, r"column 'a': '1\.2\.3' is no number"),
        ("a,label\n1,\n2,\n", {}, r"no row with a label in column 'label'"),
        (GOOD + "9,9\n", {}, r"line 6 has 2 cells but the header has 3 names"),
        (GOOD + "9,9,9,9\n", {}, r"line 6 has 4 cells but the header has 3 names"),
        (GOOD + '9,"9,x\n', {}, r"line 6 has 2 cells"),
        ("1,2,x\n3,4,y\n", {}, r"no label: .*\(some names are numbers: if the file has no header, add one\)"),
        ("1,2,0\n3,4,1\n", {}, r"begins with numbers instead of names; add a header"),
        ("a,b,label\n", {}, r"no rows below its header"),
        ("a,b,label", {}, r"no rows below its header"),
        ("\n \n", {}, r"is empty"),
        ("", {}, r"is empty"),
        ("a;b;label\n1,5;2.5;x\n2,5;1;y\n", {}, r"decimal commas and decimal points, '1,5' in line 2, column 'a'"),
        (GOOD.replace("a,b", "a,split"), {}, r"line 2, column 'split': '2' is no part; Known: test, train, validation"),
        (GOOD.replace("a,", "split,").replace("1,", "trian,"), {}, r"'trian' is no part; did you mean 'train'\?"),
        (GOOD.replace("a,", "split,").replace("1,", ","), {}, r"line 2, column 'split' is empty; write train"),
        (GOOD.replace("a,", "group,").replace("1,", ","), {}, r"line 2, column 'group' is empty; fill it in"),
        (",".join(f"c{column}" for column in range(100_001)) + "\n", {}, r"100,001 columns but 100,000 are the most"),
    ],
)  # fmt: skip
def test_csv_files_with_a_fault_are_refused(
    tmp_path: Path, text: str, options: dict[str, object], message: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    refused(path, message, **options)


def some_bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def arrays(**content: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "t.npz", **content)  # type: ignore[arg-type]
        return folder / "t.npz"

    return write


def datasets(attributes: dict[str, object] | None = None, **content: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with h5py.File(folder / "t.h5", "w") as file:
            for name, values in content.items():
                file[name] = values
            file.attrs.update(attributes or {})
        return folder / "t.h5"

    return write


def parquet(**content: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pyarrow.parquet.write_table(pa.table(content), folder / "t.parquet")
        return folder / "t.parquet"

    return write


def cut(write: Callable[[Path], Path], share: float = 0.5) -> Callable[[Path], Path]:
    def damage(folder: Path) -> Path:
        path = write(folder)
        os.truncate(path, int(path.stat().st_size * share))
        return path

    return damage


X, Y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (some_bytes("t.csv", GOOD.replace("5", "fünf").encode("cp1252")), r"not UTF-8 text: line 4 reads 'fünf,6,x'"),
        (some_bytes("t.csv", GOOD.replace("\n", "\r").replace("x", "\xe4").encode("cp1252")), r"line 2 reads '1,2,ä'"),
        (some_bytes("t.csv", GOOD.encode("utf-16")[:-1]), r"begins like UTF-16 but is damaged"),
        (some_bytes("t.csv", GOOD.encode("utf-16-le")), r"is no text"),
        (some_bytes("t.csv.gz", gzip.compress(GOOD.encode())[:-9]), r"cannot be read \(.*\); mend or replace it"),
        (some_bytes("t.csv.gz", GOOD.encode()), r"cannot be read \(Not a gzipped file"),
        (some_bytes("t.xlsx", b"PK"), r"is a spreadsheet; save the sheet that holds the rows as CSV"),
        (some_bytes("t.json", b"[]"), r"ends in \.json, which says no known format; Known: \.csv"),
        (some_bytes("t.parqet", b"PAR1"), r"did you mean '\.parquet'"),
        (some_bytes("t", b""), r"ends in nothing, which says no known format"),
        (lambda folder: folder / "none.csv", r"is no file"),
        (lambda folder: (folder / "t.csv").mkdir() or folder / "t.csv", r"is a folder, but .*; name one, or"),
        (lambda folder: some_bytes("t.csv", b"")(folder) and folder, r"is a folder, .*; give data\.path the file"),
        (cut(parquet(a=[1.0, 2.0], y=[0, 1])), r"cut off or no Parquet"),
        (parquet(a=pa.array([], pa.float64()), y=pa.array([], pa.int8())), r"has no rows"),
        (parquet(a=[[1.0], [2.0]], y=[0, 1]), r"column 'a' holds list<.*> instead of numbers"),
        (parquet(a=[None, 2.0], y=[0, 1]), r"empty cells, 1 in 'a', the first in row 1"),
        (cut(arrays(X=X, y=Y)), r"cut off or no NPZ"),
        (some_bytes("t.npz", b""), r"cut off or no NPZ"),
        (arrays(X=X, y=np.array(["a", 1, None, []], dtype=object)), r"holds Python objects, which could be a program"),
        (arrays(train_images=np.zeros((4, 8, 8)), train_labels=Y), r"holds images; give the study the kind images"),
        (arrays(x_train=np.zeros((4, 8, 8)), y_train=Y), r"holds arrays of 8 x 8 a row; give the study the kind"),
        (arrays(a=X), r"no array 'features' but 'a'"),
        (arrays(X=X), r"no array 'labels' but 'X'"),
        (arrays(X=X[:, 0], y=Y), r"'X' is no matrix of numbers"),
        (arrays(X=X.astype(str), y=Y), r"'X' is no matrix of numbers"),
        (arrays(X=X * 1j, y=Y), r"'X' holds neither numbers nor text"),
        (arrays(X=X[:0], y=Y[:0]), r"'X' is empty"),
        (arrays(X=X, y=Y[:3]), r"'y' has 3 values but there are 4 rows"),
        (arrays(X=X, y=np.eye(4)), r"'y' is no single column"),
        (arrays(X=X, y=Y, split=Y), r"row 1, column 'split': '0' is no part"),
        (arrays(X_train=X, X_test=X, y_train=Y), r"has X_test but no y_test"),
        (arrays(X_train=X, X_test=X[:, :1], y_train=Y, y_test=Y), r"different numbers of features, X_train 2, X_te"),
        (arrays(X=X, y=Y, feature_names=np.array(["a"])), r"names 1 features but 'X' has 2"),
        (cut(datasets(features=X, labels=Y)), r"missing, cut off or no HDF5"),
        (datasets(images=np.zeros((4, 8, 8)), labels=Y), r"holds images; give the study the kind images"),
        (datasets({"classes": ["a"]}, features=X, labels=Y), r"row 2 has 1 in 'labels' but the 1 names have the codes"),
    ],
)  # fmt: skip
def test_files_that_are_damaged_or_hold_something_else_are_refused(
    tmp_path: Path, write: Callable[[Path], Path], message: str
) -> None:
    refused(write(tmp_path), message)


class Hostile:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("executed",)


def test_nothing_in_an_archive_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(arrays(X=np.array([[Hostile()]], dtype=object), y=Y)(tmp_path), "Python objects")
    refused(arrays(X=X, y=Y, feature_names=np.array([Hostile()] * 2))(tmp_path), "Python objects")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("text", "empty", "rows", "warning"),
    [
        (GOOD + "9,9,\n", "stop", 4, "left out 1 of 5 rows, no label"),
        (GOOD.replace("5", ""), "drop", 3, "left out 1 of 4 rows, empty cells"),
        (GOOD + "7,8,y\n7,8.0,x\n", "stop", 6, "2 rows have the numbers of an earlier row, 1 of them with"),
        (GOOD + "9,9,z\n", "stop", 5, "classes with one row only.*'z'"),
        (GOOD + "9,9,Y\n", "stop", 5, "differ in capital letters or spaces only, 'Y' and 'y'; they count as different"),
        (GOOD + "9,9,bare soil\n9,8,Bare_soil\n", "stop", 6, "only, 'Bare_soil' and 'bare soil'"),
        (GOOD + "9,9,e\u0301\n9,8,\xe9\n", "stop", 6, "'e\u0301' and '\xe9'"),
        (GOOD + "9,9,NA\n", "stop", 5, "'NA' counts as a class; if it means that there is no label, leave"),
        (GOOD + ",,\n,,\n", "stop", 4, "left out 2 of 6 rows, nothing in them"),
        (GOOD.replace("2,x", "2, x ").replace("\n", "\n\n") + "\n  \n\x1a", "stop", 4, ""),
        (LONG.format("0"), "stop", 24, "columns that never vary, .*: 'c'"),
        (LONG.format("{row}"), "stop", 24, "columns that count the rows, as ids or times do, .*: 'c'"),
        (LONG.format("{shuffled}"), "stop", 24, "columns that count the rows, .*: 'c'"),
        (LONG.format("{code}"), "stop", 24, "columns that tell the label of every row by themselves: 'c'"),
        (LONG.format("{parted}"), "stop", 24, "columns that tell the label of every row by themselves: 'c'"),
        (LONG.format("{missing}"), "stop", 24, r"columns that hold a number .*\(such as -9999\): 'c'"),
        (LONG.format("{noise}"), "stop", 24, ""),
        ("a;b;label\n1.234;2;x\n999;4;y\n3;5;x\n4;9;y\n", "stop", 4, "'1.234' in line 2, column 'a' is read as"),
        ("a;b;label\n1.234,5;2;x\n999;4;y\n3;5;x\n4;9;y\n", "stop", 4, "points are read as marks of thousands"),
        (GOOD.replace("a,", ","), "stop", 4, "left out what has no name of its own, columns: 1"),
        (GOOD.replace("a,", "Unnamed: 0,"), "stop", 4, "left out what has no name of its own, columns: 1"),
        (GOOD.replace("label", "class").replace("a,", "Target,"), "stop", 4, "'Target' is taken as a feature"),
        (GOOD, "stop", 4, ""),
        ("t,label\n1700000001,x\n1700000002,y\n1700000003,x\n1700000009,y\n", "stop", 4, "32-bit floats round.*'t'"),
    ],
)  # fmt: skip
def test_what_is_left_out_or_doubtful_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, empty: str, rows: int, warning: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(filled(text), encoding="utf-8")
    label = "class" if "class" in text else ""
    found = prepare_table(tmp_path / "samples.h5", path, label=label, empty=empty)  # type: ignore[arg-type]
    assert sum(found.counts.values()) == rows
    said = [record.getMessage() for record in caplog.records]
    assert any(re.search(warning, sentence) for sentence in said) if warning else not said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,c\n1,2\n", r"lacks the column 'b'; Known: a, c"),
        ("c,d\n1,2\n", r"lacks 2 columns: 'a', 'b'"),
        ("a,b\n1,\n", r"empty cells, 1 in 'b', the first in line 2"),
        ("a,b\n1,x\n", r"line 2, column 'b': 'x' is no number"),
        ("id,a,b\n1,1,2\n1,3,4\n", r"the id '1' twice"),
    ],
)
def test_new_rows_that_do_not_fit_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "new.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_new_rows(path, ("a", "b"))


def test_new_rows_without_names_are_taken_in_their_order_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = arrays(X=X)(tmp_path)
    rows = read_new_rows(path, ("a", "b"))
    assert rows.names == ("a", "b") and rows.ids is None and "in the order of the file" in caplog.text
    np.testing.assert_array_equal(rows.features, X)
    with pytest.raises(UserError, match="has 2 features but 3 are needed"):
        read_new_rows(path, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["train", "test", "train", "test"], "no train row of class 'y'"),
        (["train", "train", "val", "val"], "no test row"),
    ],
)
def test_splits_of_a_table_that_nothing_can_be_learnt_from_are_refused(
    tmp_path: Path, parts: list[str], message: str
) -> None:
    cells = zip("1234", "xyxy", parts, strict=True)
    (tmp_path / "t.csv").write_text("a,label,split\n" + "".join(",".join(row) + "\n" for row in cells))
    prepare_table(tmp_path / "samples.h5", tmp_path / "t.csv")
    with pytest.raises(UserError, match=message):
        write_table_split(tmp_path / "samples.h5", tmp_path / "split.h5", Split(), seed=0)
    assert not (tmp_path / "split.h5").exists()


@pytest.mark.parametrize(
    ("raw", "components", "message"),
    [
        (np.eye(4, 9), 4, r"4 components are more than 4 train rows with 9 columns have; .* to 3 or less"),
        (np.eye(6)[:, [0, 0, 1, 1]], 3, r"3 components are more than the 2 in which the train rows vary"),
        (np.ones((5, 3)), 1, r"the 5 train rows are all alike"),
        (np.ones((5, 3)), None, r"the 5 train rows are all alike"),
        (np.ones((1, 3)), 1, r"1 train rows, which nothing can be fitted on"),
        (np.eye(2, 5000), None, r"5,000 columns are too many to take as they are; set features\.components"),
    ],
)
def test_fits_that_train_rows_do_not_give_are_refused(raw: np.ndarray, components: int | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        fit_rows(raw, components=components, whiten=True)


def test_a_split_of_other_samples_is_refused(tmp_path: Path) -> None:
    for name, text in (("one", GOOD), ("two", GOOD + "9,9,x\n")):
        (tmp_path / f"{name}.csv").write_text(text)
        prepare_table(tmp_path / f"{name}.h5", tmp_path / f"{name}.csv")
    write_table_split(tmp_path / "one.h5", tmp_path / "split.h5", Split(train=0.5, validation=0, test=0.5), seed=0)
    with pytest.raises(UserError, match="was made for other samples"):
        write_features(tmp_path / "f.h5", tmp_path / "two.h5", tmp_path / "split.h5", components=1, whiten=True)
    assert not (tmp_path / "f.h5").exists()


def test_a_file_that_cannot_be_cut_is_no_python_fault(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b,label\n1,2,x\n"' + "z" * 200_000 + "\n")
    with pytest.raises(UserError, match=r"look for a quotation mark|cells but the header"):
        read_rows(path)


def test_test_rows_that_training_has_seen_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "".join(f"{row % 20},{row % 20 * 1.5},{'xy'[row % 2]}\n" for row in range(40))
    (tmp_path / "t.csv").write_text("a,b,label\n" + rows)
    prepare_table(tmp_path / "samples.h5", tmp_path / "t.csv")
    caplog.clear()
    write_table_split(tmp_path / "samples.h5", tmp_path / "split.h5", Split(train=0.5, validation=0, test=0.5), seed=0)
    parts, numbers = read_table(tmp_path / "split.h5", "split")[0]["split"], np.arange(40) % 20
    known = np.isin(numbers[parts == TEST], numbers[parts == TRAIN]).sum()
    assert f"{known} of 20 test rows have the numbers of a train row" in caplog.text


def test_empty_new_rows_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "new.csv").write_text("a,b,label\n1,2,x\n,,\n3,4,\n")
    rows = read_new_rows(tmp_path / "new.csv", ("a", "b"))
    assert rows.numbers.tolist() == [1, 3] and rows.left_out == {"nothing in them": 1}
    assert "left out 1 of 3 rows, nothing in them" in caplog.text
    (tmp_path / "new.csv").write_text("a,b\n,\n,\n")
    with pytest.raises(UserError, match="no row with a number in it"):
        read_new_rows(tmp_path / "new.csv", ("a", "b"))


@pytest.mark.parametrize(("rare", "said"), [(1, False), (12, True)])
def test_a_rare_class_that_a_column_parts_by_chance_is_no_leak(rare: int, *, said: bool) -> None:
    labels = (np.arange(40) < rare).astype(np.uint8)
    columns = np.random.default_rng(0).normal(size=(40, 3))
    columns[:, 1] = np.sort(columns[:, 1])
    assert telling_columns(columns, labels) == ([1] if said else [])
