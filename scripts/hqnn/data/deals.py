"""Dealing samples, or whole groups of them, to parts at random with the classes' shares kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from hqnn.errors import UserError

DEALS = 100  # of whole groups, of which the best is kept

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def apportion(quotas: Floats) -> Integers:
    """Round numbers to integers of the same sum, by largest remainders; the first of equal ones is rounded up."""
    rounded = np.floor(quotas + 1e-9).astype(np.int64)
    missing = round(quotas.sum()) - int(rounded.sum())
    remainders = np.round(quotas - rounded, 9)
    rounded[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return rounded


def class_counts(totals: Integers, sizes: Integers) -> Integers:
    """How many of each class each part gets: its share, rounded up or down so that all sums are exact.

    Such a rounding of a table of shares exists whatever the shares (Cox, Controlled Rounding, 1982); of all, the one
    that rounds up most of the large remainders is a transport problem with an integral optimum.

    Args:
        totals: samples of each class, shape (classes,).
        sizes: of the parts, with the same sum, shape (parts,).

    Returns:
        Shape (classes, parts); rows sum to totals, columns to sizes.
    """
    total = max(int(sizes.sum()), 1)
    whole, remainders = np.divmod(np.outer(totals, sizes), total)
    classes, parts = whole.shape
    sums = np.vstack([np.kron(np.eye(classes), np.ones(parts)), np.kron(np.ones(classes), np.eye(parts))])
    short = np.concatenate([totals - whole.sum(axis=1), sizes - whole.sum(axis=0)])
    first = np.tile(np.arange(parts), classes) * 1e-6  # of equal remainders the first part's
    found = linprog(
        first - remainders.ravel() / total,
        A_eq=sums,
        b_eq=short,
        bounds=[(0.0, float(remainder > 0)) for remainder in remainders.ravel()],
        method="highs-ds",
    )
    return np.asarray(whole + np.rint(np.asarray(found.x)).astype(np.int64).reshape(whole.shape))


def deal_samples(classes: Integers, sizes: Integers, generator: np.random.Generator) -> Integers:
    """The part of each sample, drawn at random class by class.

    Args:
        classes: index of each sample's class, shape (samples,).
        sizes: of the parts, which sum to the samples, shape (parts,).
        generator: the source of randomness.
    """
    parts = np.empty(len(classes), dtype=np.int64)
    for label, counts in enumerate(class_counts(np.bincount(classes), sizes)):
        own = np.repeat(np.arange(len(sizes)), counts)
        parts[classes == label] = generator.permutation(own)
    return parts


def deal_groups(
    classes: Integers, groups: Integers, shares: Floats, generator: np.random.Generator, least: Integers | None = None
) -> Integers:
    """The part of each sample, groups kept whole: the best of many random deals.

    A deal cuts a random order of the groups where the parts' shares end. The best is nearest to what each part should
    have of each class, by chi-square, so that sizes and classes both count, and small parts as much as large ones.

    Args:
        classes: index of each sample's class, shape (samples,).
        groups: index of its group, shape (samples,).
        shares: of the parts, which sum to 1, shape (parts,).
        generator: the source of randomness.
        least: how many samples each part must have, shape (parts,).

    Raises:
        UserError: no deal gives every part a group, or those least numbers.
    """
    content = np.zeros((groups.max() + 1, classes.max() + 1), dtype=np.int64)
    np.add.at(content, (groups, classes), 1)
    wanted = np.outer(shares, content.sum(axis=0))
    needed = np.maximum(least if least is not None else 0, shares > 0)
    best, best_distance = None, np.inf
    for _ in range(DEALS):
        dealt = _cut(generator.permutation(len(content)), content.sum(axis=1), shares)
        found = np.zeros_like(wanted)
        np.add.at(found, dealt, content)
        distance = float(((found - wanted) ** 2 / np.maximum(wanted, 1)).sum())
        if distance < best_distance and (found.sum(axis=1) >= needed).all():
            best, best_distance = dealt, distance
    if best is None:
        sizes = ", ".join(map(str, needed))
        raise UserError(
            f"no deal of {len(content)} whole groups gives the parts {sizes} samples or more; ask for fewer, for other "
            "shares, or group by something finer"
        )
    return best[groups]


def _cut(order: Integers, sizes: Integers, shares: Floats) -> Integers:
    """The part of each group: that in which its middle lies when they are laid out in an order."""
    laid = sizes[order]
    middles = np.cumsum(laid) - laid / 2
    parts = np.empty(len(order), dtype=np.int64)
    parts[order] = np.searchsorted(np.cumsum(shares)[:-1] * laid.sum(), middles, side="right")
    return parts
