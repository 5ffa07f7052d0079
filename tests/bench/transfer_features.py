"""Frozen features beside a plain torchvision loop, and the memory that many images take."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import v2

from hqnn.execution.features import Extraction, extract_features
from hqnn.models.augmentation import Augmentation, Variants
from hqnn.models.backbones import DEVIATION, MEAN, Backbone
from hqnn.store import add_column, new_table, open_table

IMAGES, BATCH, SIDE, RUNS = 128, 32, 256, 3
FEW, MANY = 100, 10_000


def measured() -> list[dict[str, Any]]:
    """All entries of this file."""
    logging.getLogger("hqnn").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        return [*(beside_a_plain_loop(Path(scratch), threads) for threads in (1, 2)), many_images(Path(scratch))]


def beside_a_plain_loop(scratch: Path, threads: int) -> dict[str, Any]:
    """ResNet-18 on one batch after the other, ours from file to file; the peer's images are in memory already."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)
    write_samples(scratch / "samples.h5", images)

    def ours() -> None:
        extract_features(scratch / "features.h5", samples=scratch / "samples.h5", backbone="resnet18", batch_size=BATCH)

    before, torch_threads = memory_mb("VmRSS"), torch.get_num_threads()
    torch.set_num_threads(threads)
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    highest = 0.0
    for _ in range(RUNS):  # in turn, so that both see the same neighbours
        times["ours"].append(milliseconds(ours))
        highest = highest or memory_mb("VmHWM")
        times["theirs"].append(milliseconds(lambda: plain_loop(images)))
    torch.set_num_threads(torch_threads)
    return {
        "name": f"features_{threads}_thread{'s' if threads > 1 else ''}",
        "ours_ms": min(times["ours"]),
        "peers": {"torchvision, no_grad, batch 32": min(times["theirs"])},
        "extra_mb": max(0.0, highest - before),
        "images": IMAGES,
    }


def plain_loop(images: np.ndarray) -> Tensor:
    """What anyone would write."""
    model = models.resnet18(weights=None).eval()
    model.fc = nn.Identity()
    prepare = v2.Compose(
        [v2.CenterCrop(224), v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(MEAN), list(DEVIATION))]
    )
    found = []
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            batch = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2).contiguous()
            found.append(model(prepare(batch)))
    return torch.cat(found)


class Means(nn.Module):
    """Stands in for a backbone, so that many images pass quickly: 512 numbers from the means of the channels."""

    def forward(self, images: Tensor) -> Tensor:
        """Shape (batch, 512)."""
        return images.mean(dim=(2, 3)).repeat(1, 171)[:, :512]


def many_images(scratch: Path) -> dict[str, Any]:
    """Highest memory over a table of ten thousand images, above that over a hundred."""
    highest, taken = {}, {}
    extraction = Extraction(Backbone("resnet18", Means(), {}), Variants(Augmentation(), 0), BATCH)
    for number in (FEW, FEW, MANY):  # the first warms up
        path = scratch / f"{number}.h5"
        write_samples(path, np.broadcast_to(np.uint8(7), (number, 224, 224, 3)))
        Path("/proc/self/clear_refs").write_text("5")
        with open_table(path) as file:
            part = scratch / f"{number}.part"
            part.unlink(missing_ok=True)
            taken[number] = milliseconds(lambda f=file, p=part: extraction.run(f["images"], p, "0" * 64, None))
            with new_table(scratch / "out.h5", {}) as table:
                extraction.copy(part, table, number)
        highest[number] = memory_mb("VmHWM")
    return {
        "name": "features_of_10000_images",
        "ours_ms": taken[MANY],
        "peers": {},
        "extra_mb": highest[MANY] - highest[FEW],
        "highest_mb": {str(number): mb for number, mb in highest.items()},
    }


def write_samples(path: Path, images: np.ndarray) -> None:
    """A table of images, written piece by piece."""
    with new_table(path, {}) as file:
        column = add_column(file, "images", np.empty((0, *images.shape[1:]), np.uint8), rows=len(images))
        for start in range(0, len(images), BATCH):
            column[start : start + BATCH] = images[start : start + BATCH]
        add_column(file, "labels", np.zeros(len(images), np.uint8))


def milliseconds(step: Callable[[], Any]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - begun)


def memory_mb(key: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6
