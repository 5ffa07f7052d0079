"""Frozen features beside a plain torchvision loop, and the memory that many images take."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import v2
from transfer_measures import Cost, alone, cost, highest_mb, memory_mb

from hqnn.execution.features import extract_features
from hqnn.models.backbones import DEVIATION, MEAN, Backbone
from hqnn.store import add_column, new_table

IMAGES, BATCH, SIDE, RUNS = 64, 32, 256, 3
FEW, MANY = 100, 10_000
PEER = f"torchvision, no_grad, batch {BATCH}"


def measured() -> Iterator[dict[str, Any]]:
    """All entries of this file, one after the other."""
    logging.getLogger("hqnn").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        for threads in (1, 2):
            yield beside_a_plain_loop(Path(scratch), threads)
        yield alone(1, many_images, Path(scratch))


def beside_a_plain_loop(scratch: Path, threads: int) -> dict[str, Any]:
    """ResNet-18 on one batch after the other, ours from file to file; the peer's images are in memory already."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)
    write_samples(scratch / "samples.h5", images)
    write_samples(scratch / "few.h5", images[:2])
    extra = alone(threads, extra_mb, scratch)
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(threads)
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(RUNS):  # in turn, so that both see the same neighbours
        ours.append(cost(lambda: extract(scratch, "samples")))
        theirs.append(cost(lambda: plain_loop(images)))
    torch.set_num_threads(torch_threads)
    return {
        "name": f"features_{threads}_thread{'s' if threads > 1 else ''}",
        "ours_ms": min(taken.ms for taken in ours),
        "peers": {PEER: min(taken.ms for taken in theirs)},
        "extra_mb": extra,
        "ours_cpu_ms": min(taken.cpu_ms for taken in ours),
        "peers_cpu_ms": {PEER: min(taken.cpu_ms for taken in theirs)},
        "images": IMAGES,
    }


def extract(scratch: Path, samples: str) -> None:
    """Our way."""
    extract_features(scratch / "features.h5", samples=scratch / f"{samples}.h5", backbone="resnet18", batch_size=BATCH)


def extra_mb(scratch: Path) -> float:
    """How much higher memory stands over all images than after two."""
    logging.getLogger("hqnn").setLevel(logging.ERROR)
    extract(scratch, "few")
    before = memory_mb("VmRSS")
    return highest_mb(lambda: extract(scratch, "samples")) - before


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
    highest: dict[int, float] = {}
    taken: dict[int, Cost] = {}
    stand_in = Backbone("resnet18", Means(), {})
    for number in (FEW, FEW, MANY):  # the first warms up
        samples = scratch / f"{number}.h5"
        write_samples(samples, np.broadcast_to(np.uint8(7), (number, 224, 224, 3)))

        def step(rows: int = number) -> None:
            taken[rows] = cost(lambda: extract(scratch, str(rows)))

        with patch("hqnn.execution.features.load_backbone", lambda *_, **__: stand_in):
            highest[number] = highest_mb(step)
        samples.unlink()
    return {
        "name": "features_of_10000_images",
        "ours_ms": taken[MANY].ms,
        "peers": {},
        "extra_mb": highest[MANY] - highest[FEW],
        "ours_cpu_ms": taken[MANY].cpu_ms,
        "highest_mb": {str(number): mb for number, mb in highest.items()},
    }


def write_samples(path: Path, images: np.ndarray) -> None:
    """A table of images, written piece by piece."""
    with new_table(path, {}) as file:
        column = add_column(
            file, "images", np.empty((0, *images.shape[1:]), np.uint8), rows=len(images), compression=None
        )
        for start in range(0, len(images), BATCH):
            column[start : start + BATCH] = images[start : start + BATCH]
        add_column(file, "labels", np.zeros(len(images), np.uint8))
