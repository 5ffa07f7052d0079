"""Whole training runs, features included, beside the usual way that runs the backbone in every epoch.

Both ways start from prepared images and end after the last epoch, each epoch with its validation. Ours takes features
of all images of the set, those of the test too. The usual way is timed on a part of one epoch and scaled by images.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transfer_usual as usual
from safetensors.torch import save_file
from torchvision import models
from transfer_measures import Cost, alone, cost, highest_mb, memory_mb

from hqnn.circuits.library import build
from hqnn.data.parts import PARTS, TRAIN, VALIDATION
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.data.samples import read_samples
from hqnn.data.splits import write_split
from hqnn.execution.features import extract_features
from hqnn.models.architectures import read_classifier
from hqnn.settings.photographs.keys import HeadTraining
from hqnn.settings.splits import Split
from hqnn.store import add_column, new_table, open_table, write_text
from hqnn.training.ideal import train_ideal

ROOT = Path(__file__).resolve().parents[2]
MODEL, WIRES = "hadamard_angle_y-dressed-1", 4
BATCH, SEED, SEEDS, THREADS = 8, 0, 5, 1
OPTIONS = {"delta": 0.01, "hidden": WIRES}
TIMED = {TRAIN: 240, VALIDATION: 50}  # images of an epoch that the usual way is timed on
USUAL = "ResNet-18 in every epoch, default.qubit on every sample"


@dataclass(frozen=True)
class Study:
    """A published training run.

    Attributes:
        name: of the study, and of its folder.
        classes: label 0 first.
        split: how its images are parted.
        images: how many there are.
        epochs: of a run.
        limit_s: what training may take after the features.
        published_s: what it took its authors, on a machine of theirs.
    """

    name: str
    classes: tuple[str, str]
    split: Split
    images: int
    epochs: int
    limit_s: float
    published_s: float


CRACKS = Study("cracks", ("no_crack", "crack"), Split(train=0.7, validation=0.15, test=0.15), 1223, 100, 60, 2180)
MASKS = Study("masks", ("no_mask", "mask"), Split(train=240, validation=50, test=120), 410, 30, 30, 13192)


def measured(study: Study) -> list[dict[str, Any]]:
    """The entry of a study, of real images where they lie, else of random ones; the name says which."""
    logging.getLogger("hqnn").setLevel(logging.ERROR)
    torch.set_num_threads(THREADS)
    data = (ROOT / os.environ.get("HQNN_DATA", "../shared/data")).resolve()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        kind, weights = _prepared(study, data, scratch)
        ours = alone(THREADS, run, study, scratch, weights)
        theirs = _usual_epoch(scratch, weights)
        with open_table(scratch / "split.h5") as file:
            parts = np.bincount(file["split"][()]).tolist()
        entry = _entry(study, ours, theirs) | {"difference": _difference(scratch, weights)}
    return [{"name": f"{study.name}_{kind}", **entry, "images": dict(zip(PARTS, parts, strict=False))}]


def run(study: Study, scratch: Path, weights: Path) -> dict[str, Any]:
    """Our way from images to a trained model, both steps as their rules do them."""
    samples, features = scratch / "samples.h5", scratch / "features.h5"
    taken: dict[str, Cost] = {}

    def both() -> None:
        taken["features"] = cost(
            lambda: extract_features(features, samples=samples, backbone="resnet18", weights=str(weights))
        )
        taken["training"] = cost(
            lambda: train_ideal(
                scratch / "model.safetensors",
                scratch / "history.csv",
                samples=[features, scratch / "split.h5"],
                program=scratch / "program.json",
                kind="dressed",
                options=OPTIONS,
                training=HeadTraining(batch_size=BATCH, epochs=study.epochs).model_dump(),
                seed=SEED,
            )
        )

    before = memory_mb("VmRSS")
    return {"extra_mb": highest_mb(both) - before, **taken}


def _prepared(study: Study, data: Path, scratch: Path) -> tuple[str, Path]:
    """Write what both ways start from; the kind of images, and the file of the weights."""
    weights = data / "weights" / "resnet18-imagenet-fp16.safetensors"
    real = weights.exists() and (data / study.name).is_dir()
    if real:
        prepare_photographs(
            scratch / "samples.h5", data / study.name, classes=study.classes, unreadable="skip", duplicates="keep"
        )
    else:
        weights = scratch / "weights.safetensors"
        save_file(models.resnet18(weights=None).state_dict(), weights)
        _write_noise(scratch / "samples.h5", study)
    write_split(scratch / "samples.h5", scratch / "split.h5", study.split, seed=SEED)
    write_text(scratch / "program.json", build(MODEL, WIRES).to_json())
    return "real" if real else "synthetic", weights


def _write_noise(path: Path, study: Study) -> None:
    rng = np.random.default_rng(SEED)
    with new_table(path, {"classes": list(study.classes)}) as file:
        images = rng.integers(256, size=(study.images, 256, 256, 3), dtype=np.uint8)
        add_column(file, "images", images, compression=None)
        add_column(file, "labels", np.arange(study.images, dtype=np.uint8) % 2)


def _usual_epoch(scratch: Path, weights: Path) -> Cost:
    """An epoch of the usual way, training and validation."""
    net, total = usual.network(weights), Cost(0, 0)
    for part, most in TIMED.items():
        found = read_samples([scratch / "samples.h5", scratch / "split.h5"], part)
        images, labels = found.features[:most], found.labels[:most]
        with torch.no_grad():
            usual.logits(net, images[:BATCH])  # warms up
        taken = cost(
            lambda i=images, y=labels, p=part: (
                usual.train(net, i, y, BATCH) if p == TRAIN else usual.validate(net, i, BATCH)
            )
        )
        total += taken * (len(found.labels) / len(images))
    return total


def _entry(study: Study, ours: dict[str, Any], theirs: Cost) -> dict[str, Any]:
    features, training = ours["features"], ours["training"]
    epoch, whole = training * (1 / study.epochs), features + training
    ratios = {
        "an epoch": theirs.over(epoch),
        "the first epoch, features included": theirs.over(features + epoch),
        f"{study.epochs} epochs, features included": (theirs * study.epochs).over(whole),
        f"{SEEDS} seeds of them": (theirs * (SEEDS * study.epochs)).over(features + training * SEEDS),
    }
    return {
        "ours_ms": whole.ms,
        "peers": {USUAL: theirs.ms * study.epochs},
        "extra_mb": ours["extra_mb"],
        "cost": {"features": asdict(features), "training": asdict(training), "usual_epoch": asdict(theirs)},
        "times_ours": ratios,
        "epochs": study.epochs,
        "batch": BATCH,
        "threads": THREADS,
        "limit_ms": {"training": 1e3 * study.limit_s},
        "published_ms": {"training": 1e3 * study.published_s},
    }


def _difference(scratch: Path, weights: Path) -> float:
    """Largest difference of the two ways' probabilities of some images, by the trained weights."""
    split = scratch / "split.h5"
    model, _ = read_classifier(scratch / "model.safetensors")
    ours = model.classify(read_samples([scratch / "features.h5", split], TRAIN).features[:BATCH])
    net = usual.network(weights)
    head = net.fc
    own = [head.before.weight, head.before.bias, head.weights, head.after.weight, head.after.bias]
    with torch.no_grad():
        for theirs, trained in zip(own, model.parameters(), strict=True):
            theirs.copy_(trained.reshape(theirs.shape))
        images = read_samples([scratch / "samples.h5", split], TRAIN).features[:BATCH]
        probability = torch.softmax(usual.logits(net, images), dim=1)
    return float(np.abs(ours.reshape(BATCH, -1)[:, -1] - probability[:, 1].numpy()).max())
