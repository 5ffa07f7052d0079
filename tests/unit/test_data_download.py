"""Downloads that break off, lie or climb, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import logging
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from hqnn.data import download
from hqnn.data.catalogue import Dataset, RemoteFile, read_dataset
from hqnn.data.download import fetch, fetch_file
from hqnn.errors import UserError

CONTENT = np.random.default_rng(0).bytes(400_000)


class Server(ThreadingHTTPServer):
    """Serves `files`; hangs up after `patience` bytes of an answer, and keeps the ranges that it was asked for.

    It says that an answer is `surplus` bytes longer than it is.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.patience, self.surplus = 1 << 30, 0
        self.ranges: list[str | None] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        content = self.server.files.get(self.path[1:])
        if content is None:
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            return self.end_headers()
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start + self.server.surplus))
        self.end_headers()
        self.wfile.write(content[start : start + self.server.patience])
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def remote(server: Server, *names: str, content: bytes = CONTENT, unpack: bool = False) -> RemoteFile:
    digest = hashlib.sha256(content).hexdigest()
    urls = tuple(server.url(name) for name in names)
    return RemoteFile(name="file.bin", urls=urls, checksum=f"sha256:{digest}", unpack=unpack)


def dataset(*files: RemoteFile, access: str = "direct") -> Dataset:
    about = {"title": "Set", "page": "https://example.org", "licence": "none", "citation": "A, 2026"}
    return Dataset.model_validate(about | {"access": access, "files": files})


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.files["a"], server.patience = CONTENT, 150_000
    assert fetch_file(remote(server, "a"), tmp_path).read_bytes() == CONTENT
    starts = [int(r[6:-1]) for r in server.ranges[1:] if r]
    assert server.ranges[0] is None
    assert starts == sorted(starts) and len(starts) >= 2 and starts[0] > 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("have", [1, 123_456, len(CONTENT)])
def test_a_second_call_goes_on_with_the_part_of_the_first(server: Server, tmp_path: Path, have: int) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:have])
    assert fetch_file(remote(server, "a"), tmp_path).read_bytes() == CONTENT
    assert server.ranges == [f"bytes={have}-"]
    fetch_file(remote(server, "a"), tmp_path)
    assert len(server.ranges) == 1


def test_a_part_that_is_too_long_is_discarded(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    assert fetch_file(remote(server, "a"), tmp_path).read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_resumed(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "file.bin.part").write_bytes(b"something else")
    file = remote(server, "a").model_copy(update={"checksum": "unknown"})
    assert fetch_file(file, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None]


def test_the_next_address_is_tried_where_one_fails(server: Server, tmp_path: Path) -> None:
    server.files["b"] = CONTENT
    assert fetch_file(remote(server, "gone", "b"), tmp_path).read_bytes() == CONTENT


def test_the_next_address_is_tried_where_one_gives_something_else(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.files = {"a": b"<html>log in</html>", "b": CONTENT}
    with caplog.at_level(logging.WARNING):
        assert fetch_file(remote(server, "a", "b"), tmp_path).read_bytes() == CONTENT
    assert f"{server.url('a')}: what came has the sha256 " in caplog.text and "was removed" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_part_of_something_else_does_not_spoil_the_right_address(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "file.bin.part").write_bytes(b"something else")
    assert fetch_file(remote(server, "a"), tmp_path).read_bytes() == CONTENT


def test_where_no_address_works_all_are_named_with_the_reason(server: Server, tmp_path: Path) -> None:
    server.files = {"a": b"<html>log in</html>"}
    with pytest.raises(UserError) as error:
        fetch_file(remote(server, "a", "gone"), tmp_path)
    said = str(error.value)
    assert f"{server.url('a')}: what came has the sha256 " in said and "and was removed" in said
    assert f"{server.url('gone')}: the server answers 404" in said and "\n" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_a_wrong_length_is_given_up(server: Server, tmp_path: Path) -> None:
    server.files["a"], server.surplus = CONTENT, 1
    with pytest.raises(UserError, match="the connection broke off"):
        fetch_file(remote(server, "a"), tmp_path)


def test_a_wrong_file_put_there_by_hand_is_named_and_kept(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "file.bin").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"file\.bin has the sha256 .* instead of .*; put the right file there"):
        fetch_file(remote(server, "a"), tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == b"mine"
    assert server.ranges == []


def test_no_network_says_what_to_do_instead(server: Server, tmp_path: Path) -> None:
    file = remote(server, "a").model_copy(update={"urls": ("http://127.0.0.1:9/a",)})
    with pytest.raises(UserError, match=r"could not be downloaded .*local copy"):
        fetch(dataset(file), tmp_path / "out", tmp_path / "archives")
    assert not (tmp_path / "out").exists()


def test_what_must_be_fetched_by_hand_says_where(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"https://example\.org"):
        fetch(dataset(access="by_hand"), tmp_path / "out", tmp_path)


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(name, "x")
    return content.getvalue()


def tarred(name: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        member = tarfile.TarInfo(name)
        member.size = 1
        file.addfile(member, io.BytesIO(b"x"))
    return content.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_are_unpacked_and_other_files_copied(
    server: Server, tmp_path: Path, pack: Callable[[str], bytes]
) -> None:
    server.files = {"a": pack("folder/file.txt"), "b": CONTENT}
    packed = remote(server, "a", content=server.files["a"], unpack=True)
    plain = remote(server, "b").model_copy(update={"name": "plain.bin"})
    fetch(dataset(packed, plain), tmp_path / "out", tmp_path / "archives")
    assert (tmp_path / "out" / "folder" / "file.txt").read_text() == "x"
    assert (tmp_path / "out" / "plain.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "content",
    [zipped("../evil"), zipped("/evil"), tarred("../evil"), zipped("a")[:40], b"text"],
    ids=["zip above", "zip absolute", "tar above", "cut zip", "text"],
)
def test_an_archive_that_climbs_out_or_is_damaged_leaves_nothing(
    server: Server, tmp_path: Path, content: bytes
) -> None:
    server.files["a"] = content
    with pytest.raises(UserError, match=r"outside|damaged|neither"):
        fetch(dataset(remote(server, "a", content=content, unpack=True)), tmp_path / "out", tmp_path / "archives")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("evil"))


def test_the_catalogue_that_ships_is_complete(root: Path) -> None:
    studies = ("oscd", "mnist", "cifar10", "crackforest", "sdnet2018", "ozgenel", "medical_mnist")
    for name in (*studies, "face_masks_chandrikadeb7"):
        entry = read_dataset(root / "resources" / "datasets.yaml", name)
        assert entry.licence and entry.citation
        assert (entry.access == "direct") == bool(entry.files)
    with pytest.raises(UserError, match="did you mean 'oscd'"):
        read_dataset(root / "resources" / "datasets.yaml", "oscdd")
