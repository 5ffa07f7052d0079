"""U-Nets as classical references: fitted on patches around the train samples, run around the test samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from hqnn.data.pixels.patches import Cut, Standardisation, patches_of_test, patches_of_train
from hqnn.data.pixels.scene import Collection
from hqnn.data.samples import read_samples
from hqnn.execution.predictions import write_predictions
from hqnn.models.unet import EarlyFusionUNet, full_unet, small_unet
from hqnn.partials import remove_partials
from hqnn.settings.pixels.keys import PatchFitting
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.patches import change_probability, fit_patches


@dataclass(frozen=True)
class UNet:
    """A net by its name.

    Attributes:
        build: from the number of channels and the seed of initial weights.
        cut: the patches it sees.
    """

    build: Callable[..., EarlyFusionUNet]
    cut: Cut


UNETS = {"unet_small": UNet(small_unet, Cut(2, "rgb")), "unet_full": UNet(full_unet, Cut(32, "rgb"))}


def predict_unet(
    output: str | os.PathLike[str],
    *,
    collection: Collection,
    samples: str | os.PathLike[str],
    name: str,
    training: PatchFitting,
    seed: int,
    about: Mapping[str, Any],
    code: str = "",
    terminal: TextIO | None = None,
) -> None:
    """Fit one net and write its predictions of the test samples, each from the patch around it.

    Args:
        output: of the predictions.
        collection: scenes of two dates and two classes.
        samples: the store.
        name: a key of `UNETS`.
        training: see `fit_patches`.
        seed: of initial weights, of the order of patches and of dropout.
        about: what the path of the result says.
        code: see `hqnn.training.checkpoints.Checkpoint`; that of the run lies beside the predictions.
        terminal: where a progress bar goes, if it is one.

    Raises:
        UserError: a file is missing or damaged, or one class has no train pixel.
    """
    net, test = UNETS[name], read_samples(samples)
    train = patches_of_train(collection, samples, net.cut)
    standardisation = Standardisation.of(train)
    model = net.build(train.images.shape[1], seed=seed)
    seen, checkpoint = standardisation.apply(train.images), Checkpoint.beside(output, code)
    fit_patches(model, seen, train.labels, training, seed=seed, checkpoint=checkpoint, terminal=terminal)
    remove_partials(checkpoint.path)
    probability = np.empty(len(test.ids))
    for patches in patches_of_test(collection, samples, net.cut):
        images = change_probability(model, standardisation.apply(patches.images))
        probability[np.searchsorted(test.ids, patches.samples)] = images[:, patches.centre, patches.centre]
    write_predictions(output, test, probability, {**about, "model": name, "seed": seed, "backend": "torch"})
