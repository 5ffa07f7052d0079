"""Weights that are damaged, do not fit or cannot be downloaded, and tables without images."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from hqnn.data import download
from hqnn.errors import UserError
from hqnn.execution.features import extract_features
from hqnn.models import backbone_weights
from hqnn.models.backbone_weights import imagenet_file
from hqnn.models.backbones import load_backbone
from hqnn.store import write_table

NAME = "mobilenet_v3_small"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return dict(models.get_model(NAME, weights=None).state_dict())


def without_one(path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file({key: values for key, values in state.items() if key != "features.1.block.0.0.weight"}, path)


def one_too_many(path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state | {"module.weight": torch.zeros(1)}, path)


def another_shape(path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state | {"features.0.0.weight": torch.zeros(16, 1, 3, 3)}, path)


def cut_off(path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save(state, path) if path.suffix == ".pth" else save_file(state, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path, state: dict[str, torch.Tensor]) -> None:
    path.touch()


def text(path: Path, state: dict[str, torch.Tensor]) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n")


def folder(path: Path, state: dict[str, torch.Tensor]) -> None:
    path.mkdir()


def nothing(path: Path, state: dict[str, torch.Tensor]) -> None:
    """No file."""


def whole_model(path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save(torch.nn.Linear(2, 2), path)


def checkpoint(path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save({"epoch": 3, "state_dict": state}, path)


def bare_tensor(path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save(torch.zeros(3), path)


@pytest.mark.parametrize(
    ("damage", "suffix", "message"),
    [
        (without_one, ".safetensors", r"has no features\.1\.block\.0\.0\.weight"),
        (one_too_many, ".safetensors", r"holds the unknown module\.weight"),
        (
            another_shape,
            ".safetensors",
            r"features\.0\.0\.weight has the shape \(16, 1, 3, 3\) instead of \(16, 3, 3, 3\)",
        ),
        (cut_off, ".safetensors", "cannot be read as weights"),
        (cut_off, ".pth", "cannot be read as weights"),
        (empty, ".safetensors", "cannot be read as weights"),
        (empty, ".pt", "cannot be read as weights"),
        (text, ".safetensors", "cannot be read as weights"),
        (text, ".pth", "cannot be read as weights"),
        (folder, ".pth", "cannot be read as weights"),
        (nothing, ".pth", "cannot be read as weights"),
        (nothing, ".safetensors", "cannot be read as weights"),
        (nothing, ".onnx", r"name one that ends in \.safetensors"),
        (whole_model, ".pth", "cannot be read as weights"),
        (checkpoint, ".pth", "holds 'epoch', which is no tensor"),
        (bare_tensor, ".pth", "holds a Tensor instead of a state dict"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_no_weights_of_this_backbone_is_named_with_the_first_fault(
    tmp_path: Path,
    state: dict[str, torch.Tensor],
    damage: Callable[[Path, dict[str, torch.Tensor]], None],
    suffix: str,
    message: str,
) -> None:
    path = tmp_path / f"weights{suffix}"
    damage(path, state)
    with pytest.raises(UserError, match=message) as error:
        load_backbone(NAME, str(path))
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert "trust" not in str(error.value)  # as torch has it, and how to run what is in the file


def test_an_unknown_backbone_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        load_backbone("resnet_18")


class Server(ThreadingHTTPServer):
    """Serves one content, and hangs up after `patience` bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.patience = content, len(content)


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        self.wfile.write(self.server.content[start : self.server.patience])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, state: dict[str, torch.Tensor]) -> Iterator[Server]:
    """Stands in for torchvision's address of ImageNet weights."""
    content = io.BytesIO()
    torch.save(state, content)
    name = f"{NAME}-{hashlib.sha256(content.getvalue()).hexdigest()[:8]}.pth"
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setattr(backbone_weights.torch.hub, "get_dir", lambda: "nowhere")
    with Server(content.getvalue()) as running:
        weights = {"IMAGENET1K_V1": SimpleNamespace(url=f"http://127.0.0.1:{running.server_port}/models/{name}")}
        monkeypatch.setattr(backbone_weights.models, "get_model_weights", lambda _: weights)
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def test_a_download_that_breaks_off_is_said_and_goes_on_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.patience = 1_000_000
    with pytest.raises(UserError, match=r"broke off.*local \.safetensors"):
        imagenet_file(NAME, tmp_path / "checkpoints")
    assert [path.suffix for path in (tmp_path / "checkpoints").iterdir()] == [".part"]
    server.patience = len(server.content)
    assert imagenet_file(NAME, tmp_path / "checkpoints").read_bytes() == server.content
    monkeypatch.setattr(backbone_weights.torch.hub, "get_dir", lambda: str(tmp_path))
    server.content = b""  # it is not asked again
    backbone = load_backbone(NAME, "imagenet")
    assert backbone.weights["kind"] == "imagenet" and backbone.weights["sha256"][:8] in backbone.weights["file"]


def test_a_download_with_a_wrong_checksum_is_removed(server: Server, tmp_path: Path) -> None:
    server.content = server.content[:-1] + bytes([server.content[-1] ^ 1])
    with pytest.raises(UserError, match=r"sha256 .* instead of .* removed"):
        imagenet_file(NAME, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_a_local_file_is_asked_for(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(
        UserError, match=r"put the file at .* or name the path of a local copy; a local \.safetensors"
    ) as error:
        imagenet_file(NAME, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"labels": np.zeros(2, np.uint8)}, "has no column 'images'"),
        ({"images": np.zeros((2, 256, 256, 3), np.uint8)}, "has no column 'labels'"),
        ({"images": np.zeros((2, 200, 256, 3), np.uint8), "labels": np.zeros(2)}, r"\(200, 256, 3\)"),
        ({"images": np.zeros((2, 256, 256, 3), np.float32), "labels": np.zeros(2)}, "float32"),
    ],
)
def test_a_table_without_proper_images_is_refused(tmp_path: Path, columns: dict[str, np.ndarray], message: str) -> None:
    write_table(tmp_path / "samples.h5", columns, {})
    with pytest.raises(UserError, match=message):
        extract_features(tmp_path / "features.h5", samples=tmp_path / "samples.h5", backbone=NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["samples.h5"]


def test_weights_that_give_no_finite_features_are_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state | {"features.0.0.weight": torch.full((16, 3, 3, 3), torch.nan)}, tmp_path / "nan.safetensors")
    write_table(
        tmp_path / "samples.h5",
        {"images": np.ones((2, 256, 256, 3), np.uint8), "labels": np.zeros(2, np.uint8)},
        {},
    )
    with pytest.raises(UserError, match=r"not finite") as error:
        extract_features(
            tmp_path / "features.h5",
            samples=tmp_path / "samples.h5",
            backbone=NAME,
            weights=str(tmp_path / "nan.safetensors"),
        )
    assert "nan.safetensors" in str(error.value)
    assert not (tmp_path / "features.h5").exists()
