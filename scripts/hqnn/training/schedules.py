"""The learning rate over the steps of a training run."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, StepLR

from hqnn.settings.fitting import Descent


def schedule_of(descent: Descent, optimizer: Optimizer, epoch_steps: int) -> LRScheduler | None:
    """The schedule of a descent, to be stepped after every step of the optimiser; None where the rate is constant.

    ``step`` multiplies the rate by `Descent.gamma` every `Descent.step_epochs`; ``cosine`` takes it to zero along half
    a cosine; ``one_cycle`` takes it up to `Descent.learning_rate` over the first 30 % of all steps and down to nothing
    over the rest, momentum (of Adam its first beta) the opposite way between .95 and .85.

    Source: L. N. Smith, N. Topin, Super-convergence, arXiv:1708.07120, as torch has it.

    Args:
        descent: names the schedule.
        optimizer: whose rate it sets.
        epoch_steps: steps in an epoch.
    """
    steps = descent.epochs * epoch_steps
    if descent.schedule == "step":
        return StepLR(optimizer, step_size=descent.step_epochs * epoch_steps, gamma=descent.gamma)
    if descent.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    if descent.schedule == "one_cycle":
        has_momentum = "betas" in optimizer.defaults or descent.momentum > 0
        return OneCycleLR(optimizer, descent.learning_rate, total_steps=steps, cycle_momentum=has_momentum)
    return None
