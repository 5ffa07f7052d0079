"""Fit a classifier by gradient descent."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm

from hqnn.errors import UserError
from hqnn.training.checkpoints import read_checkpoint, run_digest, write_checkpoint
from hqnn.training.history import Epoch, has_ended, kept_epoch
from hqnn.training.objective import Objective, class_weights, right
from hqnn.training.optimizers import optimizer_of
from hqnn.training.regime import Regime
from hqnn.training.samples import LabelledSamples, TrainSamples
from hqnn.training.schedules import schedule_of

Augment = Callable[[Tensor, torch.Generator], Tensor]
Labelled = tuple[NDArray[Any], NDArray[np.uint8]]

log = logging.getLogger(__name__)
