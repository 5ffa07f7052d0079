"""Downloads that break off, lie or climb, and how what came is laid out, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from PIL import Image

from digits_files import mnist_files, random_parts, write_cifar_python, write_class_folders, write_idx_set
from hqnn.data import download
from hqnn.data.catalogue import Dataset, RemoteFile, read_dataset
from hqnn.data.choice import check_choice
from hqnn.data.class_folders import class_images
from hqnn.data.download import fetch_file
from hqnn.data.fetch import fetch
from hqnn.data.image_files import read_image, read_mask
from hqnn.data.images.layouts import Reading, opened_images
from hqnn.data.photographs.mask_patches import masked_images
from hqnn.errors import UserError
from hqnn.settings.images.keys import ImageData
from hqnn.settings.model import read_settings
from hqnn.settings.plan import Plan
from hqnn.settings.plans import plans_of

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


def dataset(*files: RemoteFile, **layout: Any) -> Dataset:
    about = {"title": "Set", "page": "https://example.org", "licence": "none", "citation": "A, 2026"}
    return Dataset.model_validate({**about, "files": files, **layout})


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


def packed(folder: Path) -> bytes:
    """A zip of a folder, members of folders included, as GitHub packs a repository."""
    return Path(shutil.make_archive(str(folder), "zip", folder)).read_bytes()


def shipped(root: Path, server: Server, name: str, content: bytes) -> Dataset:
    """An entry that ships, with its one file from the server on this machine."""
    server.files["a"] = content
    entry = read_dataset(root / "resources" / "datasets.yaml", name)
    return entry.model_copy(update={"files": (remote(server, "a", content=content, unpack=True),)})


def write_images(folder: Path, *names: str, grey: int = 90) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (grey, grey, grey)).save(folder / name)


@pytest.mark.parametrize(
    ("name", "top", "below"),
    [
        ("face_masks_chandrikadeb7", "Face-Mask-Detection-7e500749401bad4bb338790fbdb89b58e41ef2d9", "dataset"),
        ("face_masks_balajisrinivas", "Face-Mask-Detection-3ba9a99884732b94ccefb0ead390bb19163c98a8", "dataset"),
        ("face_masks_observations", "observations-cdcf4501bf7fdec7ac8a4ee245e343b187fa53c7", "experiements/data"),
    ],
)
def test_photographs_of_faces_come_as_class_folders(
    root: Path, server: Server, tmp_path: Path, name: str, top: str, below: str
) -> None:
    repository = tmp_path / "packed"
    write_images(repository / top / below, "with_mask/a.jpg", "with_mask/戴口罩 2.png", "without_mask/a.jpg")
    write_images(repository / top, "Readme_images/b.png", "experiements/dest_folder/train/with_mask/a.jpg")
    fetch(shipped(root, server, name, packed(repository)), tmp_path / "out", tmp_path / "archives")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mask", "no_mask"]
    found = class_images(tmp_path / "out", ("no_mask", "mask"))
    assert [(path.name, label) for path, label in found] == [("a.jpg", 0), ("a.jpg", 1), ("戴口罩 2.png", 1)]


def test_photographs_of_concrete_come_with_their_masks_beside(root: Path, server: Server, tmp_path: Path) -> None:
    top = tmp_path / "packed" / "uav75-eb552d046fe50b3325e89644aa9ae75e7bc7cbcc"
    for part, name in (("train", "DSC00567c"), ("val", "DSC00550"), ("test", "DSC00555b")):
        write_images(top, f"{part}_img/{name}.jpg")
        mask = np.zeros((8, 8, 4), np.uint8)
        mask[..., 3] = 255
        mask[2, :, :3], mask[5, :, :3] = 255, 204
        (top / f"{part}_lab").mkdir()
        Image.fromarray(mask).save(top / f"{part}_lab/{name}.png")
    fetch(shipped(root, server, "uav75", packed(tmp_path / "packed")), tmp_path / "out", tmp_path / "archives")
    pairs = masked_images(tmp_path / "out")
    assert [image.name for image, _ in pairs] == ["DSC00550.jpg", "DSC00555b.jpg", "DSC00567c.jpg"]
    for image, mask_path in pairs:
        assert read_image(image).shape == (8, 8, 3)
        assert np.array_equal(np.flatnonzero(read_mask(mask_path).any(axis=1)), [2])


def write_medical(folder: Path) -> None:
    top = folder / "Medical-MNIST-Classification-a8942eefd6e75f8c34e88fcf2c41faa279aad346"
    write_class_folders(top / "resized", random_parts(side=8, channels=1)["train"], ".jpeg")
    write_images(top / "images", "mayologo.png")
    (top / "MedNIST.ipynb").write_text("{}")


def write_cifar(folder: Path) -> None:
    write_cifar_python(folder / "cifar-10-batches-py", random_parts())
    (folder / "cifar-10-batches-py" / "readme.html").write_text("")


def write_emnist(folder: Path) -> None:
    for subset in ("balanced", "digits"):
        names = [f"emnist-{subset}-{{}}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1")]
        write_idx_set(folder / "gzip", random_parts(side=8, channels=1), *names)


@pytest.mark.parametrize(
    ("name", "write", "subset", "kind"),
    [
        ("medical_mnist", write_medical, "", "class_folders"),
        ("cifar10", write_cifar, "", "cifar_python"),
        ("emnist", write_emnist, "emnist-balanced", "idx"),
    ],
)
def test_sets_of_small_images_are_read_as_they_come(
    root: Path, server: Server, tmp_path: Path, name: str, write: Callable[[Path], None], subset: str, kind: str
) -> None:
    write(tmp_path / "packed")
    fetch(shipped(root, server, name, packed(tmp_path / "packed")), tmp_path / "out", tmp_path / "archives")
    with opened_images(tmp_path / "out", Reading(subset=subset), tmp_path) as (found, source):
        assert found == kind
        assert sum(len(batch.labels) for batch in source.batches) in (60, 80)


def test_the_four_files_of_mnist_are_read_as_they_come(server: Server, tmp_path: Path) -> None:
    files = []
    for path in mnist_files(tmp_path / "served").iterdir():
        server.files[path.name] = path.read_bytes()
        file = remote(server, path.name, content=server.files[path.name])
        files.append(file.model_copy(update={"name": path.name}))
    fetch(dataset(*files), tmp_path / "out", tmp_path / "archives")
    with opened_images(tmp_path / "out", Reading(), tmp_path) as (found, source):
        assert (found, source.rows) == ("idx", 80)


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"classes": {"mask": "*/a", "no_mask": "*/c"}}, r"without \*/c"),
        ({"classes": {"mask": "*/*", "no_mask": "*/b"}}, r"more than one \*/\*"),
        ({"masked": {"images": "*/*/*.jpg", "masks": "*/b/*.png", "value": 255}}, "two images or masks of one name"),
    ],
)
def test_an_archive_unlike_its_entry_leaves_nothing(
    server: Server, tmp_path: Path, layout: Mapping[str, Any], said: str
) -> None:
    write_images(tmp_path / "packed" / "top", "a/x.jpg", "b/x.jpg", "b/x.png")
    server.files["a"] = packed(tmp_path / "packed")
    file = remote(server, "a", content=server.files["a"], unpack=True)
    with pytest.raises(UserError, match=f"{said}.*https://example"):
        fetch(dataset(file, **layout), tmp_path / "out", tmp_path / "archives")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archives", "packed", "packed.zip"]


def test_the_catalogue_that_ships_is_complete(root: Path) -> None:
    path = root / "resources" / "datasets.yaml"
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        if "by_hand" not in entry:
            assert read_dataset(path, name).files
            continue
        with pytest.raises(UserError, match=f"{name!r} has to be fetched by hand .*{entry['page']}.*FOLDER"):
            read_dataset(path, name)
    with pytest.raises(UserError, match="did you mean 'oscd'"):
        read_dataset(path, "oscdd")


def test_every_set_that_settings_name_can_be_fetched_but_the_one_of_cracks(root: Path) -> None:
    path = root / "resources" / "datasets.yaml"
    for name in ("oscd", *get_args(ImageData.model_fields["set"].annotation)):
        if name != "handwritten":
            read_dataset(path, name)
    check_choice(path, photographs("face_masks_chandrikadeb7", classes=["no_mask", "mask"]))
    check_choice(path, photographs("uav75", layout="masked"))
    with pytest.raises(UserError, match="'ozgenel' has to be fetched by hand"):
        check_choice(path, photographs("ozgenel"))


def photographs(name: str, **images: Any) -> Plan[Any]:
    study = {"kind": "photographs", "data": {"source": "download", "set": name}, "images": images}
    return plans_of(read_settings({"studies": {"mine": study}}))["mine"]


@pytest.mark.parametrize(
    ("name", "images", "said"),
    [
        ("face_mask_observations", {}, "did you mean 'face_masks_observations'"),
        ("face_masks_chandrikadeb7", {"layout": "masked"}, "has the layout 'folders'"),
        ("uav75", {}, "studies.mine.images.layout is 'folders' but uav75 has the layout 'masked'"),
        ("mnist", {}, "studies.mine.data.set is 'mnist', which does not come as a folder a class"),
        ("face_masks_chandrikadeb7", {"classes": ["no_maks", "mask"]}, "'no_maks'.* did you mean 'no_mask'"),
    ],
)
def test_a_set_that_is_not_as_the_settings_say_is_refused(
    root: Path, name: str, images: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        check_choice(root / "resources" / "datasets.yaml", photographs(name, **images))
