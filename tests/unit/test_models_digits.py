"""The nets of study C have the printed sizes, and their quanvolution the values and gradients of its closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from hqnn.circuits.ansatze import CNOTS, quanvolutional
from hqnn.errors import UserError
from hqnn.models import parallel
from hqnn.models.classifier import Classifier
from hqnn.models.convolutional import Convolutional, cnn_classifier
from hqnn.models.parallel import Parallel, parallel_circuit, parallel_classifier, parallel_twin_classifier
from hqnn.models.quanv import Kernel, Quanvolution, quanv_circuit, quanv_classifier, quanv_cnn_classifier
from hqnn.models.stack import SeedStack

SMALL = Parallel(image=(8, 8, 1), channels=(3, 4), circuits=2, qubits=2, layers=1, classes=5)
PIXELS = torch.rand(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * math.pi


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def hybrid(sizes: Parallel, seed: int = 0) -> Classifier:
    return parallel_classifier(sizes.architecture("parallel"), parallel_circuit(sizes), seeded(seed))


def quanv(seed: int = 0, kernel: Kernel | None = None) -> Classifier:
    sizes = Quanvolution()
    return quanv_classifier(sizes.architecture("quanv"), quanv_circuit(sizes, kernel or Kernel()), seeded(seed))


def quanv_cnn(seed: int = 0, kernels: int = 1) -> Classifier:
    return quanv_cnn_classifier(Quanvolution(kernels=kernels).architecture("quanv_cnn"), seeded(seed))


def images_of(count: int, shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> Tensor:
    return torch.randint(256, (count, *shape), dtype=torch.uint8, generator=seeded(seed))


@pytest.mark.parametrize(
    ("data", "published"),
    [("mnist", (45_194, 45_434, 372_234)), ("cifar10", (81_578, 81_698)), ("medical_mnist", (247_462, 247_642))],
)
def test_the_nets_have_the_sizes_that_were_printed(data: str, published: tuple[int, ...]) -> None:
    sizes = parallel.PRESETS[data]
    counts = parallel.parameter_counts(data)
    assert tuple(count for _, count, _ in counts) == published
    assert all(printed in (None, count) for _, count, printed in counts)
    net = hybrid(sizes)
    assert net.trainable() == published[0]
    assert net(images_of(2, sizes.image)).shape == (2, sizes.classes)


def test_quanv_and_its_twins_have_the_weights_that_were_printed() -> None:
    dense = {kernels: 16 * kernels * 10 + 10 for kernels in (1, 4)}
    assert [quanv().trainable(), quanv_cnn(kernels=4).trainable()] == [4 + dense[4], 16 + dense[4]]
    assert quanv_cnn(kernels=1).trainable() == 4 + dense[1]


def test_normalisation_stands_where_the_setting_says() -> None:
    places: list[tuple[str, int]] = [("convolutions", 2 * 7), ("dense", 2 * 4), ("circuits", 2 * 4)]
    bare = hybrid(replace(SMALL, normalised=())).trainable()
    for place, weights in places:
        assert hybrid(replace(SMALL, normalised=(place,))).trainable() == bare + weights


def test_pooling_ahead_of_relu_changes_no_value_and_no_gradient() -> None:
    sizes = Convolutional(image=(8, 8, 1), channels=(3,), poolings=1, dense=(6,), classes=5)
    net = cnn_classifier(sizes.architecture("cnn"), seeded(3))
    swapped = cnn_classifier(sizes.architecture("cnn"), seeded(3))
    layers = list(swapped.body)
    pool = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d))
    layers[pool : pool + 2] = layers[pool + 1], layers[pool]
    swapped.body = nn.Sequential(*layers)
    for one in (net, swapped):
        one(images_of(16, sizes.image)).square().sum().backward()
    for ours, theirs in zip(net.parameters(), swapped.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize(
    "build", [hybrid, lambda s, seed=0: parallel_twin_classifier(s.architecture("t"), seeded(seed))]
)
def test_equal_seeds_give_equal_nets_and_gradients_reach_every_weight(build: object) -> None:
    torch.manual_seed(11)
    nets = [build(SMALL, seed=seed) for seed in (0, 0, 1)]
    states = [torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])
    logits = nets[0](images_of(40, SMALL.image))
    nn.functional.cross_entropy(logits, torch.arange(40) % 5).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in nets[0].parameters())


def test_hybrid_and_twin_start_alike_but_for_the_quantum_part() -> None:
    ours, twin = hybrid(SMALL), parallel_twin_classifier(SMALL.architecture("parallel_twin"), seeded(0))
    for part, other in ((ours.encode, twin.body[0]), (ours.read, twin.body[2])):
        for one, two in zip(part.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_sizes_survive_being_an_architecture() -> None:
    for sizes in (parallel.CIFAR10, parallel.MNIST_CNN, Quanvolution(kernels=1)):
        plain = sizes.architecture("any", more=1).plain()
        plain["options"] = {key: list(v) if isinstance(v, tuple) else v for key, v in plain["options"].items()}
        assert type(sizes).of(type(sizes.architecture("any"))(**plain)) == sizes


def test_an_image_too_small_is_refused() -> None:
    with pytest.raises(UserError, match="3 x 3 pixels are too small"):
        cnn_classifier(Convolutional(image=(3, 3, 1), kernel=5, padding=0).architecture("cnn"), seeded(0))


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


def engine(kernel: Kernel) -> object:
    layer = quanv(kernel=kernel).quantum.double()
    return lambda x, weights: torch.func.functional_call(layer, {"weights": weights[None]}, (x,))


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("layout", sorted(CNOTS))
def test_a_kernel_that_rotates_first_is_a_product_of_cosines(layout: str, axis: str) -> None:
    weights = torch.tensor([0.3, -1.2, 2.5, 4.0], dtype=torch.float64)

    def closed(x: Tensor, weights: Tensor) -> Tensor:
        cosines = bloch(x, weights, axis)
        return torch.stack([cosines[:, wires].prod(1) for wires in PARITIES[layout]], 1)

    kernel = Kernel(axis=axis, cnots=layout)
    for ours, exact in zip(
        values_and_gradients(engine(kernel), PIXELS, weights),
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
    kernel = Kernel(cnots="line", rotations="last")
    for ours, exact in zip(
        values_and_gradients(engine(kernel), PIXELS, weights),
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
