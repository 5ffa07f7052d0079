"""The nets of study C have the printed sizes, and their quanvolution the values and gradients of its closed forms."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from digits_nets import parallel_circuit, quanv_circuit, quanv_options
from hqnn.circuits.ansatze import CNOTS, quanvolutional
from hqnn.errors import UserError
from hqnn.metrics.published import read_published
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.quanv import kernel_parameters
from hqnn.models.stack import SeedStack
from hqnn.settings.images.keys import CnnSizes, ParallelSizes, SmallImageStudy
from hqnn.settings.model import read_settings

SMALL = ParallelSizes(channels=(3, 4), circuits=2, qubits=2, layers=1)
PIXELS = torch.rand(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * math.pi
Shape = tuple[int, int, int]


def study(root: Path, name: str) -> SmallImageStudy:
    """The settings of one of the published studies."""
    config = yaml.safe_load((root / "config/studies" / f"{name}.yaml").read_text(encoding="utf-8"))
    found = read_settings(config).studies[name]
    assert isinstance(found, SmallImageStudy)
    return found


def printed(root: Path, dataset: str, metric: str) -> dict[str, int]:
    """What the paper prints of each model."""
    rows = read_published(root / "resources/published/digits.csv").query("dataset == @dataset and metric == @metric")
    return dict(zip(rows["model"], rows["value"].astype(int), strict=True))


def hybrid(sizes: ParallelSizes, seed: int = 0, shape: Shape = (8, 8, 1), classes: int = 5) -> Classifier:
    architecture = Architecture("parallel", shape, classes, sizes.model_dump())
    return build_classifier(architecture, parallel_circuit(sizes), seed=seed)


def classical(
    kind: str, sizes: ParallelSizes | CnnSizes, seed: int = 0, shape: Shape = (8, 8, 1), classes: int = 5
) -> Classifier:
    return build_classifier(Architecture(kind, shape, classes, sizes.model_dump()), seed=seed)


def quanv(seed: int = 0, **kernel: str) -> Classifier:
    return build_classifier(Architecture("quanv", (28, 28, 1), 10, quanv_options()), quanv_circuit(**kernel), seed=seed)


def quanv_cnn(seed: int = 0, kernels: int = 1) -> Classifier:
    return build_classifier(Architecture(f"cnn{kernels}", (28, 28, 1), 10, quanv_options(kernels)), seed=seed)


def images_of(count: int, shape: Shape = (28, 28, 1), seed: int = 0) -> Tensor:
    return torch.randint(256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "shape", "classes", "twin"),
    [
        ("digits", (28, 28, 1), 10, "cnn"),
        ("digits_cifar10", (32, 32, 3), 10, "parallel_twin"),
        ("digits_medical_mnist", (64, 64, 1), 6, "parallel_twin"),
    ],
)
def test_the_studies_nets_have_the_sizes_that_were_printed(
    root: Path, name: str, shape: Shape, classes: int, twin: str
) -> None:
    digits = study(root, name)
    assert twin in digits.twins
    ours = hybrid(digits.parallel, shape=shape, classes=classes)
    other = classical(twin, digits.cnn if twin == "cnn" else digits.parallel, shape=shape, classes=classes)
    expected = printed(root, digits.data.set, "parameters")
    assert {"parallel": ours.trainable(), "cnn": other.trainable()} == expected
    assert all(net(images_of(2, shape)).shape == (2, classes) for net in (ours, other))


def test_quanv_and_its_twins_have_the_weights_that_were_printed(root: Path) -> None:
    said = study(root, "digits_quanv").quanv.model_dump()
    assert quanv_options(4).items() <= {**said, "kernels": 4}.items()
    nets = {"quanv": quanv(), "cnn1": quanv_cnn(kernels=1), "cnn4": quanv_cnn(kernels=4)}
    expected = printed(root, "mnist", "kernel_parameters")
    assert {name: kernel_parameters(net) for name, net in nets.items()} == expected
    for name, channels in (("quanv", 4), ("cnn1", 1), ("cnn4", 4)):
        assert nets[name].trainable() == expected[name] + 16 * channels * 10 + 10


def test_normalisation_stands_where_the_setting_says() -> None:
    places: list[tuple[str, int]] = [("convolutions", 2 * 7), ("dense", 2 * 4), ("circuits", 2 * 4)]
    bare = hybrid(SMALL.model_copy(update={"normalised": ()})).trainable()
    for place, weights in places:
        assert hybrid(SMALL.model_copy(update={"normalised": (place,)})).trainable() == bare + weights


def test_pooling_ahead_of_relu_changes_no_value_and_no_gradient() -> None:
    sizes = CnnSizes(channels=(3,), poolings=1, dense=(6,), normalised=("convolutions", "dense"))
    net, swapped = classical("cnn", sizes, seed=3), classical("cnn", sizes, seed=3)
    layers = list(swapped.body)
    pool = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d))
    layers[pool : pool + 2] = layers[pool + 1], layers[pool]
    swapped.body = nn.Sequential(*layers)
    for one in (net, swapped):
        one(images_of(16, (8, 8, 1))).square().sum().backward()
    for ours, theirs in zip(net.parameters(), swapped.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("build", [hybrid, partial(classical, "parallel_twin")], ids=["hybrid", "twin"])
def test_equal_seeds_give_equal_nets_and_gradients_reach_every_weight(build: object) -> None:
    torch.manual_seed(11)
    nets = [build(SMALL, seed=seed) for seed in (0, 0, 1)]
    states = [torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])
    logits = nets[0](images_of(40, (8, 8, 1)))
    nn.functional.cross_entropy(logits, torch.arange(40) % 5).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in nets[0].parameters())


def test_hybrid_and_twin_start_alike_but_for_the_quantum_part() -> None:
    ours, twin = hybrid(SMALL), classical("parallel_twin", SMALL)
    for part, other in ((ours.encode, twin.body[0]), (ours.read, twin.body[2])):
        for one, two in zip(part.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_an_image_too_small_is_refused() -> None:
    with pytest.raises(UserError, match="3 x 3 pixels are too small"):
        classical("cnn", CnnSizes(kernel=5, padding=0), shape=(3, 3, 1))


def bloch(x: Tensor, weights: Tensor, axis: str) -> Tensor:
    """Z of each wire after RY(x) and a rotation by the weight."""
    return {"y": torch.cos(x + weights), "x": torch.cos(weights) * torch.cos(x), "z": torch.cos(x)}[axis]


PARITIES = {
    "none": ([0], [1], [2], [3]),
    "line": ([0], [0, 1], [0, 1, 2], [0, 1, 2, 3]),
    "line_reversed": ([0], [0, 1], [1, 2], [2, 3]),
    "star": ([0], [0, 1], [0, 2], [0, 3]),
    "into_first": ([0, 1, 2, 3], [1], [2], [3]),
    "into_last": ([0], [1], [2], [0, 1, 2, 3]),
    "tree": ([0], [0, 1], [2], [0, 1, 2, 3]),
    "tree_controls": ([0], [0, 1], [0, 2], [2, 3]),
    "brick": ([0], [0, 1], [0, 1, 2], [2, 3]),
}


def values_and_gradients(circuit: object, x: Tensor, weights: Tensor) -> list[Tensor]:
    x, weights = x.clone().requires_grad_(), weights.clone().requires_grad_()
    values = circuit(x, weights)
    mixed = (values * torch.linspace(1, 2, values.numel(), dtype=torch.float64).reshape(values.shape)).sum()
    return [values, *torch.autograd.grad(mixed, [x, weights], materialize_grads=True)]


def engine(**kernel: str) -> object:
    layer = quanv(**kernel).quantum.double()
    return lambda x, weights: torch.func.functional_call(layer, {"weights": weights[None]}, (x,))


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("layout", sorted(CNOTS))
def test_a_kernel_that_rotates_first_is_a_product_of_cosines(layout: str, axis: str) -> None:
    weights = torch.tensor([0.3, -1.2, 2.5, 4.0], dtype=torch.float64)

    def closed(x: Tensor, weights: Tensor) -> Tensor:
        cosines = bloch(x, weights, axis)
        return torch.stack([cosines[:, wires].prod(1) for wires in PARITIES[layout]], 1)

    for ours, exact in zip(
        values_and_gradients(engine(axis=axis, cnots=layout), PIXELS, weights),
        values_and_gradients(closed, PIXELS, weights),
        strict=True,
    ):
        torch.testing.assert_close(ours, exact, rtol=0, atol=1e-12)


@given(st.lists(st.floats(-7, 7), min_size=4, max_size=4))
@settings(max_examples=10, deadline=None)
def test_a_line_that_rotates_last_has_its_closed_form(angles: list[float]) -> None:
    def closed(x: Tensor, weights: Tensor) -> Tensor:
        cosines, sines = torch.cos(x).cumprod(1), torch.sin(x)
        flipped = sines * torch.cat([sines[:, 1:], torch.ones_like(sines[:, :1])], 1)
        return torch.cos(weights) * cosines - torch.sin(weights) * flipped

    weights = torch.tensor(angles, dtype=torch.float64)
    for ours, exact in zip(
        values_and_gradients(engine(cnots="line", rotations="last"), PIXELS, weights),
        values_and_gradients(closed, PIXELS, weights),
        strict=True,
    ):
        torch.testing.assert_close(ours, exact, rtol=0, atol=1e-12)


def test_every_layout_can_be_named() -> None:
    assert set(get_args(get_type_hints(quanvolutional)["cnots"])) == set(CNOTS) == set(PARITIES)


def test_the_kernel_sees_the_mean_of_two_by_two_pixels_as_angles() -> None:
    images = images_of(3)
    angles = quanv().encode(images)
    assert angles.shape == (3, 16, 4)
    row, column = 2, 3  # the kernel's third row and fourth column of positions
    halved = images[..., 0].double().reshape(3, 14, 2, 14, 2).mean((2, 4)) / 255
    seen = halved[:, 4 * row : 4 * row + 2, 4 * column : 4 * column + 2].reshape(3, 4)
    torch.testing.assert_close(angles[:, 4 * row + column].double(), math.pi * seen, rtol=0, atol=1e-6)


@pytest.mark.parametrize("build", [quanv, quanv_cnn])
def test_stacked_nets_learn_what_each_would_learn_alone(build: object) -> None:
    seeds, steps = range(3), 4
    images = torch.stack([images_of(20, seed=seed) for seed in seeds])
    labels = torch.from_numpy(np.random.default_rng(0).integers(10, size=(3, 20)))
    alone, together = [[build(seed) for seed in seeds] for _ in range(2)]
    for net, seen, said in zip(alone, images, labels, strict=True):
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(steps):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(seen), said).backward()
            optimizer.step()
    stack = SeedStack(together)
    optimizer = torch.optim.Adam(stack.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        losses = nn.functional.cross_entropy(stack(images).flatten(0, 1), labels.flatten(), reduction="none")
        (losses.sum() / 20).backward()
        optimizer.step()
    stack.unstack(together)
    for one, other in zip(alone, together, strict=True):
        for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)
    assert not torch.equal(*[net.get_parameter(next(iter(stack.names))) for net in together[:2]])


def test_nets_with_running_statistics_are_not_stacked() -> None:
    with pytest.raises(UserError, match="batch normalisation"):
        SeedStack([hybrid(SMALL, seed) for seed in range(2)])
