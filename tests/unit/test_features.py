"""Features of a table of images: whatever interrupts it, the same numbers, in the memory of one batch."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hqnn.execution import features as subject
from hqnn.execution.features import extract_features
from hqnn.models.augmentation import Augmentation
from hqnn.models.backbones import Backbone, load_backbone
from hqnn.models.views import centre, view
from hqnn.store import file_digest, read_table, write_table

VARIED = Augmentation(copies=2, rotation=0)


def write_samples(path: Path, number: int, side: int = 256) -> np.ndarray:
    rng = np.random.default_rng(number)
    images = np.kron(rng.integers(0, 255, (number, 8, 8, 3), np.uint8), np.ones((1, side // 8, side // 8, 1), np.uint8))
    labels = np.arange(number, dtype=np.uint8) % 2
    write_table(path, {"images": images, "labels": labels}, {"study": "cracks", "classes": ["a", "b"]})
    return images


class Pooled(nn.Module):
    """A tiny backbone: 512 numbers from the means of the channels."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=(2, 3)).repeat(1, 171)[:, :512]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, weights: str, *, seed: int) -> Backbone:
        return Backbone(name, Pooled(), {"kind": "random", "seed": seed, "sha256": "0"})

    monkeypatch.setattr(subject, "load_backbone", load)


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Break off before a call of the backbone; the rows that it was given."""
    plain = Backbone.features

    def after(calls: int) -> list[int]:
        seen: list[int] = []

        def features(self: Backbone, images: Tensor) -> Tensor:
            if len(seen) == calls:
                raise KeyboardInterrupt
            seen.append(len(images))
            return plain(self, images)

        monkeypatch.setattr(Backbone, "features", features)
        return seen

    return after


def test_features_of_all_rows_with_labels_and_where_they_are_from(tmp_path: Path) -> None:
    images = write_samples(tmp_path / "samples.h5", 5)
    output = tmp_path / "out" / "features.h5"
    extract_features(
        output,
        samples=tmp_path / "samples.h5",
        backbone="mobilenet_v3_small",
        augmentation=VARIED,
        batch_size=2,
        seed=5,
    )
    table, about = read_table(output)
    assert {name: values.shape for name, values in table.items()} == {
        "features": (5, 1024),
        "augmented": (5, 2, 1024),
        "labels": (5,),
    }
    backbone = load_backbone("mobilenet_v3_small", seed=5)
    expected = backbone.features(centre(torch.from_numpy(images).permute(0, 3, 1, 2))).numpy()
    # other batch sizes may sum in another order
    np.testing.assert_allclose(table["features"], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert table["labels"].tolist() == [0, 1, 0, 1, 0]
    assert not any(np.allclose(table["augmented"][:, copy], table["features"], atol=1e-3) for copy in (0, 1))
    assert about["weights"] == backbone.weights and about["weights"]["kind"] == "random"
    assert (about["study"], about["classes"], about["backbone"]) == ("cracks", ["a", "b"], "mobilenet_v3_small")
    assert about["samples_sha256"] == file_digest(tmp_path / "samples.h5")
    assert about["augmentation"]["copies"] == 2
    assert [path.name for path in output.parent.iterdir()] == ["features.h5"]


def test_features_of_several_views_stand_side_by_side_the_first_alone_too(tmp_path: Path) -> None:
    images = write_samples(tmp_path / "samples.h5", 3)
    output, names = tmp_path / "features.h5", ("whole", "centre_mirrored")
    extract_features(
        output,
        samples=tmp_path / "samples.h5",
        backbone="mobilenet_v3_small",
        views=names,
        augmentation=Augmentation(1),
        batch_size=2,
    )
    table, about = read_table(output)
    pictures, backbone = torch.from_numpy(images).permute(0, 3, 1, 2), load_backbone("mobilenet_v3_small")
    expected = np.stack([backbone.features(view(pictures, name)).numpy() for name in names], axis=1)
    np.testing.assert_allclose(table["views"], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_array_equal(table["features"], table["views"][:, 0])
    assert table["augmented"].shape[:2] == (3, 1)
    assert about["shown"] == list(names)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("torn", [0, 1000, 7000])  # bytes of an unfinished row, and of more than one
def test_a_killed_job_goes_on_where_it_stopped_with_the_same_numbers(
    tmp_path: Path, interrupt: Callable[[int], list[int]], torn: int
) -> None:
    samples, output, part = (tmp_path / name for name in ("samples.h5", "features.h5", "features.h5.part"))
    write_samples(samples, 11)
    settings = {"samples": samples, "backbone": "resnet18", "augmentation": VARIED, "batch_size": 3}
    extract_features(tmp_path / "whole.h5", **settings)
    interrupt(7)  # two batches with two variants each, and one call of the third
    with pytest.raises(KeyboardInterrupt):
        extract_features(output, **settings)
    assert not output.exists() and part.stat().st_size == 65 + 6 * 3 * 512 * 4
    part.write_bytes(part.read_bytes() + bytes(torn))
    seen = interrupt(-1)
    extract_features(output, **settings)
    assert seen == [3] * 3 + [2] * 3
    whole, resumed = (read_table(path)[0] for path in (tmp_path / "whole.h5", output))
    for name, values in whole.items():
        np.testing.assert_array_equal(resumed[name], values)
    assert not part.exists()


CHANGES = [{"seed": 1}, {"augmentation": Augmentation(2, crop=0.5)}, {"code": "another digest"}, {}]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_of_other_settings_code_or_images_is_discarded(
    tmp_path: Path, interrupt: Callable[[int], list[int]], change: dict[str, object]
) -> None:
    samples, output = tmp_path / "samples.h5", tmp_path / "features.h5"
    write_samples(samples, 8)
    settings = {"samples": samples, "backbone": "resnet18", "augmentation": VARIED, "batch_size": 2, "seed": 0}
    interrupt(4)
    with pytest.raises(KeyboardInterrupt):
        extract_features(output, **settings)
    if not change:
        write_samples(samples, 9)
    seen = interrupt(-1)
    extract_features(output, **settings | change)
    assert sum(seen) == 3 * (8 if change else 9)
    again = tmp_path / "again.h5"
    extract_features(again, **settings | change)
    np.testing.assert_array_equal(read_table(output)[0]["augmented"], read_table(again)[0]["augmented"])


@pytest.mark.usefixtures("tiny")
def test_memory_is_that_of_a_batch_whatever_the_samples(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        samples = tmp_path / f"{number}.h5"
        write_samples(samples, number, side=224)
        tracemalloc.start()
        extract_features(tmp_path / "features.h5", samples=samples, backbone="resnet18", batch_size=8)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(8)
    batch = 8 * 224 * 224 * 3
    assert peak(160) < peak(16) + batch / 4
