"""Nets see 8 bits over 255, as ever, and deeper images scaled by their train samples, which their file keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hqnn.data.parts import TRAIN
from hqnn.data.samples import read_samples
from hqnn.errors import UserError
from hqnn.models.architectures import build_classifier, read_classifier, save_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.image_scaling import ImageScaling
from hqnn.models.stack import SeedStack
from hqnn.settings.fitting import Training
from hqnn.store import write_table
from hqnn.training.stored import fit_stored


def net(bands: int, seed: int = 0) -> Classifier:
    options = {"shrink": 2, "kernel": 2, "stride": 2, "kernels": 1}
    return build_classifier(Architecture("cnn1", (8, 8, bands), 3, options), seed=seed)


def table(path: Path, dtype: str, bands: int) -> tuple[Path, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    split = np.arange(40, dtype=np.uint8) % 2
    images = generator.integers(0, 200, (40, 8, 8, bands)).astype(dtype)
    images[split == 1] += 50  # what is tested must not decide
    write_table(
        path,
        {"images": images, "labels": (np.arange(40) % 3).astype(np.uint8), "split": split},
        {"classes": list("abc")},
    )
    return path, images, split


def test_images_of_8_bits_are_divided_by_255_and_nets_for_them_have_no_state_for_it() -> None:
    images = torch.randint(256, (5, 4, 6, 3), dtype=torch.uint8)
    scaling = ImageScaling()
    scaling.fit(images)
    assert torch.equal(scaling(images), images.permute(0, 3, 1, 2).to(torch.float32) / 255)
    assert not scaling.state_dict()
    SeedStack([net(1, seed) for seed in range(2)])


@pytest.mark.parametrize(("dtype", "bands"), [("uint16", 4), ("float32", 13)])
def test_deeper_images_are_scaled_by_train_samples_alone_and_the_file_keeps_it(
    tmp_path: Path, dtype: str, bands: int
) -> None:
    path, images, split = table(tmp_path / "samples.h5", dtype, bands)
    model = net(bands)
    fit_stored(model, read_samples([path], TRAIN), [path], Training(epochs=1, batch_size=8), seed=0)
    (scaling,) = (module for module in model.modules() if isinstance(module, ImageScaling))
    low, high = np.percentile(images[split == 0].reshape(-1, bands).astype(float), (2, 98), axis=0)
    wanted = np.moveaxis((images - low) / (high - low), -1, 1)
    np.testing.assert_allclose(scaling(torch.from_numpy(images)).numpy(), wanted, rtol=1e-6, atol=1e-6)
    save_classifier(tmp_path / "model.safetensors", model, {})
    again, _ = read_classifier(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.classify(images), model.classify(images))
    with pytest.raises(UserError, match="images of 8 bits are given to a net that was trained on deeper ones"):
        again.classify(images.astype(np.uint8))
    with pytest.raises(UserError, match=r"set quanv\.sweep to 'apart'"):
        net(bands).classify(images)
