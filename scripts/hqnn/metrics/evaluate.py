"""Every predictions file and training run of a study as one tidy table."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.errors import UserError, plain
from hqnn.metrics.clusters import Origins
from hqnn.metrics.facts import facts_of
from hqnn.metrics.published import SUBSET_SAMPLINGS
from hqnn.metrics.reading import Read, ReadAhead, read_scored
from hqnn.metrics.score import Scoring, scored_numbers
from hqnn.metrics.scored import Scored, states
from hqnn.metrics.table import IDENTITY, read_metrics, write_metrics
from hqnn.metrics.tidy import Number, Rows, tidy
from hqnn.store import read_table

Tables = Path | Sequence[Path]


def evaluate_study(
    output: Path,
    *,
    predictions: Sequence[Path],
    samples: Tables | None = None,
    histories: Sequence[Path] = (),
    models: Sequence[Path] = (),
    published: pd.DataFrame | None = None,
    more: Sequence[Path] = (),
    draws: int = 1000,
    seed: int = 0,
    code: str = "",
) -> None:
    """Score predictions of all test samples and of the subsets that the slow paths ran on.

    What ran on every sample of a test set is scored on all of them and on the subset, what ran on the subset on that
    alone, and each row says which. Files that have not changed since they were scored are not scored again: what is
    known of them stands beside the tidy table, in a file of the same name that ends in ``.parquet``.

    Args:
        output: of the tidy table.
        predictions: tables in the prediction schema, of one study.
        samples: the tables they point into, see `evaluate`; and the tables of the splits, which say by what group the
            samples were dealt.
        histories: of the training runs whose facts are wanted.
        models: the files these trained, in the same order.
        published: figures to put beside.
        more: tidy tables of other scores of the study, points along axes among them.
        draws: number of bootstrap draws.
        seed: of the bootstrap.
        code: digest of what computes this.

    Raises:
        UserError: a file cannot be read or scored.
    """
    tables = [samples] if isinstance(samples, Path) else list(samples or ())
    beside = "" if published is None else published.to_json()
    known = Scored(output.with_suffix(".parquet"), [draws, seed, code, beside, states(tables)], published)
    origins = Origins(tables)
    ahead = ReadAhead()
    tests = [_Test.of(file, known, ahead) for file in predictions]
    subsets, ids = _subsets(tests), cache(_Test.ids)

    def scored(test: _Test) -> Rows:
        few = subsets[test.file]
        subset = None if few is None else ids(few)
        rows = scores_of(test.file, ahead.take(test.file), origins, subset, seed=seed, draws=draws)
        on_subset_alone = few is not None and few.digest == test.digest
        return Rows(rows.identity, [n for n in rows.numbers if not (on_subset_alone and n[0] in SUBSET_SAMPLINGS)])

    for test in tests:
        few = subsets[test.file]
        known.add(test.file, partial(scored, test), few and few.digest)
    for history, model in zip(histories, models, strict=True):
        known.add(history, partial(facts_of, history, model), states([model]))
    table = known.table()
    if draws:
        _warn_of_what_has_no_interval(table)
    write_metrics(output, [table, *map(read_metrics, more)])
    known.write(table)


def evaluate(
    predictions: Path,
    samples: Tables | None = None,
    subset: NDArray[np.int64] | Sequence[int] | None = None,
    published: pd.DataFrame | None = None,
    *,
    seed: int = 0,
    draws: int = 1000,
) -> pd.DataFrame:
    """Score one predictions file.

    Args:
        predictions: table in the prediction schema; its attributes say what was run and what the classes are called.
        samples: the tables its sample numbers point into, whose columns are one table's. Where they say each sample's
            scene, scores are also given for each scene, and of two classes with both weighted equally. What is not
            independent is drawn together: pixels, by their row and column, in blocks of 32 x 32; photographs by the
            group that a split dealt them by, where the table of that split is among these.
        subset: sample numbers that the slow paths ran on; the file is then scored on these too, under `subset` and
            `subset_balanced`, so that like stands beside like.
        published: figures as `read_published` gives them.
        seed: of the bootstrap.
        draws: number of bootstrap draws.

    Returns:
        The tidy table, columns `COLUMNS`.

    Raises:
        UserError: the file is not in the schema, holds no valid probabilities or lacks samples of the subset.
    """
    tables = [samples] if isinstance(samples, Path) else samples or ()
    rows = scores_of(predictions, read_scored(predictions), Origins(tables), subset, seed=seed, draws=draws)
    return tidy([rows], published)


def scores_of(
    predictions: Path,
    read: Read,
    origins: Origins,
    subset: NDArray[np.int64] | Sequence[int] | None = None,
    *,
    seed: int = 0,
    draws: int = 1000,
) -> Rows:
    """What `evaluate` says of a predictions file that was read, without published figures."""
    columns, about = read
    scenes = origins.scenes(columns["sample"])
    clusters = origins.clusters(columns["sample"], str(about["dataset"]))
    balanced = scenes is not None and (columns["probability"].ndim == 1 or columns["probability"].shape[1] == 2)

    def scored(kept: NDArray[np.bool_]) -> list[Number]:
        groups, together = (None if one is None else one[kept] for one in (scenes, clusters))
        how = Scoring(about.get("classes"), groups, together, balanced, draws, seed)
        labels, probability, predicted = (columns[name][kept] for name in ("label", "probability", "predicted"))
        try:
            return scored_numbers(labels, probability, predicted, how)
        except ValueError as error:
            raise UserError(f"{predictions} cannot be scored ({plain(error)}); delete it and run again") from error

    numbers = scored(np.ones(columns["sample"].size, dtype=bool))
    if subset is not None:
        few = scored(_in_subset(predictions, columns["sample"], subset))
        numbers += [(SUBSET_SAMPLINGS[number[0]], *number[1:]) for number in few]
    return Rows([about[key] for key in IDENTITY], numbers)


@dataclass(frozen=True)
class _Test:
    """Which samples a predictions file is of."""

    file: Path
    dataset: str
    seed: int
    count: int
    digest: str

    @classmethod
    def of(cls, file: Path, known: Scored, ahead: ReadAhead) -> _Test:
        """Read a file, unless it is known what it is of."""
        return cls(file, *json.loads(known.test(file, lambda: _tested(ahead.look(file)))))

    def ids(self) -> NDArray[np.int64]:
        """Numbers of the samples."""
        found: NDArray[np.int64] = read_table(self.file, "sample")[0]["sample"]
        return found


def _tested(read: Read) -> str:
    sample = np.ascontiguousarray(read.columns["sample"], dtype="<i8")
    digest = hashlib.sha256(sample.tobytes()).hexdigest()
    return json.dumps([str(read.about["dataset"]), int(read.about["seed"]), len(sample), digest])


def _subsets(tests: Iterable[_Test]) -> Mapping[Path, _Test | None]:
    """For each file that of the fewest samples of the same test set; None where all ran on all of it.

    A split may be another for each seed; the test set of a dataset and seed is the most samples that any file is of.
    """
    tests = list(tests)
    whole: dict[tuple[str, int], _Test] = {}
    for test in tests:
        key = (test.dataset, test.seed)
        whole[key] = max(whole.get(key, test), test, key=lambda one: one.count)
    test_set = {test.file: (test.dataset, whole[test.dataset, test.seed].digest) for test in tests}
    fewest: dict[tuple[str, str], _Test] = {}
    for test in tests:
        fewest[test_set[test.file]] = min(fewest.get(test_set[test.file], test), test, key=lambda one: one.count)
    found = {test.file: fewest[test_set[test.file]] for test in tests}
    return {t.file: None if found[t.file].count == whole[t.dataset, t.seed].count else found[t.file] for t in tests}


def _warn_of_what_has_no_interval(table: pd.DataFrame) -> None:
    rows = table.query("metric == 'accuracy' and low.isna() and value.notna()")
    if len(rows):
        said = "no intervals for %s: all samples there lie in one block of pixels or are of one photograph"
        logging.getLogger(__name__).warning(said, ", ".join(sorted(rows["group"].unique())))


def _in_subset(
    predictions: Path, present: NDArray[np.int64], subset: NDArray[np.int64] | Sequence[int]
) -> NDArray[np.bool_]:
    absent = np.setdiff1d(np.asarray(subset), present)
    if absent.size:
        raise UserError(f"{predictions} lacks sample {absent[0]} of the subset; delete it and run again")
    return np.isin(present, np.asarray(subset))
