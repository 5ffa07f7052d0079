"""The U-Nets have the sizes that were published, and learn what their patches show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hqnn.data.pixels.scene import UNLABELLED
from hqnn.errors import UserError
from hqnn.models.unet import EarlyFusionUNet, full_unet, small_unet
from hqnn.settings.pixels.keys import PatchFitting
from hqnn.training.checkpoints import Checkpoint, write_checkpoint
from hqnn.training.patches import change_probability, fit_patches


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def changing_patches(count: int = 400, size: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three bands a date; a pixel has changed where date 2 is brighter, which one in five is."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, size, size)) < 0.2).astype(np.uint8)
    dates = rng.normal(size=(2, count, 3, size, size))
    dates[1] += 3.0 * labels[:, None]
    return np.concatenate(dates, axis=1), labels


def test_the_small_net_has_the_published_size_and_its_formula_no_other_solution() -> None:
    assert parameters(small_unet()) == 1312
    for channels, width in ((6, 5), (20, 3), (26, 7)):
        formula = 36 * width**2 + (9 * channels + 28) * width + 2
        assert parameters(EarlyFusionUNet(channels, (width,), (2,))) == formula
    solutions = [(c, w) for c in range(1, 200) for w in range(1, 200) if 36 * w**2 + (9 * c + 28) * w + 2 == 1312]
    assert solutions == [(6, 5)]


@pytest.mark.parametrize("channels", [6, 26])
def test_the_full_net_has_the_published_size(channels: int) -> None:
    assert parameters(full_unet(channels)) == pytest.approx(1.35e6, rel=0.005)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (33, 47), (96, 20)])
def test_every_pixel_gets_two_logits(rows: int, columns: int) -> None:
    images = torch.randn(2, 8, rows, columns)
    assert full_unet(8)(images).shape == (2, 2, rows, columns)
    assert small_unet(8)(images).shape == (2, 2, rows, columns)
    assert small_unet(8)(images[..., :2, :3]).shape == (2, 2, 2, 3)


def test_gradients_reach_every_kernel() -> None:
    for model, size in ((small_unet(), 2), (full_unet(6), 16)):
        model(torch.randn(4, 6, size, size)).square().sum().backward()
        kernels = [p for p in model.parameters() if p.dim() > 1]  # normalisation takes the biases out
        assert all(p.grad is not None and p.grad.abs().max() > 1e-6 for p in kernels)


def test_equal_seeds_give_equal_nets_and_leave_torch_s_own_randomness_alone() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    patches, labels = changing_patches(50)
    runs = []
    for seed in (0, 0, 1):
        torch.manual_seed(11)
        model = small_unet(seed=seed)
        fit_patches(model, patches, labels, PatchFitting(batch_size=10, epochs=2), seed=seed)
        torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
        runs.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_a_net_learns_which_pixels_changed() -> None:
    model = small_unet(seed=1)
    history = fit_patches(model, *changing_patches(), PatchFitting(batch_size=25, epochs=25), seed=1)
    assert [epoch.epoch for epoch in history] == list(range(1, 26))
    assert history[-1].loss < 0.7 * history[0].loss
    patches, labels = changing_patches(300, seed=5)
    probability = change_probability(model, patches)
    assert probability.shape == labels.shape
    recalls = [np.mean((probability > 0.5)[labels == value] == value) for value in (0, 1)]
    assert min(recalls) > 0.85


def test_unlabelled_pixels_change_nothing() -> None:
    patches, labels = changing_patches(60)
    hidden = labels.copy()
    hidden[30:] = UNLABELLED
    training = PatchFitting(batch_size=60, epochs=3)
    nets, histories = [pixelwise() for _ in range(2)], []
    for net, shown, given in ((nets[0], patches, hidden), (nets[1], patches[:30], labels[:30])):
        histories.append(fit_patches(net, shown, given, training, seed=0))
    for one, other in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    assert histories[0][-1].loss == pytest.approx(histories[1][-1].loss, rel=1e-5)


@pytest.mark.parametrize("balanced", [True, False])
def test_the_loss_weighs_classes_equally_where_asked_to(balanced: bool) -> None:
    patches, labels = changing_patches(60)
    net = pixelwise()
    probability = change_probability(net, patches)
    loss = -np.log(np.where(labels == 1, probability, 1 - probability))
    classes = [loss[labels == value].mean() for value in (0, 1)]
    training = PatchFitting(batch_size=60, epochs=1, balanced=balanced)
    (epoch,) = fit_patches(net, patches, labels, training, seed=0)
    assert epoch.loss == pytest.approx(np.mean(classes) if balanced else loss.mean(), rel=1e-5)


def test_labels_of_one_class_cannot_be_balanced() -> None:
    patches, labels = changing_patches(10)
    with pytest.raises(UserError, match="all of one class"):
        fit_patches(pixelwise(), patches, np.zeros_like(labels), PatchFitting(epochs=1), seed=0)


def pixelwise() -> torch.nn.Module:
    net = torch.nn.Conv2d(6, 2, 1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.linspace(-0.5, 0.5, parameter.numel()).reshape(parameter.shape))
    return net


def test_a_fit_that_was_killed_goes_on_to_the_same_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patches, labels = changing_patches(60)
    fitting = PatchFitting(epochs=5, batch_size=16)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    whole, killed, resumed = small_unet(seed=3), small_unet(seed=3), small_unet(seed=3)
    history = fit_patches(whole, patches, labels, fitting, seed=3)

    def dying(path: Path, digest: str, state: dict[str, Any]) -> None:
        write_checkpoint(path, digest, state)
        if len(state["history"]["epoch"]) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("hqnn.training.checkpoints.write_checkpoint", dying)
        fit_patches(killed, patches, labels, fitting, seed=3, checkpoint=checkpoint)
    assert fit_patches(resumed, patches, labels, fitting, seed=3, checkpoint=checkpoint) == history
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, rtol=0, atol=0)
