"""The backbones by name, how many features each gives, and what size of image it sees; imports nothing."""

from __future__ import annotations

from collections.abc import Mapping

SIZE = 224  # rows and columns, in pixels
WIDTHS: Mapping[str, int] = {
    "resnet18": 512,
    "resnet18_layer3": 512,  # means and standard deviations of the 256 maps before the last block
    "resnet34": 512,
    "resnet50": 2048,
    "vgg16": 25_088,  # the pooled convolutions, 512 x 7 x 7
    "vgg16_fc": 4096,  # after two more layers of its classifier
    "mobilenet_v3_small": 1024,
    "mobilenet_v3_large": 1280,
    "vit_b_16": 768,
}
