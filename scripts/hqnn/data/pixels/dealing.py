"""Which samples of scenes a model is trained, validated and tested on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hqnn.data.deals import class_counts
from hqnn.data.parts import PARTS, TEST, TRAIN, UNUSED, VALIDATION
from hqnn.data.pixels.blocks import Blocks, deal_blocks
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

By = Literal["blocks", "random"]
WAYS = ("blocks", "random")
ROUNDING = 1e-9  # of sums of shares
BLOCKS, PIXELS, KEPT = range(3)  # purposes of random numbers

Integers = NDArray[np.int64]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Deal:
    """How the samples of scenes without a part of their own are dealt to parts; what is not named is to test on.

    Attributes:
        by: in square ``blocks``, or each for itself at ``random``, so that neighbours of train samples are tested.
        block: rows and columns of a block.
        train: share to train on.
        validation: share to validate on.
        train_per_class: how many train samples of each class are kept, in scenes with a part too: a number, or a share
            below 1; all where None.
        seed: of everything that is random.

    Raises:
        UserError: a value is out of its limits.
    """

    by: By = "blocks"
    block: int = 15
    train: float = 0.5
    validation: float = 0.0
    train_per_class: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.by not in WAYS:
            raise UserError(f"within.by {self.by!r} is unknown{nearest(self.by, WAYS)}")
        if self.block < 1:
            raise UserError(f"within.block is {self.block}; a block has at least 1 pixel a side")
        if self.train <= 0 or self.validation < 0 or self.train + self.validation > 1 + ROUNDING:
            raise UserError(
                f"within.train and within.validation are {self.train:g} and {self.validation:g}; the first must be "
                "greater than 0, and both may sum to 1 at most"
            )
        kept = self.train_per_class
        if kept is not None and (kept <= 0 or (kept >= 1 and kept != int(kept))):
            raise UserError(f"within.train_per_class is {kept:g}; give a whole number, or a share below 1")

    @property
    def shares(self) -> NDArray[np.float64]:
        """Shares by the code of the part, shape (parts,)."""
        shares = np.zeros(len(PARTS))
        test = 1 - self.train - self.validation
        shares[[TRAIN, VALIDATION, TEST]] = self.train, self.validation, test if test > ROUNDING else 0
        return shares

    def generator(self, purpose: int) -> np.random.Generator:
        """A source of random numbers for one purpose."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, purpose]))

    def blocks(self, shape: tuple[int, int], part: str) -> Blocks:
        """What of a scene stays together: all of it where it has a part, or where each pixel is dealt for itself."""
        return Blocks(shape, max(shape) if part or self.by == "random" else self.block)


class Urn:
    """Draws without replacement over a stream of samples, class by class, exact once all have passed."""

    def __init__(self, quotas: Integers, generator: np.random.Generator) -> None:
        """`quotas`: how many of each class get each part, shape (classes, parts)."""
        self.left = quotas.astype(np.int64)
        self.generator = generator

    def draw(self, labels: NDArray[np.uint8]) -> Codes:
        """The part of each of the next samples, shape (samples,)."""
        parts = np.empty(len(labels), dtype=np.uint8)
        for label in np.unique(labels):
            own = np.flatnonzero(labels == label)
            counts = self.generator.multivariate_hypergeometric(self.left[label], len(own))
            self.left[label] -= counts
            parts[own] = self.generator.permutation(np.repeat(np.arange(len(counts)), counts))
        return parts


class Pass:
    """One pass over all samples; every pass in the order of scenes and windows deals alike."""

    def __init__(self, dealt: Dealt) -> None:
        deal = dealt.deal
        self.dealt = dealt
        self.pixels = None if dealt.quotas is None else Urn(dealt.quotas, deal.generator(PIXELS))
        self.kept = None if dealt.kept is None else Urn(dealt.kept, deal.generator(KEPT))

    def parts(
        self, scene: str, rows: NDArray[np.int32], columns: NDArray[np.int32], labels: NDArray[np.uint8]
    ) -> Codes:
        """The part of each of the next samples of a scene, shape (samples,)."""
        part, blocks = self.dealt.parts[scene]
        if part:
            parts = np.full(len(labels), PARTS.index(part), dtype=np.uint8)
        elif self.pixels is not None:
            parts = self.pixels.draw(labels)
        else:
            parts = self.dealt.of_blocks[scene][blocks.numbers(rows, columns)]
        if self.kept is not None:
            train = np.flatnonzero(parts == TRAIN)
            parts[train[self.kept.draw(labels[train]) == 1]] = UNUSED
        return parts


@dataclass(frozen=True)
class Dealt:
    """How all samples are dealt.

    Attributes:
        deal: as it was asked for.
        parts: of each scene its part, empty where its samples are dealt, and what of it stays together.
        of_blocks: part of each block of a scene that is dealt in blocks.
        quotas: how many samples of each class get each part where each is dealt for itself, shape (classes, parts).
        kept: how many train samples of each class are kept and how many are not, shape (classes, 2); all where None.
    """

    deal: Deal
    parts: Mapping[str, tuple[str, Blocks]]
    of_blocks: Mapping[str, Codes]
    quotas: Integers | None
    kept: Integers | None

    @property
    def leaks(self) -> bool:
        """Whether neighbours of train samples are tested."""
        return self.quotas is not None

    def again(self) -> Pass:
        """Begin a pass over all samples."""
        return Pass(self)


def needs_counts(deal: Deal, parts: Sequence[str]) -> bool:
    """Whether samples must be counted before they can be dealt."""
    return deal.train_per_class is not None or "" in parts


def deal_scenes(
    deal: Deal, parts: Mapping[str, tuple[str, Blocks]], counts: Mapping[str, Integers], classes: Sequence[str]
) -> Dealt:
    """Deal the samples of scenes to parts, with the classes' shares kept as well as possible.

    Args:
        deal: how.
        parts: of each scene its part, empty where its samples are dealt, and its blocks.
        counts: samples of each class in each of the blocks, shape (blocks, classes); empty where `needs_counts` is
            False.
        classes: their names.

    Raises:
        UserError: there are too few blocks.
    """
    open_scenes = [name for name, (part, _) in parts.items() if not part]
    quotas, of_blocks = None, {}
    if open_scenes and deal.by == "random":
        quotas = _quotas(np.concatenate([counts[name] for name in open_scenes]).sum(axis=0), deal)
    elif open_scenes:
        of_blocks = _by_blocks(open_scenes, counts, deal)
    kept = None
    if deal.train_per_class is not None:
        kept = _kept(_train_counts(parts, counts, of_blocks, quotas), deal.train_per_class, classes)
    return Dealt(deal, parts, of_blocks, quotas, kept)


def _quotas(totals: Integers, deal: Deal) -> Integers:
    """How many samples of each class get each part; at least one is to train on."""
    shares = deal.shares
    sizes = np.floor(shares * totals.sum()).astype(np.int64)
    sizes[TRAIN] += totals.sum() - sizes.sum()
    quotas = class_counts(totals, sizes)
    for label in np.flatnonzero((totals > 0) & (quotas[:, TRAIN] == 0)):
        quotas[label, quotas[label].argmax()] -= 1
        quotas[label, TRAIN] = 1
    return quotas


def _by_blocks(scenes: Sequence[str], counts: Mapping[str, Integers], deal: Deal) -> dict[str, Codes]:
    together = np.concatenate([counts[name] for name in scenes])
    dealt = deal_blocks(together, deal.shares, deal.generator(BLOCKS))
    for code in (TRAIN, VALIDATION, TEST):
        if deal.shares[code] > 0 and not together[dealt == code].any():
            number = int(together.any(axis=1).sum())
            raise UserError(
                f"the samples lie in {number} blocks of {deal.block} x {deal.block} pixels, too few for a "
                f"{PARTS[code]} part; make within.block smaller"
            )
    ends = np.cumsum([len(counts[name]) for name in scenes])
    return dict(zip(scenes, np.split(dealt, ends[:-1]), strict=True))


def _train_counts(
    parts: Mapping[str, tuple[str, Blocks]],
    counts: Mapping[str, Integers],
    of_blocks: Mapping[str, Codes],
    quotas: Integers | None,
) -> Integers:
    """Train samples of each class, shape (classes,)."""
    total = np.zeros(next(iter(counts.values())).shape[1], dtype=np.int64)
    for name, (part, _) in parts.items():
        if part == PARTS[TRAIN]:
            total += counts[name].sum(axis=0)
        elif name in of_blocks:
            total += counts[name][of_blocks[name] == TRAIN].sum(axis=0)
    return total if quotas is None else total + quotas[:, TRAIN]


def _kept(totals: Integers, wanted: float, classes: Sequence[str]) -> Integers:
    kept = np.maximum(np.rint(totals * wanted), 1) if wanted < 1 else np.full(len(totals), wanted)
    for name, total in zip(classes, totals, strict=True):
        if 0 < total < wanted:
            log.warning("class %s has %d train samples, fewer than the %d asked for; all are kept", name, total, wanted)
    kept = np.minimum(kept, totals).astype(np.int64)
    return np.stack([kept, totals - kept], axis=1)
