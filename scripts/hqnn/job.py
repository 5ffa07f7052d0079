"""What every rule's script does around its one call: threads, log, terminal, and errors as sentences."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

from hqnn import forkserver
from hqnn.errors import UserError
from hqnn.killed import AGAIN, killed_sentence
from hqnn.notes import noting
from hqnn.partials import remove_partials
from hqnn.supervision import End, leave, supervised

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
SECRETS = {"QISKIT_IBM_TOKEN": "ibm", "IQM_TOKEN": "iqm", "IQM_TOKENS_FILE": "iqm"}  # and whose machines they open
USED = "used: "  # begins the last line of every log
SELDOM = 100_000  # new objects between garbage collections, which else take a third of the time to import torch


@dataclass(frozen=True)
class Job:
    """The rule's side of a script.

    Attributes:
        input: named input files.
        output: named output files.
        params: the rule's parameters; those that name inputs have the paths where these lie.
        wildcards: what the path of the result says.
        config: the whole config, of which nothing makes the rule run again.
        threads: how many cores the rule may use.
        terminal: where a progress bar or a line for the user goes; everything else that is printed goes to the log.
    """

    input: Any
    output: Any
    params: Any
    wildcards: dict[str, str]
    config: dict[str, Any]
    threads: int
    terminal: TextIO


@contextmanager
def job(*, forked: bool = False, torch_threads: bool = False, secrets: bool = False) -> Iterator[Job]:
    """Run the body of a rule's script.

    Import heavy packages inside the block: the threads they may use are set before it is entered, with an OpenMP wait
    policy that does not spin. What is printed goes to the rule's log, a traceback too; the terminal gets one line when
    the job is done, the library's warnings, and the sentence of a `UserError`. The body runs in a child process: of
    one that is killed the terminal gets the rule, the target, the signal, its memory and its last words.

    Args:
        forked: whether the body imports torch, PennyLane or Qiskit; it is then forked, where that can be, from a
            process that has, and else from one that has not.
        torch_threads: whether torch alone uses the rule's threads, so that more than one can be given after a fork, and
            BLAS, whose threads spin for a while after each call, takes none from those that read.
        secrets: whether the script may see the tokens that open its rule's `machine`; all others are taken from the
            environment.
    """
    snakemake = sys.modules["__main__"].snakemake  # injected there by Snakemake
    own = (snakemake.params.get("machine") or {}).get("provider") if secrets else None
    for name in (name for name, provider in SECRETS.items() if provider != own):
        os.environ.pop(name, None)
    limit_threads(1 if torch_threads else snakemake.threads)
    if not forkserver.serving:
        if not secrets and (snakemake.threads == 1 or torch_threads):
            _run_forked(snakemake, forkserver.HEAVY if forked else forkserver.LIGHT)
        supervised(lambda end: _tell(snakemake, end))
    if torch_threads:
        import torch

        torch.set_num_threads(snakemake.threads)
    for output in snakemake.output:
        remove_partials(output)
    gc.set_threshold(SELDOM)
    started = time.monotonic()
    with _output_to(snakemake.log[0]) as terminal:
        _report_to(terminal, snakemake.rule)
        try:
            with noting():
                yield Job(
                    snakemake.input,
                    snakemake.output,
                    SimpleNamespace(**_located(dict(snakemake.params.items()), _places(snakemake.input))),
                    dict(snakemake.wildcards.items()),
                    dict(snakemake.config),
                    snakemake.threads,
                    terminal,
                )
        except UserError as error:
            _stop(snakemake, terminal, str(error))
        except KeyboardInterrupt:
            _stop(snakemake, terminal, f"interrupted; {AGAIN}")
        except Exception as error:
            _stop(snakemake, terminal, f"{type(error).__name__}: {error} (traceback in {snakemake.log[0]})")
        seconds = time.monotonic() - started
        print(f"{snakemake.rule:<20} {seconds:6.1f} s  {snakemake.output[0]}", file=terminal)
    leave(0)


def _places(inputs: Iterable[str]) -> dict[str, str]:
    """Where inputs lie, by their names below `results/`; these differ where results are in a storage.

    A storage's own path may have a folder of that name, too, so each such name of an input is one.
    """
    return {path[place.end() :]: path for path in inputs for place in re.finditer("/(?=results/)", path)}


def _located(value: Any, places: Mapping[str, str]) -> Any:
    """The same, of lists, tuples and dictionaries, with the path of every input that it names."""
    if isinstance(value, Mapping):
        return {key: _located(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [_located(item, places) for item in value]
    if isinstance(value, tuple):
        return tuple(_located(item, places) for item in value)
    return places.get(value, value) if isinstance(value, str) else value


def _run_forked(snakemake: Any, server: str) -> None:
    if not snakemake.resources.get("gpu"):  # its driver does not live through a fork
        forkserver.run_forked(server, lambda end: _tell(snakemake, end))


def fork_jobs() -> None:
    """Let jobs of this run be forked from processes that have imported what they need."""
    if sys.platform == "linux":  # elsewhere what is imported may have started threads, which a fork lacks
        environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
        environment |= dict.fromkeys(THREAD_VARIABLES, "1") | {"OMP_WAIT_POLICY": "PASSIVE"}
        os.environ.update(forkserver.start(environment))


def limit_threads(threads: int) -> None:
    """Hold torch, BLAS, OpenMP and Numba to so many threads; call before they are imported."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


@contextmanager
def _output_to(log: str) -> Iterator[TextIO]:
    """Send file descriptors 1 and 2 to a log, and give the terminal they had."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with Path(log).open("w", encoding="utf-8") as file, os.fdopen(os.dup(2), "w") as terminal:
        stdout = os.dup(1)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(stdout, 1)
            os.dup2(terminal.fileno(), 2)
            os.close(stdout)


def _report_to(terminal: TextIO, rule: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s: %(message)s", force=True)
    warnings = logging.StreamHandler(terminal)
    warnings.setLevel(logging.WARNING)
    warnings.setFormatter(logging.Formatter(f"{rule}: %(message)s"))
    logging.getLogger("hqnn").setLevel(logging.INFO)
    logging.getLogger("hqnn").addHandler(warnings)
    logging.captureWarnings(True)


def _tell(snakemake: Any, end: End) -> None:
    """Say in the log what the job used, and on the terminal why it was killed, if it was."""
    log, asked_mb = Path(snakemake.log[0]), snakemake.resources.get("mem_mb")
    if end.signal is not None:
        said = killed_sentence(snakemake.rule, str(snakemake.output[0]), end.signal, end, asked_mb, log)
        print(said, file=sys.stderr, flush=True)
    used = {"rule": snakemake.rule, "threads": snakemake.threads, "seconds": round(end.seconds, 2)}
    used["cpu_s"] = round(end.cpu_s, 2)
    used |= {"memory_mb": round(end.memory_mb), "asked_mb": asked_mb, "code": end.code}
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.write(f"{USED}{json.dumps(used)}\n")


def _stop(snakemake: Any, terminal: TextIO, sentence: str) -> None:
    logging.getLogger("hqnn.job").info("stopped", exc_info=True)
    print(f"{snakemake.rule}: {sentence}", file=terminal, flush=True)
    sys.exit(1)
