"""Tables of numbers: their files say the same, their splits keep groups whole, and train rows alone decide features."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from hqnn.data.features import fit_transform
from hqnn.data.moments import Moments
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.samples import read_samples
from hqnn.data.synthetic.table import write_table_sample
from hqnn.data.table.features import fit_rows, read_features_transform, write_features
from hqnn.data.table.prepare import prepare_table
from hqnn.data.table.readers import Rows, read_new_rows, read_rows
from hqnn.data.table.splits import write_table_split
from hqnn.metrics.clusters import Origins
from hqnn.settings.splits import Split
from hqnn.store import file_digest, open_table, read_attributes, read_table, write_table

FEATURES = np.array([[1.5, -2.0], [0.25, 1e3], [3.0, 4.0], [-1.0, 0.5], [2.0, 2.0]])
LABELS = ["pear", "apple", "pear", "fig", "apple"]
PARTS = ["train", "Training", "val", "TRAIN", "holdout"]
GROUPS = ["a", "b", "a", "c", "b"]
IDS = ["007", "008", "009", "010", "011"]
NAMES = ("length", "width")


def written(separator: str = ",", point: str = ".", end: str = "\n", quote: str = "") -> str:
    def cell(value: object) -> str:
        return f"{quote}{value}{quote}"

    lines = [separator.join(map(cell, ("id", "group", "split", *NAMES, "label")))]
    for row in zip(IDS, GROUPS, PARTS, *FEATURES.T, LABELS, strict=True):
        cells = (str(value).replace(".", point) if isinstance(value, float) else value for value in row)
        lines.append(separator.join(map(cell, cells)))
    return end.join(lines) + end


def as_csv(**options: str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(written(**options).encode()) and None


def columns() -> dict[str, object]:
    return {"id": IDS, "group": GROUPS, "split": PARTS, NAMES[0]: FEATURES[:, 0], NAMES[1]: FEATURES[:, 1]}


def as_parquet(path: Path) -> None:
    table = pa.table({**columns(), "label": pa.array(LABELS).dictionary_encode()})
    pyarrow.parquet.write_table(table, path)


def as_npz(path: Path) -> None:
    texts = {"labels": LABELS, "split": PARTS, "group": GROUPS, "id": IDS, "feature_names": NAMES}
    np.savez_compressed(path, X=FEATURES, **{name: np.array(value) for name, value in texts.items()})


def as_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["features"], file.attrs["feature_names"] = FEATURES, list(NAMES)
        for name, value in {"labels": LABELS, "split": PARTS, "group": GROUPS, "id": IDS}.items():
            file[name] = value


def as_our_store(path: Path) -> None:
    raw = path.with_suffix(".csv")
    as_csv()(raw)
    prepare_table(path, raw)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", as_csv()),
        ("t.CSV", as_csv(end="\r\n", quote='"')),
        ("t.csv", lambda path: path.write_bytes(b"\xef\xbb\xbf" + written(separator=";", point=",").encode())),
        ("t.tsv", as_csv(separator="\t", end="\r")),
        ("t.txt", as_csv(separator="|")),
        ("t.csv", lambda path: path.write_text(written(), encoding="utf-16")),
        ("t.csv", lambda path: path.write_bytes(written(end="\r\n").encode("utf-32"))),
        ("t.csv", lambda path: path.write_text("sep=;\n" + written(separator=";", point=",") + "\n\x1a")),
        ("t.csv", lambda path: path.write_text("\n" + written().replace("\n", "\n\n").replace(",", " , "))),
        ("t.csv.gz", lambda path: path.write_bytes(gzip.compress(written().encode()))),
        ("t.parquet", as_parquet),
        ("t.npz", as_npz),
        ("t.h5", as_hdf5),
        ("t.hdf5", as_our_store),
    ],
)
def test_all_formats_say_the_same(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    path = tmp_path / name
    write(path)
    rows = read_rows(path)
    assert rows.names == NAMES and rows.classes == ("apple", "fig", "pear")
    np.testing.assert_array_equal(rows.features, FEATURES)
    np.testing.assert_array_equal(rows.labels, [2, 0, 2, 1, 0])
    assert rows.parts is not None
    np.testing.assert_array_equal(rows.parts, [TRAIN, TRAIN, VALIDATION, TRAIN, TEST])
    assert (rows.groups, rows.group, rows.ids, rows.left_out) == (tuple(GROUPS), "group", tuple(IDS), {})
    np.testing.assert_array_equal(rows.numbers, [1, 2, 3, 4, 5])


@settings(max_examples=40)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20), st.integers(1, 3))
def test_marks_of_thousands_are_read_where_a_fraction_shows_them(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], digits: int
) -> None:
    values = [*(number / 10**digits for number in numbers), 1234.5]
    german = [f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,")) for value in values]
    path = tmp_path_factory.getbasetemp() / "german.csv"
    path.write_text("a;y\n" + "".join(f"{text};{row % 2}\n" for row, text in enumerate(german)))
    np.testing.assert_allclose(read_rows(path).features[:, 0], values, atol=1e-9)


@settings(max_examples=40)
@given(st.data(), st.integers(1, 6), st.integers(2, 30))
def test_numbers_come_back_from_csv_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, width: int, count: int
) -> None:
    finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
    features = np.array(data.draw(st.lists(st.tuples(*[finite] * width), min_size=count, max_size=count)))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*(f"a column, {column}" for column in range(width)), "y"])
    writer.writerows([*map(repr, row.tolist()), index % 2] for index, row in enumerate(features))
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text(text.getvalue())
    np.testing.assert_array_equal(read_rows(path).features, features)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "-1", "9"], ("-1", "9", "10")),
        (["1.0", "2", "01", "0.5"], ("0.5", "1", "2")),
        (["10", "9", "x", "9"], ("10", "9", "x")),
        (["True", "False", "True", "False"], ("False", "True")),
        (["nan", "none", "nan", "none"], ("nan", "none")),
    ],
)
def test_classes_are_sorted_as_numbers_where_all_are(tmp_path: Path, labels: list[str], classes: tuple[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,class\n" + "".join(f"{row},{label}\n" for row, label in enumerate(labels)))
    assert read_rows(path).classes == classes


def test_columns_are_what_they_are_said_to_be_and_truth_values_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("kind,site,name,old,x,part\nb,s1,p,True,1,TRAIN\na,s2,q,FALSE,2,Test\n")
    named = {"label": "kind", "group": "site", "id": "name", "split": "part"}
    rows = read_rows(path, **named)
    assert (rows.names, rows.groups, rows.ids, rows.group) == (("old", "x"), ("s1", "s2"), ("p", "q"), "site")
    np.testing.assert_array_equal(rows.features, [[1, 1], [0, 2]])
    np.testing.assert_array_equal(read_rows(path, label="kind", features=["x", "old"]).features, [[1, 1], [2, 0]])


def test_an_archive_of_parts_has_their_split(tmp_path: Path) -> None:
    parts = {"train": (6, TRAIN), "test": (2, TEST), "val": (3, VALIDATION)}
    arrays = {f"X_{word}": np.full((count, 4), code, float) for word, (count, code) in parts.items()}
    labels = {f"y_{word}": (np.arange(count) % 2)[:, None] for word, (count, _) in parts.items()}
    np.savez(tmp_path / "t.npz", **arrays, **labels)
    rows = read_rows(tmp_path / "t.npz")
    assert rows.parts is not None and len(rows.labels) == 11
    np.testing.assert_array_equal(rows.features[:, 0], rows.parts)


def test_a_table_of_ours_keeps_the_order_of_its_classes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    labels = np.array([2, 0, 2, 0], np.uint8)
    write_table(tmp_path / "t.h5", {"features": np.eye(4), "labels": labels}, {"classes": ["z", "none", "a"]})
    rows = read_rows(tmp_path / "t.h5")
    assert rows.classes == ("z", "a") and rows.labels.tolist() == [1, 0, 1, 0]
    assert "no rows of some of its classes, which are left out: 'none'" in caplog.text


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table") / "raw"
    write_table_sample(folder, 0)
    return folder / "table.csv"


@pytest.fixture(scope="module")
def samples(raw: Path) -> Path:
    path = raw.parent / "samples.h5"
    prepare_table(path, raw, about={"study": "bands"})
    return path


@pytest.fixture(scope="module")
def rows(raw: Path) -> Rows:
    return read_rows(raw)


def test_the_sample_overlaps_but_can_be_learnt_best_by_what_is_not_linear(raw: Path, rows: Rows) -> None:
    assert rows.features.shape == (400, 12) and rows.classes == ("bark", "leaf", "soil")
    groups = np.unique(rows.groups or (), return_inverse=True)[1]

    def accuracy(model: object) -> float:
        pipeline = make_pipeline(StandardScaler(), PCA(6, whiten=True), model)
        return float(cross_val_score(pipeline, rows.features, rows.labels, groups=groups, cv=GroupKFold(5)).mean())

    linear, other = accuracy(LogisticRegression()), accuracy(SVC())
    assert 0.7 < linear < 0.87 and linear + 0.04 < other < 0.95
    write_table_sample(raw.parent / "again", 0)
    assert file_digest(raw.parent / "again/table.csv") == file_digest(raw)


def test_the_store_holds_the_table_and_where_it_is_from(raw: Path, samples: Path, rows: Rows) -> None:
    with open_table(samples) as file:
        about = read_attributes(file)
        np.testing.assert_array_equal(file["raw"][()], rows.features.astype(np.float32))
        np.testing.assert_array_equal(file["labels"][()], rows.labels)
        assert tuple(file["id"].asstr()[()]) == rows.ids
        known = read_attributes(file["group_group"])["names"]
        assert tuple(known[code] for code in file["group_group"][()]) == rows.groups
        assert file["inputs/sha256"].asstr()[0] == file_digest(raw) and "given_split" not in file
    assert about["feature_names"] == list(rows.names) and about["study"] == "bands"
    assert about["counts"] == {"bark": 134, "leaf": 133, "soil": 133} and about["left_out"] == {}


def test_no_group_is_parted_and_classes_keep_their_shares(tmp_path: Path, samples: Path) -> None:
    split = Split(train=0.6, validation=0.2, test=0.2, group="group")
    write_table_split(samples, tmp_path / "split.h5", split, seed=3)
    parts = read_table(tmp_path / "split.h5", "split")[0]["split"]
    groups, labels = (read_table(samples, name)[0][name] for name in ("group_group", "labels"))
    for group in np.unique(groups):
        assert len(np.unique(parts[groups == group])) == 1
    for part, share in ((TRAIN, 0.6), (VALIDATION, 0.2), (TEST, 0.2)):
        assert np.abs(np.bincount(labels[parts == part]) - share * np.bincount(labels)).max() <= 12


def test_rows_of_a_group_in_train_and_test_are_said(
    tmp_path: Path, samples: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_table_split(samples, tmp_path / "split.h5", Split(), seed=0)
    assert re.search(r"rows of \d+ groups are in train and in test.* set the split's group: group", caplog.text)


def test_intervals_are_over_the_groups_of_a_table_that_comes_with_a_split(tmp_path: Path) -> None:
    path, store, output = (tmp_path / name for name in ("t.csv", "samples.h5", "split.h5"))
    parts = ["train"] * 8 + ["test"] * 8
    path.write_text(
        "x,y,split,group\n" + "".join(f"{row},{row % 2},{part},g{row // 4}\n" for row, part in enumerate(parts))
    )
    prepare_table(store, path)
    write_table_split(store, output, Split(), seed=0)
    clusters = Origins([store, output]).clusters(np.arange(16), f"t-{Split().name}")
    assert clusters is not None and [len(set(clusters[start : start + 4])) for start in (0, 4, 8, 12)] == [1] * 4
    assert len(set(clusters)) == 4


def test_fewer_columns_than_components_are_all_kept(tmp_path: Path) -> None:
    raw = np.random.default_rng(0).normal(size=(20, 3))
    assert fit_rows(raw, components=8, whiten=True).components.shape == (3, 3)


def test_a_table_s_own_split_is_taken_unless_another_is_wanted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, store, output = (tmp_path / name for name in ("t.csv", "samples.h5", "split.h5"))
    parts = ["train"] * 10 + ["validation"] * 4 + ["test"] * 5 + ["unused"]
    path.write_text("x,y,split\n" + "".join(f"{row},{row % 2},{part}\n" for row, part in enumerate(parts)))
    assert prepare_table(store, path).own_split
    write_table_split(store, output, Split(), seed=0)
    found, about = read_table(output, "split")
    assert [about["parts"][code] for code in found["split"]] == parts
    assert about["counts"]["train"] == [5, 5] and about["own"] and "parted by its own column" in caplog.text
    write_table_split(store, output, Split(), seed=0, own=False)
    assert np.bincount(read_table(output, "split")[0]["split"]).tolist() == [14, 3, 3]


@pytest.fixture(scope="module")
def split(samples: Path) -> Path:
    path = samples.parent / "split.h5"
    write_table_split(samples, path, Split(group="group"), seed=0)
    return path


@pytest.mark.parametrize("whiten", [True, False])
def test_features_are_scikit_learns_fitted_on_train_rows(
    tmp_path: Path, samples: Path, split: Path, rows: Rows, *, whiten: bool
) -> None:
    write_features(tmp_path / "features.h5", samples, split, components=5, whiten=whiten)
    train = read_table(split, "split")[0]["split"] == TRAIN
    scaler, pca = StandardScaler().fit(rows.features[train]), PCA(5, svd_solver="full")
    scores = pca.fit(scaler.transform(rows.features[train])).transform(scaler.transform(rows.features))
    expected = scores / scores[train].std(axis=0) if whiten else scores
    found = read_samples([samples, tmp_path / "features.h5", split], TEST)
    np.testing.assert_allclose(found.features, expected[found.ids], atol=2e-4)  # raw values are 32-bit floats
    about = read_table(tmp_path / "features.h5", "labels")[1]
    np.testing.assert_allclose(about["explained"], pca.explained_variance_ratio_, rtol=1e-4)
    assert found.classes == rows.classes and about["components"] == 5 and about["study"] == "bands"


def test_new_rows_get_the_features_the_old_ones_had(tmp_path: Path, raw: Path, samples: Path, split: Path) -> None:
    features = tmp_path / "features.h5"
    write_features(features, samples, split, components=4, whiten=True)
    names, transform = read_features_transform(features)
    lines = [line.split(",") for line in raw.read_text().split()]
    new = tmp_path / "new.csv"
    new.write_text("\n".join(",".join(reversed(cells[:-1])) for cells in lines))  # another order, and no label
    rows = read_new_rows(new, names)
    np.testing.assert_allclose(
        transform.transform(rows.features), read_table(features, "features")[0]["features"], atol=1e-4
    )
    assert rows.ids is not None and rows.ids[:2] == ("r000", "r001")


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), components=st.sampled_from([None, 1, 5]), whiten=st.booleans())
def test_rows_that_are_not_for_training_never_change_the_transform(
    tmp_path_factory: pytest.TempPathFactory, seed: int, components: int | None, *, whiten: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "leak"
    generator = np.random.default_rng(seed)
    raw = generator.standard_normal((40, 8)).astype(np.float32)
    parts = generator.permutation(np.repeat(np.array([TRAIN, TEST, VALIDATION], np.uint8), (20, 10, 10)))
    fits = []
    for factor in (1, 1e6):
        raw[parts != TRAIN] *= np.float32(factor)
        about = {"classes": ["a", "b"], "feature_names": list("abcdefgh")}
        write_table(folder / "s.h5", {"raw": raw, "labels": np.arange(40, dtype=np.uint8) % 2}, about)
        write_table(folder / "p.h5", {"split": parts}, {"samples": file_digest(folder / "s.h5")})
        write_features(folder / "f.h5", folder / "s.h5", folder / "p.h5", components=components, whiten=whiten)
        fits.append(read_features_transform(folder / "f.h5")[1])
    for name in fits[0].__dataclass_fields__:
        np.testing.assert_array_equal(getattr(fits[0], name), getattr(fits[1], name))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.booleans())
def test_more_columns_than_rows_have_the_components_of_their_correlation(seed: int, count: int, whiten: bool) -> None:
    raw = 50 + np.random.default_rng(seed).standard_normal((count, count + 15))
    components = min(4, count - 1)
    moments = Moments()
    moments.add(raw)
    expected = fit_transform(moments, groups=1, components=components, whiten=whiten)
    found = fit_rows(raw, components=components, whiten=whiten)
    np.testing.assert_allclose(found.explained, expected.explained, rtol=1e-9)
    # of loadings that are equal but for rounding either may be the largest, which decides the sign
    np.testing.assert_allclose(np.abs(found.transform(raw)), np.abs(expected.transform(raw)), atol=1e-4)


def test_a_column_that_never_varies_in_train_counts_for_nothing_however_it_is_in_test() -> None:
    raw = np.random.default_rng(0).standard_normal((30, 5))
    raw[:, 2] = 1.7e9
    other = raw + np.array([0, 0, 1e9, 0, 0])
    for components in (None, 3):
        fitted = fit_rows(raw, components=components, whiten=True)
        np.testing.assert_array_equal(fitted.transform(other), fitted.transform(raw))
    standardised = fit_rows(raw, components=None, whiten=True).transform(raw)
    np.testing.assert_allclose(standardised[:, [0, 1]], StandardScaler().fit_transform(raw[:, [0, 1]]), atol=1e-6)


def test_a_thousand_columns_are_read_split_and_transformed(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    labels = np.arange(60) % 2
    features = generator.standard_normal((60, 1000)) + labels[:, None]
    np.savez(tmp_path / "wide.npz", X=features, y=labels)
    header = ",".join([*(f"c{column}" for column in range(1000)), "y"])
    np.savetxt(tmp_path / "wide.csv", np.column_stack([features, labels]), "%.17g", ",", header=header, comments="")
    np.testing.assert_array_equal(read_rows(tmp_path / "wide.csv").features, read_rows(tmp_path / "wide.npz").features)
    prepare_table(tmp_path / "samples.h5", tmp_path / "wide.csv")
    write_table_split(tmp_path / "samples.h5", tmp_path / "split.h5", Split(), seed=0)
    fitted = write_features(
        tmp_path / "features.h5", tmp_path / "samples.h5", tmp_path / "split.h5", components=8, whiten=True
    )
    assert fitted.components.shape == (8, 1000) and (np.diff(fitted.explained) <= 0).all()
