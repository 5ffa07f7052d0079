"""The digest of a folder: whatever decides what is read there decides it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hqnn import listing

NAMES = st.sampled_from(["a/1.png", "a/2.png", "b/1.png", "b/ü .png"])
FOLDERS = st.dictionaries(NAMES, st.sampled_from([b"", b"x", b"y", b"xy"]), max_size=4)


def digest_of(files: dict[str, bytes], seconds: int) -> str:
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
            os.utime(file, (seconds, seconds))
        return listing.listing_digest(folder)


@given(FOLDERS, FOLDERS)
def test_names_and_contents_of_few_files_decide_and_times_do_not(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    assert (digest_of(one, 1) == digest_of(other, 2)) == (one == other)


@pytest.mark.parametrize("read", [listing.READ_FILES, 0], ids=["few files", "many files"])
def test_swapped_names_a_move_and_an_older_file_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    monkeypatch.setattr(listing, "READ_FILES", read)
    one, other = tmp_path / "mask/1.png", tmp_path / "no_mask/1.png"
    digests = []

    def look() -> None:
        listing.listing_digest.cache_clear()
        digests.append(listing.listing_digest(str(tmp_path)))

    for file, content in ((one, b"masked"), (other, b"barely")):  # of one size and, like an unpacked archive, one time
        file.parent.mkdir()
        file.write_bytes(content)
        os.utime(file, (1000, 1000))
    look()
    one.rename(tmp_path / "kept")
    other.rename(one)
    (tmp_path / "kept").rename(other)
    look()
    other.rename(tmp_path / "mask/2.png")
    look()
    one.write_bytes(b"others")
    os.utime(one, (500, 500))
    look()
    assert len(set(digests)) == 4
    look()
    assert digests[-1] == digests[-2]


def test_a_pipe_and_a_file_that_may_not_be_read_stop_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "closed").touch(mode=0o000)
    assert len(listing.listing_digest(str(tmp_path))) == 16
