"""A search over settings: trials one after the other, kept in a journal from which a killed search goes on."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState
from tqdm import tqdm

from hqnn.errors import UserError, plain
from hqnn.settings.tuning import Dimension, Range

TRIAL = 44  # the purpose of what a trial draws, beside the seed
RANDOM_TRIALS = 8  # before the sampler learns from trials
PATIENT_TRIALS = 5  # that are never pruned

Report: TypeAlias = Callable[[int, float], None]
Judge: TypeAlias = Callable[[Mapping[str, Any], Report], float]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """Settings that were tried.

    Attributes:
        number: counted from 0.
        values: the settings.
        score: what they came to; of a pruned trial its last report, of one that failed 0.
        state: whether it was judged to its end.
        seconds: what it took.
        fault: the sentence of one that failed.
    """

    number: int
    values: Mapping[str, Any]
    score: float
    state: Literal["complete", "pruned", "failed"]
    seconds: float
    fault: str = ""


@dataclass(frozen=True)
class Search:
    """What is searched, and for how long.

    Attributes:
        space: key to what it may be.
        trials: how many settings are tried.
        budget_s: after which no trial is begun, and one that runs counts for nothing.
        seed: of everything that is random.
        journal: file of Optuna's, from which a killed search goes on.
        digest: of all that a score depends on beside the settings; trials of another are not gone on with.
        first: settings that are tried first, as far as the space has them.
    """

    space: Mapping[str, Dimension]
    trials: int
    budget_s: float
    seed: int
    journal: Path
    digest: str
    first: Mapping[str, Any]


class _OutOfTimeError(Exception):
    """The budget is spent."""


class _OneWriter(JournalFileOpenLock):
    """No lock: a rule is the only writer, and Optuna's own, left by a killed one, would be waited for."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def search(judge: Judge, asked: Search, terminal: TextIO | None = None) -> list[Trial]:
    """Try settings by a tree-structured Parzen estimator, pruned by the median of earlier trials.

    What a trial draws follows from the seed and the trials before it, so a search that was killed comes to the very
    trials it would have come to, but for those that its budget lets through. Settings that were tried before are not
    judged again.

    Source: J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, Algorithms for hyper-parameter optimization, NeurIPS 2011.

    Args:
        judge: gives the score of settings, more is better; it reports scores on the way by step, from 0.
        asked: what is searched.
        terminal: where a progress bar goes, if it is one.

    Returns:
        The trials, fewer than were asked for where the budget ended.

    Raises:
        UserError: the budget is spent before the first trial is judged, or no trial could be judged.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = _opened(asked)
    done = _trials(study)
    spent = sum(trial.seconds for trial in done)
    with tqdm(total=asked.trials, initial=len(done), file=terminal, disable=None if terminal else True) as bar:
        while len(done) < asked.trials and spent < asked.budget_s:
            started = time.monotonic()
            try:
                _try_one(study, judge, asked, done, started + asked.budget_s - spent)
            except _OutOfTimeError:
                break
            done = _trials(study)
            spent = sum(trial.seconds for trial in done)
            bar.set_postfix(best=max(trial.score for trial in done))
            bar.update()
    return _judged(done, asked)


def best_of(trials: Sequence[Trial]) -> Trial:
    """The trial with the highest score of those that were judged to their end; of equally good ones the first."""
    return max((trial for trial in trials if trial.state == "complete"), key=lambda trial: trial.score)


def importances(trials: Sequence[Trial], space: Mapping[str, Dimension]) -> dict[str, float]:
    """How much of the scores' variance each key explains, alone and with others; nothing where they do not vary.

    Source: F. Hutter, H. Hoos, K. Leyton-Brown, An efficient approach for assessing hyperparameter importance, ICML
    2014, as Optuna has it.
    """
    judged = [trial for trial in trials if trial.state == "complete"]
    if len(judged) < 4 or np.ptp([trial.score for trial in judged]) == 0:
        return {}
    kinds = {key: _distribution(one) for key, one in space.items()}
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(trial.values), distributions=kinds, value=trial.score)
            for trial in judged
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {key: float(share) for key, share in found.items()}


def _judged(done: list[Trial], asked: Search) -> list[Trial]:
    """The trials, where they say something; a warning where the budget ended early."""
    if not done:
        raise UserError(
            f"tuning.budget_s of {asked.budget_s:g} s ended before one trial was judged; raise it, or take fewer folds "
            "or epochs"
        )
    if not any(trial.state == "complete" for trial in done):
        raise UserError(f"none of {len(done)} trials could be judged; the first: {done[0].fault or 'it was pruned'}")
    if len(done) < asked.trials:
        log.warning(
            "the search ended after %d of %d trials, since tuning.budget_s is %g s; raise it for equal budgets",
            len(done),
            asked.trials,
            asked.budget_s,
        )
    return done


def _opened(asked: Search) -> optuna.Study:
    """The study in the journal, with what a killed search left half done marked as failed."""
    asked.journal.parent.mkdir(parents=True, exist_ok=True)
    _drop_torn_line(asked.journal)
    try:
        study = _study(asked)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
            study.tell(trial.number, state=TrialState.FAIL)
        _trials(study)
    except (ValueError, KeyError, IndexError, TypeError, AssertionError, AttributeError) as error:
        log.warning("%s is no journal of trials that can be read (%s), so the search starts anew", asked.journal,
                    plain(error))  # fmt: skip
        asked.journal.unlink()
        study = _study(asked)
    return study


def _study(asked: Search) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(asked.journal), lock_obj=_OneWriter(str(asked.journal))))
    pruner = optuna.pruners.MedianPruner(n_startup_trials=PATIENT_TRIALS, n_warmup_steps=1)
    return optuna.create_study(
        storage=storage, study_name=asked.digest, direction="maximize", load_if_exists=True, pruner=pruner
    )


def _drop_torn_line(journal: Path) -> None:
    """Leave out what a killed search was about to write; Optuna would append to it."""
    said = journal.read_bytes() if journal.exists() else b""
    if said and not said.endswith(b"\n"):
        journal.write_bytes(said[: said.rfind(b"\n") + 1])


def _try_one(study: optuna.Study, judge: Judge, asked: Search, done: Sequence[Trial], deadline: float) -> None:
    """Judge one more trial; one that the deadline interrupts counts for nothing."""
    drawn = int(np.random.SeedSequence([asked.seed, TRIAL, len(done)]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(seed=drawn, n_startup_trials=RANDOM_TRIALS)
    kinds = {key: _distribution(one) for key, one in asked.space.items()}
    if not done:
        known = {key: value for key, value in asked.first.items() if key in kinds and _holds(kinds[key], value)}
        study.enqueue_trial(known)
    trial = study.ask(kinds)
    values, started = dict(trial.params), time.monotonic()

    def report(step: int, score: float) -> None:
        if time.monotonic() > deadline:
            raise _OutOfTimeError
        trial.report(score, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    before = [one for one in done if one.values == values and one.state != "pruned"]
    state, fault = TrialState.COMPLETE, before[0].fault if before else ""
    score = before[0].score if before else 0.0
    try:
        if not before:
            score = judge(values, report)
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except UserError as error:
        fault = str(error)
    except _OutOfTimeError:
        study.tell(trial, state=TrialState.FAIL)
        raise
    trial.set_user_attr("own", json.dumps({"seconds": time.monotonic() - started, "fault": fault}))
    study.tell(trial, None if state is TrialState.PRUNED else score, state=state)


def _trials(study: optuna.Study) -> list[Trial]:
    """What was judged, in its order, whatever was begun and lost between."""
    kept = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    found = []
    for number, one in enumerate(kept):
        own = json.loads(one.user_attrs["own"])
        state: Literal["complete", "pruned", "failed"] = "pruned" if one.state is TrialState.PRUNED else "complete"
        score = float(one.value) if one.value is not None else 0.0
        found.append(Trial(number, dict(one.params), score, "failed" if own["fault"] else state, **own))
    return found


def _distribution(dimension: Dimension) -> BaseDistribution:
    if not isinstance(dimension, Range):
        return CategoricalDistribution(dimension)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(float(dimension.low), float(dimension.high), log=dimension.log)


def _holds(kind: BaseDistribution, value: Any) -> bool:
    """Whether a value lies in a distribution."""
    if isinstance(kind, CategoricalDistribution):
        return any(type(one) is type(value) and one == value for one in kind.choices)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(kind._contains(float(value)))
