"""Weights of a backbone: a file of the user's, or torchvision's own, downloaded once and verified."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import models

from hqnn.data.catalogue import RemoteFile
from hqnn.data.download import fetch_file
from hqnn.errors import UserError, plain
from hqnn.regular_files import check_regular

SUFFIXES = (".safetensors", ".pth", ".pt")
DAMAGE = (OSError, SafetensorError, RuntimeError, ValueError, EOFError, KeyError, AttributeError, pickle.PickleError)


def imagenet_file(architecture: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """The file of torchvision's ImageNet weights (IMAGENET1K_V1), downloaded unless it is there.

    A download that broke off goes on where it stopped; the digits of the checksum are those in the file's name.

    Args:
        architecture: torchvision's name of the model.
        folder: where the file lies or is to lie; torch's own cache (`TORCH_HOME`) where None.

    Raises:
        UserError: no network, a download that breaks off, or another checksum; it says to give a local file instead.
    """
    url = models.get_model_weights(architecture)["IMAGENET1K_V1"].url
    name = url.rpartition("/")[2]
    digits = name.rpartition("-")[2].removesuffix(".pth")
    file = RemoteFile(name=name, urls=(url,), checksum=f"sha256_start:{digits}")
    try:
        return fetch_file(file, folder or Path(torch.hub.get_dir()) / "checkpoints")
    except UserError as error:
        raise UserError(
            f"the ImageNet weights of {architecture} are not here: {error}; a local .safetensors or .pth file of them "
            "can be named as the weights instead"
        ) from error


def read_tensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read the tensors of a file, floating ones as float32; nothing in it is executed.

    Args:
        path: of a safetensors file, or of one that `torch.save` made of a state dict.

    Raises:
        UserError: it is missing, damaged, of another kind, or holds something else than tensors.
    """
    if Path(path).suffix not in SUFFIXES:
        raise UserError(f"{path} is no file of weights; name one that ends in {', '.join(SUFFIXES)}")
    check_regular(path)
    try:
        if Path(path).suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose own words advise to run what is in the file
        raise UserError(
            f"{path} cannot be read as weights (it is damaged or holds more than tensors); save `model.state_dict()`"
        ) from error
    except DAMAGE as error:
        raise UserError(f"{path} cannot be read as weights ({plain(error)}); replace the file") from error
    _check_that_all_are_tensors(path, found)
    return {name: values.float() if values.is_floating_point() else values for name, values in found.items()}


def load_tensors(
    net: nn.Module, tensors: Mapping[str, Tensor], path: str | os.PathLike[str], off: tuple[str, ...]
) -> None:
    """Make tensors of a file the parameters and buffers of a net.

    Args:
        net: as torchvision has it, without its head; on any device, also `meta`.
        tensors: name to tensor.
        path: of the file, for the message.
        off: prefixes of the names that are left out because their layers are; these may be there, of any shape, or not.

    Raises:
        UserError: a name is missing or too many, or a shape is another; the message names the first.
    """
    wanted = {name: tuple(values.shape) for name, values in net.state_dict().items()}
    kept = {name: values for name, values in tensors.items() if name in wanted or not name.startswith(off)}
    for name, values in kept.items():
        if tuple(values.shape) != wanted.get(name, tuple(values.shape)):
            raise UserError(
                f"{path} does not fit this backbone: {name} has the shape {tuple(values.shape)} instead of "
                f"{wanted[name]}; name the file of the right weights"
            )
    try:
        missing, unknown = net.load_state_dict(kept, strict=False, assign=True)
    except RuntimeError as error:
        raise UserError(
            f"{path} does not fit this backbone ({plain(error)}); name the file of the right weights"
        ) from error
    for names, what in ((missing, "has no"), (unknown, "holds the unknown")):
        if names:
            raise UserError(
                f"{path} does not fit this backbone: it {what} {names[0]} (and {len(names) - 1} more); name the file "
                "of the right weights"
            )


def _check_that_all_are_tensors(path: str | os.PathLike[str], found: Any) -> None:
    if not isinstance(found, Mapping):
        raise UserError(f"{path} holds a {type(found).__name__} instead of a state dict; save `model.state_dict()`")
    other = [name for name, values in found.items() if not isinstance(values, Tensor)]
    if other:
        raise UserError(f"{path} holds {other[0]!r}, which is no tensor; save `model.state_dict()` alone")
