"""Every predictions file and training run of a study as one tidy table."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.errors import UserError, plain
from hqnn.metrics.clusters import sample_clusters
from hqnn.metrics.facts import training_facts
from hqnn.metrics.published import SUBSET_SAMPLINGS, published_beside
from hqnn.metrics.score import score
from hqnn.metrics.scored import Scored, states
from hqnn.metrics.table import AS_SET, COLUMNS, IDENTITY, read_metrics, write_metrics
from hqnn.store import open_table, read_attributes, read_table

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
    known = Scored(output.with_suffix(".parquet"), [draws, seed, code, beside, states(tables)])
    tests = [_Test.of(file, known) for file in predictions]
    subsets = _subsets(tests)

    def scored(test: _Test) -> pd.DataFrame:
        few = subsets[test.file]
        table = evaluate(test.file, tables, few.ids() if few else None, published, seed=seed, draws=draws)
        on_subset_alone = few is not None and few.digest == test.digest
        return table[~table["sampling"].isin(list(SUBSET_SAMPLINGS))] if on_subset_alone else table

    for test in tests:
        few = subsets[test.file]
        known.add(test.file, partial(scored, test), few and few.digest)
    if draws:
        _warn_of_what_has_no_interval(known.table())
    for history, model in zip(histories, models, strict=True):
        known.add(history, partial(training_facts, history, model, published), states([model]))
    write_metrics(output, [known.table(), *map(read_metrics, more)])
    known.write()


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
    columns, about = read_table(predictions, "sample", "label", "probability", "predicted")
    missing = [key for key in IDENTITY if key not in about]
    if missing:
        raise UserError(f"{predictions} does not say its {missing[0]!r}; delete it and run again")
    tables = [samples] if isinstance(samples, Path) else samples or ()
    found = (_scenes(table, columns["sample"]) for table in tables)
    scenes = next((one for one in found if one is not None), None)
    clusters = sample_clusters(tables, columns["sample"], str(about["dataset"]))
    two = columns["probability"].ndim == 1 or columns["probability"].shape[1] == 2

    def scored(kept: NDArray[np.bool_]) -> pd.DataFrame:
        labels, *rest = (columns[name][kept] for name in ("label", "probability", "predicted"))
        given: dict[str, Any] = {"classes": about.get("classes"), "draws": draws, "seed": seed}
        if clusters is not None:
            given["clusters"] = clusters[kept]
        if scenes is not None:
            given |= {"groups": scenes[kept], "balanced": two}
        try:
            return score(labels, *rest, **given)
        except ValueError as error:
            raise UserError(f"{predictions} cannot be scored ({plain(error)}); delete it and run again") from error

    parts = [scored(np.ones(columns["sample"].size, dtype=bool))]
    if subset is not None:
        parts.append(scored(_in_subset(predictions, columns["sample"], subset)).replace({"sampling": SUBSET_SAMPLINGS}))
    whole = pd.concat(parts, ignore_index=True)
    same = {**{key: about[key] for key in IDENTITY}, **AS_SET}
    table = pd.DataFrame({**same, **{str(name): whole[name] for name in whole}})
    table["published"] = published_beside(table, published)
    return table[list(COLUMNS)]


@dataclass(frozen=True)
class _Test:
    """Which samples a predictions file is of."""

    file: Path
    dataset: str
    seed: int
    count: int
    digest: str

    @classmethod
    def of(cls, file: Path, known: Scored) -> _Test:
        """Read a file, unless it is known what it is of."""
        return cls(file, *json.loads(known.test(file, partial(_tested, file))))

    def ids(self) -> NDArray[np.int64]:
        """Numbers of the samples."""
        found: NDArray[np.int64] = read_table(self.file, "sample")[0]["sample"]
        return found


def _tested(file: Path) -> str:
    columns, about = read_table(file, "sample")
    digest = hashlib.sha256(np.ascontiguousarray(columns["sample"], dtype="<i8").tobytes()).hexdigest()
    return json.dumps([str(about.get("dataset")), int(about.get("seed", 0)), len(columns["sample"]), digest])


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


def _scenes(samples: Path, wanted: NDArray[np.int64]) -> NDArray[np.str_] | None:
    with open_table(samples) as file:
        if "scene" not in file:
            return None
        scene: NDArray[np.int64] = file["scene"][()]
        return np.asarray(read_attributes(file)["scenes"], dtype=str)[scene[wanted]]


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
