"""A run on disk, a training above all, from which it goes on as if it had never stopped."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hqnn.circuits.program import Program
from hqnn.noise.model import NoiseModel
from hqnn.store import code_and_packages, whole_file

LOG = "train.log"  # beside a model, as its checkpoint
EVERY_S = 1.0  # writing an epoch of few samples takes longer than training it

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """Where a run writes how far it is.

    The file stays when the run is over: if Snakemake dies before it has booked the model as complete, it deletes the
    model, and the run that then ends at once writes it again from there.

    Attributes:
        path: of the file.
        code: digest of the code that trains and of the locked packages: what others began, or this code before it was
            changed, or other versions of packages, is not gone on with.
        every_s: least seconds from one writing to the next; the last epoch is always written.
    """

    path: Path
    code: str = ""
    every_s: float = 0.0

    @classmethod
    def beside(cls, model: str | os.PathLike[str], code: str = "") -> Checkpoint:
        """That of the run whose model will lie there; of epochs that take less than a second not each is written."""
        return cls(Path(model).with_name("checkpoint.pt"), code, EVERY_S)

    @classmethod
    def of_table(cls, table: str | os.PathLike[str], code: str = "") -> Checkpoint:
        """That of the run which writes a table, among others in its folder; written as one beside a model is."""
        return cls(Path(table).with_suffix(".checkpoint.pt"), code, EVERY_S)


class Resumable(Protocol):
    """A run that can go on where one like it stopped."""

    def digest(self, code: str) -> str:
        """All that the run depends on, see `run_digest`; to be asked for before it begins."""

    def state(self) -> dict[str, Any]:
        """Where it stands, as `restore` takes it."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where a run like this one stood."""

    @property
    def done(self) -> str:
        """The last that was done, in words."""


def resume(run: Resumable, checkpoint: Checkpoint | None) -> Callable[[bool], None]:
    """Bring a run to where one like it stopped, if there is one.

    Args:
        run: that has not begun.
        checkpoint: where it is written; None for a run that is not.

    Returns:
        Writes down where the run stands, if that is due; True says that it must be, as after its last epoch.
    """
    if checkpoint is None:
        return lambda _: None
    digest = run.digest(code_and_packages(checkpoint.code))
    state = read_checkpoint(checkpoint.path, digest)
    if state is not None:
        run.restore(state)
        log.info("goes on after %s, where %s was written", run.done, checkpoint.path)
    due = 0.0

    def write(must: bool) -> None:
        nonlocal due
        if must or time.monotonic() >= due:
            write_checkpoint(checkpoint.path, digest, run.state())
            due = time.monotonic() + checkpoint.every_s

    return write


def run_digest(
    model: nn.Module, arrays: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], code: str = ""
) -> str:
    """What a training run depends on: its model as it starts, its samples, its settings and its code.

    Args:
        model: its layers, circuits, noise and weights count.
        arrays: samples and labels by name.
        settings: anything JSON can say.
        code: see `Checkpoint`.

    Returns:
        Sha256, 64 hexadecimal digits.
    """
    circuits = [_circuit(module) for module in model.modules()]
    sha = hashlib.sha256(json.dumps([settings, repr(model), circuits, code], sort_keys=True).encode())
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}
    for name, array in (*weights.items(), *arrays.items()):
        sha.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def write_checkpoint(path: str | os.PathLike[str], digest: str, state: Mapping[str, Any]) -> None:
    """Write where a run stands, whole or not at all.

    Args:
        path: of the file.
        digest: see `run_digest`.
        state: tensors, numbers and texts in dictionaries and lists.
    """
    with whole_file(path) as partial:
        torch.save({"digest": digest, "state": dict(state)}, partial)


def read_checkpoint(path: str | os.PathLike[str], digest: str) -> dict[str, Any] | None:
    """Read where a run stopped; None where there is no checkpoint, it cannot be read, or it is of another run.

    Args:
        path: of the file.
        digest: see `run_digest`.
    """
    if not Path(path).exists():
        return None
    try:
        found = torch.load(path, weights_only=True)
        own, state = found["digest"], found["state"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        log.warning("%s is no checkpoint that can be read (%s), so all is computed anew", path, type(error).__name__)
        return None
    if own != digest:
        log.info("%s is of other settings, samples, weights or code, so all is computed anew", path)
        return None
    return dict(state)


def _circuit(module: nn.Module) -> list[str]:
    """Digests of a layer's circuit and noise, which its weights do not show."""
    own = (getattr(module, "program", None), getattr(module, "noise", None))
    return [part.digest for part in own if isinstance(part, Program | NoiseModel)]
