"""Convolutional classifiers: the plain nets, and the classical part of its HQNN-Parallel."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal, Self, TypeAlias

import torch
from torch import nn

from hqnn.errors import UserError
from hqnn.models.classifier import Architecture, ClassicalClassifier
from hqnn.models.image_scaling import ImageScaling
from hqnn.models.layers import seeded_linear

Place: TypeAlias = Literal["convolutions", "dense", "circuits"]
DTYPE = torch.float32


@dataclass(frozen=True)
class ImageSizes:
    """What images a net takes, and how many classes it tells apart.

    Attributes:
        image: rows, columns and channels.
        classes: how many.
    """

    image: tuple[int, int, int]
    classes: int

    @classmethod
    def of(cls, architecture: Architecture) -> Self:
        """The sizes that an architecture says; its options may say more."""
        said: dict[str, Any] = {"image": tuple(architecture.shape), "classes": architecture.classes}
        for key in {field.name for field in fields(cls)} & architecture.options.keys():
            value = architecture.options[key]
            said[key] = tuple(value) if isinstance(value, list) else value
        return cls(**said)


@dataclass(frozen=True)
class Convolutional(ImageSizes):
    """Convolutions and hidden dense layers, each followed by ReLU, and a last dense layer that gives logits.

    Attributes:
        channels: that each convolution gives.
        kernel: rows and columns of each kernel.
        padding: zeros on each side of each convolution's input.
        poolings: the first so many convolutions are followed by 2x2 max pooling.
        dense: widths of the hidden dense layers.
        normalised: behind which layers batch normalisation stands; never behind the last one.
    """

    channels: tuple[int, ...]
    kernel: int
    padding: int
    poolings: int
    dense: tuple[int, ...]
    normalised: tuple[Place, ...]


def cnn_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """A plain net, `Convolutional`, in float32.

    Args:
        architecture: its options are fields of `Convolutional`.
        generator: of the initial weights.

    Raises:
        UserError: an image is too small for the kernels and poolings.
    """
    sizes = Convolutional.of(architecture)
    last = sizes.dense[-1] if sizes.dense else flat_width(sizes)
    body = nn.Sequential(*encoder(sizes, sizes.dense, generator), seeded_linear(last, sizes.classes, generator, DTYPE))
    return ClassicalClassifier(body, architecture)


def encoder(sizes: Convolutional, widths: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
    """Everything up to the last of the hidden dense layers, which have these widths.

    Raises:
        UserError: an image is too small for the kernels and poolings.
    """
    layers: list[nn.Module] = [ImageScaling()]
    for index, (inside, outside) in enumerate(pairwise((sizes.image[2], *sizes.channels))):
        layers.append(seeded_convolution(inside, outside, sizes.kernel, generator, padding=sizes.padding))
        if "convolutions" in sizes.normalised:
            layers.append(nn.BatchNorm2d(outside))
        if index < sizes.poolings:
            layers.append(nn.MaxPool2d(2))  # ahead of ReLU: the same numbers from a quarter of the work
        layers.append(nn.ReLU())
    layers.append(nn.Flatten())
    for inside, outside in pairwise((flat_width(sizes), *widths)):
        layers.append(seeded_linear(inside, outside, generator, DTYPE))
        if "dense" in sizes.normalised:
            layers.append(nn.BatchNorm1d(outside))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def flat_width(sizes: Convolutional) -> int:
    """Numbers that the convolutions give.

    Raises:
        UserError: none, because an image is too small for the kernels and poolings.
    """
    sides = list(sizes.image[:2])
    for index in range(len(sizes.channels)):
        sides = [side + 2 * sizes.padding - sizes.kernel + 1 for side in sides]
        if index < sizes.poolings:
            sides = [side // 2 for side in sides]
    if min(sides) < 1:
        raise UserError(
            f"images of {sizes.image[0]} x {sizes.image[1]} pixels are too small for {len(sizes.channels)} "
            f"convolutions of kernel {sizes.kernel} with {sizes.poolings} poolings; take fewer of them or more padding"
        )
    return sizes.channels[-1] * sides[0] * sides[1]


def seeded_convolution(
    inside: int,
    outside: int,
    kernel: int,
    generator: torch.Generator,
    *,
    stride: int = 1,
    padding: int = 0,
    bias: bool = True,
) -> nn.Conv2d:
    """A convolution with torch's usual initial distribution, laid out channels last, which is faster on CPUs."""
    layer = nn.Conv2d(inside, outside, kernel, stride, padding, bias=bias, dtype=DTYPE)
    bound = 1 / math.sqrt(inside * kernel**2)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.uniform_(-bound, bound, generator=generator)
    return layer.to(memory_format=torch.channels_last)
