"""Seeds that are fitted at once, and images that are warped on their way to the net."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hqnn.errors import UserError
from hqnn.models.classifier import Classifier
from hqnn.models.quanv import Kernel, Quanvolution, quanv_circuit, quanv_classifier, quanv_cnn_classifier
from hqnn.training.fit import fit
from hqnn.training.regime import Regime
from hqnn.training.seeds import fit_seeds
from hqnn.training.warp import Warp

SEEDS = (0, 3, 7)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(256, size=(3, 45, 28, 28, 1), dtype=np.uint8)
LABELS = RNG.integers(10, size=(3, 45), dtype=np.uint8)
TEST = (IMAGES[:, :9].reshape(27, 28, 28, 1), LABELS[:, :9].reshape(27))


def nets(kind: str) -> list[Classifier]:
    sizes, drawn = Quanvolution(), [torch.Generator().manual_seed(seed) for seed in SEEDS]
    if kind == "cnn":
        return [quanv_cnn_classifier(sizes.architecture("quanv_cnn"), own) for own in drawn]
    program = quanv_circuit(sizes, Kernel(cnots="into_first"))
    return [quanv_classifier(sizes.architecture("quanv"), program, own) for own in drawn]


@pytest.mark.parametrize("kind", ["quanv", "cnn"])
@pytest.mark.parametrize(
    "regime",
    [
        Regime(batch_size=20, epochs=2),
        Regime(optimizer="sgd", schedule="one_cycle", momentum=0.9, batch_size=16, epochs=2),
    ],
)
def test_seeds_fitted_at_once_are_what_each_is_alone(kind: str, regime: Regime) -> None:
    together, alone = nets(kind), nets(kind)
    histories = fit_seeds(together, IMAGES, LABELS, regime, seeds=SEEDS, test=TEST)
    for seed, net, own, images, labels, history in zip(SEEDS, together, alone, IMAGES, LABELS, histories, strict=True):
        expected = fit(own, images, labels, regime, seed=seed, test=TEST)
        for ours, theirs in zip(net.parameters(), own.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
        for one, other in zip(history, expected, strict=True):
            assert (one.loss, one.test_loss) == pytest.approx((other.loss, other.test_loss), abs=1e-4)
            assert (one.accuracy, one.test_accuracy) == pytest.approx((other.accuracy, other.test_accuracy), abs=0.05)


@pytest.mark.parametrize("choice", [{"patience": 3}, {"keep": "best_loss"}, {"class_weights": "balanced"}])
def test_what_goes_one_by_one_only_is_refused(choice: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(choice))):
        fit_seeds(nets("cnn"), IMAGES, LABELS, replace(Regime(), **choice), seeds=SEEDS)


def blobs(count: int, rows: int, columns: int, row: float, column: float) -> Tensor:
    """A round spot at a place."""
    down, right = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    spot = 255 * torch.exp(-((down - row) ** 2 + (right - column) ** 2) / 8)
    return spot.round().to(torch.uint8)[None, ..., None].expand(count, rows, columns, 1)


def centres(images: Tensor) -> Tensor:
    """Row and column of the centre of mass, shape (batch, 2)."""
    mass, (rows, columns) = images[..., 0].float(), images.shape[1:3]
    down, right = torch.arange(rows).float(), torch.arange(columns).float()
    return torch.stack([mass.sum(2) @ down, mass.sum(1) @ right], 1) / mass.sum((1, 2))[:, None]


def warped(warp: Warp, images: Tensor, seed: int = 0) -> Tensor:
    return warp(images, torch.Generator().manual_seed(seed))


def test_a_warp_of_nothing_changes_nothing() -> None:
    images = torch.from_numpy(IMAGES[0])
    torch.testing.assert_close(warped(Warp(), images), images.float(), rtol=0, atol=1e-3)


def test_a_mirror_image_is_exact_and_as_frequent_as_asked() -> None:
    images = torch.from_numpy(RNG.integers(256, size=(400, 6, 8, 3), dtype=np.uint8))
    torch.testing.assert_close(warped(Warp(flip=1), images), images.flip(2).float(), rtol=0, atol=1e-3)
    same = (warped(Warp(flip=0.25), images) - images.float()).abs().amax((1, 2, 3)) < 1e-3
    assert same.float().mean() == pytest.approx(0.75, abs=0.07)


def test_shifts_fill_their_range_in_pixels_whatever_the_shape() -> None:
    images = blobs(300, 40, 24, 20, 12)
    moved = centres(warped(Warp(shift=2), images)) - centres(images)
    for axis in moved.T:
        assert 1.9 < axis.abs().max() < 2.02
        assert abs(axis.mean()) < 0.2
    assert abs(torch.corrcoef(moved.T)[0, 1]) < 0.2
    again = warped(Warp(shift=2), images)
    assert torch.equal(warped(Warp(shift=2), images), again)
    assert not torch.equal(warped(Warp(shift=2), images, seed=1), again)


def test_turns_keep_the_distance_to_the_middle_whatever_the_shape() -> None:
    images = blobs(300, 40, 24, 19.5 - 8, 11.5)
    turned = centres(warped(Warp(rotation=30), images)) - torch.tensor([19.5, 11.5])
    torch.testing.assert_close(turned.norm(dim=1), torch.full((300,), 8.0), rtol=0, atol=0.05)
    angles = torch.rad2deg(torch.atan2(turned[:, 1], -turned[:, 0]))
    assert 28 < angles.max() < 30.5 and -30.5 < angles.min() < -28


def test_what_enters_at_the_edge_is_black_or_the_mirrored_image() -> None:
    white = torch.full((50, 8, 8, 1), 255, dtype=torch.uint8)
    assert warped(Warp(shift=3), white).min() == 0
    assert warped(Warp(shift=3, edge="mirrored"), white).min() > 254


@pytest.mark.parametrize("wrong", [{"rotation": -1}, {"shift": -1}, {"flip": 2}, {"edge": "grey"}])
def test_a_warp_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        Warp(**wrong)
