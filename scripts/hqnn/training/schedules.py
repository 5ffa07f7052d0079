"""The learning rate over the steps of a training run."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, StepLR

from hqnn.settings.fitting import Regime


def schedule_of(regime: Regime, optimizer: Optimizer, epoch_steps: int) -> LRScheduler | None:
    """The schedule of a regime, to be stepped after every step of the optimiser; None where the rate is constant.

    ``step`` multiplies the rate by `Regime.gamma` every `Regime.step_epochs`; ``cosine`` takes it to zero along half a
    cosine; ``one_cycle`` takes it up to `Regime.learning_rate` over the first 30 % of all steps and down to nothing
    over the rest, momentum (of Adam its first beta) the opposite way between .95 and .85.

    Source: L. N. Smith, N. Topin, Super-convergence, arXiv:1708.07120, as torch has it.

    Args:
        regime: names the schedule.
        optimizer: whose rate it sets.
        epoch_steps: steps in an epoch.
    """
    steps = regime.epochs * epoch_steps
    if regime.schedule == "step":
        return StepLR(optimizer, step_size=regime.step_epochs * epoch_steps, gamma=regime.gamma)
    if regime.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    if regime.schedule == "one_cycle":
        has_momentum = "betas" in optimizer.defaults or regime.momentum > 0
        return OneCycleLR(optimizer, regime.learning_rate, total_steps=steps, cycle_momentum=has_momentum)
    return None
