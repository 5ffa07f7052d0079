from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors import safe_open
from safetensors.numpy import save_file

from hqnn import store
from hqnn.errors import UserError


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    columns = {"features": np.arange(30, dtype=np.float32).reshape(10, 3), "labels": np.arange(10, dtype=np.uint8)}
    store.write_table(tmp_path / "t.h5", columns, {"settings": {"stride": 10}, "seed": 3, "name": "x"})
    read, attributes = store.read_table(tmp_path / "t.h5")
    assert {k: v.tolist() for k, v in read.items()} == {k: v.tolist() for k, v in columns.items()}
    assert attributes["settings"] == {"stride": 10}
    assert (attributes["seed"], attributes["name"]) == (3, "x")
    assert "numpy" in attributes["versions"]


def test_tables_with_equal_content_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        store.write_table(tmp_path / name, {"x": np.arange(5)}, {"seed": 1})
        time.sleep(0.01)
    assert store.file_digest(tmp_path / "a") == store.file_digest(tmp_path / "b")


def test_every_column_is_chunked_compressed_and_checksummed(tmp_path: Path) -> None:
    store.write_table(tmp_path / "t.h5", {"x": np.zeros((4096, 100))}, {})
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["x"].fletcher32 and file["x"].compression == "gzip" and file["x"].chunks[0] < 4096


def test_no_flipped_bit_of_a_table_is_read_as_something_else(tmp_path: Path) -> None:
    path, rng = tmp_path / "t.h5", np.random.default_rng(0)
    columns = {"probability": rng.random((300, 3)), "name": np.array([b"a", b"bc"] * 150), "none": np.empty((300, 0))}
    store.write_table(path, columns, {"study": "a", "seed": 3, "x": 0.5, "known": list(range(400))})
    whole, raw = store.read_table(path), path.read_bytes()
    noticed = 0
    for bit in rng.integers(8 * len(raw), size=800):
        path.write_bytes(flipped(raw, bit))
        try:
            found = store.read_table(path)
        except UserError as error:
            assert re.search(r"t\.h5 .*; delete it and run again", str(error))
            noticed += 1
        else:  # a bit that says nothing
            assert found[0].keys() == whole[0].keys() and found[1] == whole[1]
            assert all(np.array_equal(found[0][name], values) for name, values in whole[0].items())
    assert noticed > 200


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_damaged_chunk_is_a_sentence_that_names_its_own_file_and_cure(tmp_path: Path) -> None:
    damaged, sound = tmp_path / "damaged.h5", tmp_path / "sound.h5"
    for path in (damaged, sound):
        store.write_table(path, {"x": np.random.default_rng(0).integers(0, 255, 50_000).astype(np.uint8)}, {})
    raw = damaged.read_bytes()
    damaged.write_bytes(flipped(raw, 4 * len(raw)))
    said = pytest.raises(UserError, match=r"damaged\.h5 is damaged \(.*\); delete it and run again")
    with said, store.open_table(damaged) as one, store.open_table(sound) as other:
        assert len(other["x"]) == len(one["x"]) == one["x"][()].size
    with pytest.raises(KeyError, match="mine"), store.open_table(sound):
        raise KeyError("mine")  # an error that is not the file's stays what it is


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    store.write_table(path, {"x": np.arange(3)}, {})
    with pytest.raises(RuntimeError), store.new_table(path, {}) as file:
        store.add_column(file, "x", np.arange(9))
        raise RuntimeError
    assert store.read_table(path)[0]["x"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["t.h5"]


def test_a_killed_writer_leaves_no_file_under_the_result_s_name(tmp_path: Path) -> None:
    code = (
        "import sys, time; from hqnn.store import whole_file\n"
        "with whole_file(sys.argv[1]) as p:\n p.write_text('half'); print('writing', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out.txt")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere; run the tests as a plain user to see this one")
def test_an_unwritable_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="could not be written"):
        store.write_text(tmp_path / "x", "text")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("cause", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV])
def test_a_file_system_that_cannot_rename_is_a_sentence_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(cause, os.strerror(cause))

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(UserError, match=r"x\.txt could not be written .* renames no files, .* \(--directory\)"):
        store.write_text(tmp_path / "x.txt", "text")
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_permissions_takes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", refused)
    store.write_text(tmp_path / "x.txt", "text")
    assert (tmp_path / "x.txt").read_text() == "text"


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(UserError, match=r"could not be written .*make its folder writable"):
        store.write_text(tmp_path / "results" / "x", "text")


def test_a_table_that_is_no_hdf5_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.h5").write_text("not a table")
    with pytest.raises(UserError, match=r"t\.h5 cannot be read as HDF5"):
        store.read_table(tmp_path / "t.h5")


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4)), st.integers(0, 2**16))
def test_the_fingerprint_knows_every_bit_and_no_order(array: np.ndarray, bit: int) -> None:
    other = {"w": array, "b": np.zeros(2)}
    assert store.fingerprint(other) == store.fingerprint(dict(reversed(other.items())))
    raw = bytearray(array.tobytes())
    raw[bit // 8 % len(raw)] ^= 1 << (bit % 8)
    changed = np.frombuffer(bytes(raw)).reshape(array.shape)
    assert store.fingerprint({**other, "w": changed}) != store.fingerprint(other)
    assert store.fingerprint({**other, "w": array[None]}) != store.fingerprint(other)


def test_a_model_whose_tensors_were_exchanged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    mark = store.write_model(path, {"w": np.ones(3)}, {"layers": 3})
    tensors, about = store.read_model(path)
    assert (tensors["w"].tolist(), about["layers"], about["fingerprint"]) == ([1, 1, 1], 3, mark)
    save_file({"w": np.zeros(3)}, path, metadata={"fingerprint": json.dumps(mark)})
    with pytest.raises(UserError, match="other weights than were written"):
        store.read_model(path)


def test_a_model_whose_circuit_was_edited_is_refused(tmp_path: Path) -> None:
    path, edited = tmp_path / "model.safetensors", tmp_path / "edited.safetensors"
    store.write_model(path, {"w": np.ones(3)}, {"program": "RY(1.0*x)", "classes": ["a", "b"]})
    with safe_open(path, framework="numpy") as file:
        said = file.metadata()
    for change in ({"program": json.dumps("RY(3.0*x)")}, {"classes": json.dumps(["b", "a"])}, {"more": "1"}):
        save_file({"w": np.ones(3)}, edited, metadata={**said, **change})
        with pytest.raises(UserError, match=r"edited\.safetensors says other things of its weights.*train the model"):
            store.read_model(edited)


def test_no_flipped_bit_of_a_model_passes(tmp_path: Path) -> None:
    path, rng = tmp_path / "model.safetensors", np.random.default_rng(0)
    store.write_model(path, {"w": rng.normal(size=40), "b": np.ones(3)}, {"program": "x", "seed": 3})
    raw = path.read_bytes()
    for bit in rng.integers(8 * len(raw), size=800):
        path.write_bytes(flipped(raw, bit))
        with pytest.raises(UserError, match=r"model\.safetensors .*train"):
            store.read_model(path)


def test_equal_models_have_equal_bytes_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np; from hqnn.store import write_model\n"
        "write_model(sys.argv[1], {k: np.ones(2) for k in 'xyzuvw'}, {k: 1 for k in 'abcdefgh'})"
    )
    for name in "ab":
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
