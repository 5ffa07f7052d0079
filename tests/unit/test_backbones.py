"""Backbones beside torchvision's own models and transforms, and what variants of images depend on."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision import models

from hqnn.data.image_files import read_image, square
from hqnn.errors import UserError
from hqnn.models.augmentation import Augmentation, Variants
from hqnn.models.backbone_widths import WIDTHS
from hqnn.models.backbones import HEADS, _headless, load_backbone, normalised
from hqnn.models.views import VIEWS, centre, view
from hqnn.settings.photographs import keys as transfer

NOTHING = Augmentation(1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def photographs(number: int, seed: int = 0) -> torch.Tensor:
    """Smooth coloured images, uint8, shape (number, 3, 256, 256)."""
    coarse = torch.rand(number, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, (256, 256), mode="bicubic").clamp(0, 1)
    return (fine * 255).to(torch.uint8)


def trained(architecture: str) -> torch.nn.Module:
    """A model whose batch norm has statistics, as a trained one has."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(1)
        model = models.get_model(architecture, weights=None).eval()
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
                layer.weight.data.uniform_(0.5, 1.5)
    return model


@pytest.mark.parametrize("name", WIDTHS)
def test_the_table_of_widths_is_right(name: str) -> None:
    with torch.device("meta"):
        assert _headless(name)(torch.empty(2, 3, 224, 224)).shape == (2, WIDTHS[name])


def test_settings_offer_what_the_library_has() -> None:
    assert HEADS.keys() == WIDTHS.keys() == set(get_args(transfer.Backbone))
    assert transfer.Augmentation().model_dump() == asdict(Augmentation())


@pytest.mark.parametrize(
    ("architecture", "head", "suffix"),
    [("resnet18", "fc", ".safetensors"), ("mobilenet_v3_small", "classifier.3", ".pth")],
)
def test_features_are_those_of_torchvision_s_model_and_transforms(
    tmp_path: Path, architecture: str, head: str, suffix: str
) -> None:
    model, path = trained(architecture), tmp_path / f"weights{suffix}"
    state = model.state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    model.set_submodule(head, torch.nn.Identity())
    pixels = photographs(3)
    pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in pixels]
    prepare = models.get_model_weights(architecture)["IMAGENET1K_V1"].transforms()
    with torch.no_grad():
        expected = model(torch.stack([prepare(picture) for picture in pictures]))
    backbone = load_backbone(architecture, str(path))
    features = backbone.features(centre(pixels))
    # float32 rounds at 6e-8; folding batch norm and another memory order change the order of some 1e4 sums
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    assert backbone.weights["kind"] == "file" and backbone.weights["file"] == path.name
    assert not features.requires_grad and backbone.width == features.shape[1]


def test_half_precision_and_another_last_layer_or_none_are_accepted(tmp_path: Path) -> None:
    state = {key: values.half().float() for key, values in trained("mobilenet_v3_small").state_dict().items()}
    other = {"classifier.3.weight": torch.zeros(2, 1024), "classifier.3.bias": torch.zeros(2)}
    without = {key: values for key, values in state.items() if not key.startswith("classifier.3")}
    found = []
    for number, tensors in enumerate((state, without | other, without)):
        path = tmp_path / f"{number}.safetensors"
        save_file({key: values.half() for key, values in tensors.items()}, path)
        found.append(load_backbone("mobilenet_v3_small", str(path)).features(centre(photographs(2))))
    assert found[0].dtype == torch.float32
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)
    torch.testing.assert_close(found[2], found[0], rtol=0, atol=0)


def test_random_weights_are_seeded_said_loudly_and_tell_images_apart(caplog: pytest.LogCaptureFixture) -> None:
    before = torch.get_rng_state()
    backbone, again, other = (load_backbone("mobilenet_v3_small", seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert "RANDOM" in caplog.text and caplog.records[0].levelname == "WARNING"
    assert backbone.weights == again.weights and backbone.weights["sha256"] != other.weights["sha256"]
    assert (backbone.weights["kind"], backbone.weights["seed"]) == ("random", 3)
    features = backbone.features(centre(photographs(4)))
    assert torch.equal(features, again.features(centre(photographs(4))))
    assert 1e-2 < features.std() < 1e2
    assert features.std(dim=0).mean() > 0.05 * features.square().mean().sqrt()


@pytest.mark.data
def test_the_reference_features_of_the_real_weights_are_met(real_data: Path) -> None:
    folder = real_data / "weights"
    with safe_open(folder / "reference-features.safetensors", framework="numpy") as file:
        expected, names = file.get_tensor("features"), json.loads(file.metadata()["files"])
    pixels = torch.from_numpy(np.stack([square(read_image(real_data / name), 256) for name in names])).permute(
        0, 3, 1, 2
    )
    backbone = load_backbone("resnet18", str(folder / "resnet18-imagenet-fp16.safetensors"))
    difference = np.abs(backbone.features(centre(pixels)).numpy() - expected).max()
    assert len(expected) == 12
    assert difference < 1e-4 * np.abs(expected).max()
    assert backbone.weights["sha256"] == "c44844440b3158b24e7e58ed1e0ba0bd1a01237bf3dc46363f6f9e5d66a79878"


def test_a_variant_depends_on_seed_row_and_copy_alone() -> None:
    images, everything = photographs(3), Augmentation(2, vertical_flip=0.5, rotation=180, grey=0.3, blur=1, sharpen=0.5)
    variants, before, usual = Variants(everything, seed=7), torch.get_rng_state(), torch.get_num_threads()
    whole = variants.draw(images, 10, 1)
    torch.set_num_threads(2 if usual == 1 else 1)
    try:
        parts = [variants.draw(images[:2], 10, 1), variants.draw(images[2:], 12, 1)]
    finally:
        torch.set_num_threads(usual)
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(torch.get_rng_state(), before)
    assert whole.shape == (3, 3, 224, 224) and whole.dtype == torch.uint8
    for other in (
        Variants(everything, seed=8).draw(images, 10, 1),
        variants.draw(images, 11, 1),
        variants.draw(images, 10, 0),
    ):
        assert all(not torch.equal(one, another) for one, another in zip(other, whole, strict=True))


def test_with_everything_off_a_variant_is_the_centre() -> None:
    images = photographs(2)
    assert torch.equal(Variants(NOTHING, 0).draw(images, 0, 0), centre(images))


def test_each_variation_does_what_it_is_called() -> None:
    images = photographs(3)
    middle = centre(images).float()

    def drawn(**settings: float) -> torch.Tensor:
        return Variants(replace(NOTHING, **settings), 0).draw(images, 0, 0).float()

    assert torch.equal(drawn(horizontal_flip=1), middle.flip(-1))
    assert torch.equal(drawn(vertical_flip=1), middle.flip(-2))
    grey = drawn(grey=1)
    assert torch.equal(grey[:, 0], grey[:, 1]) and not torch.equal(grey, middle)
    assert drawn(blur=1).diff(dim=-1).abs().sum() < middle.diff(dim=-1).abs().sum()
    assert drawn(sharpen=1).diff(dim=-1).abs().sum() > middle.diff(dim=-1).abs().sum()
    for name in ("brightness", "contrast", "saturation", "hue", "rotation", "crop"):
        changed = drawn(**{name: 0.4}) - middle
        assert (changed.abs().mean(dim=(1, 2, 3)) > 0.1).all(), name


def test_a_rotated_image_has_no_black_corners() -> None:
    white = torch.full((4, 3, 256, 256), 255, dtype=torch.uint8)
    assert (Variants(replace(NOTHING, rotation=180.0), 0).draw(white, 0, 0) >= 254).all()


@pytest.mark.parametrize(
    ("key", "value"), [("crop", 0.0), ("hue", 0.6), ("blur", 1.5), ("copies", -1), ("rotation", 181)]
)
def test_settings_out_of_their_limits_are_named(key: str, value: float) -> None:
    with pytest.raises(UserError, match=rf"augmentation\.{key} is {value}"):
        Augmentation(**{key: value})


def test_the_layer_before_the_last_is_pooled_to_means_and_deviations(tmp_path: Path) -> None:
    model, path = trained("resnet18"), tmp_path / "weights.pth"
    torch.save(model.state_dict(), path)
    model.set_submodule("layer4", torch.nn.Identity())
    model.set_submodule("avgpool", torch.nn.Identity())
    model.set_submodule("fc", torch.nn.Identity())
    pixels = centre(photographs(2))
    with torch.no_grad():
        maps = model(normalised(pixels)).reshape(2, 256, -1)
    expected = torch.cat([maps.mean(-1), maps.std(-1)], dim=1)
    found = load_backbone("resnet18_layer3", str(path)).features(pixels)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_every_view_shows_the_same_image_another_way_round() -> None:
    images = photographs(2)
    shown = {name: view(images, name) for name in VIEWS}
    assert {tuple(one.shape) for one in shown.values()} == {(2, 3, 224, 224)}
    for frame in ("centre", "whole"):
        plain = shown[frame]
        assert torch.equal(shown[f"{frame}_mirrored"].flip(-1), plain)
        assert torch.equal(shown[f"{frame}_upside_down"].flip(-2), plain)
        assert torch.equal(shown[f"{frame}_turned"].rot90(2, (-2, -1)), plain)
    assert torch.equal(shown["centre"], images[..., 16:240, 16:240])
    smaller = torch.nn.functional.interpolate(images.float(), (224, 224), mode="bilinear", antialias=True)
    assert (shown["whole"].float() - smaller).abs().max() < 1.01  # of 255: it rounds twice
    with pytest.raises(UserError, match="did you mean 'whole'"):
        view(images, "whol")
