from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from hqnn.settings.fitting import Regime
from hqnn.training.draws import batch_sizes, epoch_order, usual_batch
from hqnn.training.schedules import schedule_of


@given(st.integers(1, 300), st.integers(1, 60), st.integers(1, 3))
def test_batches_hold_every_sample_and_only_a_lone_one_is_too_small(samples: int, size: int, least: int) -> None:
    sizes = batch_sizes(samples, size, least)
    assert sum(sizes) == samples
    assert all(s == size for s in sizes[:-1])
    assert sizes[-1] < size + least
    assert sizes[-1] >= min(least, samples, size)


def test_balanced_draws_take_all_classes_and_all_their_samples_equally_often() -> None:
    labels = np.repeat(np.array([0, 1, 2, 3], dtype=np.uint8), [3000, 200, 40, 760])
    order = epoch_order(labels, True, np.random.default_rng(0))
    assert np.bincount(labels[order]) == pytest.approx([1000] * 4, abs=5 * math.sqrt(750))
    rare = np.bincount(order[labels[order] == 2], minlength=4000)[3200:3240]
    assert rare == pytest.approx([25] * 40, abs=5 * 5)


def test_plain_draws_take_every_sample_once() -> None:
    order = epoch_order(np.zeros(99, dtype=np.uint8), False, np.random.default_rng(0))
    assert sorted(order) == list(range(99))
    assert list(order) != list(range(99))


def rates(regime: Regime, epoch_steps: int) -> list[float]:
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=regime.learning_rate)
    schedule = schedule_of(regime, optimizer, epoch_steps)
    found = []
    for _ in range(regime.epochs * epoch_steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule:
            schedule.step()
    return found


def one_cycle(step: int, steps: int) -> float:
    """Smith's policy with cosine ramps, from 1/25 up to 1 and down to 1/250,000."""
    top = 0.3 * steps - 1
    low, share = (0.04, step / top) if step <= top else (4e-6, 1 - (step - top) / (steps - 1 - top))
    return low + (1 - low) * (1 - math.cos(math.pi * share)) / 2


@pytest.mark.parametrize(
    ("regime", "formula"),
    [
        (Regime(schedule="constant"), lambda step: 1.0),
        (Regime(schedule="step", step_epochs=3, gamma=0.5), lambda step: 0.5 ** (step // 21)),
        (Regime(schedule="cosine"), lambda step: (1 + math.cos(math.pi * step / 140)) / 2),
        (Regime(schedule="one_cycle"), lambda step: one_cycle(step, 140)),
    ],
)
def test_schedules_follow_their_formulas_over_all_steps(regime: Regime, formula) -> None:  # noqa: ANN001
    expected = [regime.learning_rate * formula(step) for step in range(140)]
    np.testing.assert_allclose(rates(regime, 7), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_one_cycle_bears_very_short_runs(steps: int) -> None:
    found = rates(Regime(schedule="one_cycle", epochs=steps), 1)
    assert all(0 < rate <= 0.01 for rate in found)


@given(st.integers(1, 100_000))
def test_where_no_batch_is_said_an_epoch_has_twenty_steps_as_far_as_there_are_samples(samples: int) -> None:
    size = usual_batch(samples)
    assert size in {2**power for power in range(3, 10)}
    assert len(batch_sizes(samples, size)) >= 20 or size == 8
    assert 2 * size > samples / 20 or size == 512
