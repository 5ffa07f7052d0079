"""Kill a run of the workflow again and again; what it comes to must be what an undisturbed run comes to.

`python tests/kills.py --kills 50` does so over the demo and prints a row a kill: how, when, which rules were at work,
how the run ended; and, whenever one came to its end, which files differ. Nothing is repaired by hand.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import yaml

from checkout import copy_checkout
from forked import PROGRAM
from hqnn.metrics.scored import MADE_WITH, STATE
from hqnn.working_folder import LIFTED

PATIENCE_S = 20  # after a polite signal
LONGEST_S = 3600  # of a run that is left alone
TIMED = re.compile(r"seconds|_m?s$")
UNCOMPARED = {".log", ".html", ".json"}  # times; the pages show what is compared already


def kill_tree(child: subprocess.Popen[str]) -> None:
    """The whole session."""
    subprocess.run(["pkill", "-KILL", "-s", str(child.pid)], check=False)


def kill_head(child: subprocess.Popen[str]) -> None:
    """Snakemake alone; its jobs have to see it."""
    child.kill()


def in_order_of_start(child: subprocess.Popen[str], words: str) -> list[int]:
    """Processes of the session whose command line says so, the youngest last; numbers begin again at some time."""
    command = ["ps", "-ww", "-s", str(child.pid), "-o", "pid=,args=", "--sort=start_time,pid"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if re.search(words, line)]


def rules_at_work(child: subprocess.Popen[str]) -> tuple[str, ...]:
    """Whose scripts the session runs."""
    command = ["ps", "-ww", "-s", str(child.pid), "-o", "args="]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    return tuple(sorted(set(re.findall(r"\.snakemake/scripts/\w+\.(\w+)\.py", said))))


def kill_a_job(child: subprocess.Popen[str]) -> None:
    """The process that computes, as a system without memory does; the whole session where none does."""
    jobs = in_order_of_start(child, "snakemake/scripts|hqnn.forkserver")
    if not jobs:
        kill_tree(child)
    for job in jobs[-1:]:
        os.kill(job, signal.SIGKILL)


def kill_the_server(child: subprocess.Popen[str]) -> None:
    """The process that jobs are forked from; the run goes on without it, until patience ends."""
    for server in in_order_of_start(child, "hqnn.forkserver")[:1]:
        os.kill(server, signal.SIGKILL)


def interrupt(child: subprocess.Popen[str]) -> None:
    """As Ctrl-C does."""
    os.killpg(child.pid, signal.SIGINT)


def terminate(child: subprocess.Popen[str]) -> None:
    """As a machine that shuts down does."""
    os.killpg(child.pid, signal.SIGTERM)


WAYS: tuple[Callable[[subprocess.Popen[str]], None], ...] = (
    kill_tree,
    kill_tree,
    kill_head,
    kill_a_job,
    kill_the_server,
    interrupt,
    terminate,
)


@dataclass
class Started:
    """What one start of the command came to.

    Attributes:
        way: how it was killed.
        seconds: until then.
        at_work: rules whose jobs ran then.
        ending: seconds from then to its end.
        forced: whether it had to be killed outright after a polite signal, or after all of its jobs' server.
        done: whether it came to its end.
        said: on its terminal.
    """

    way: str
    seconds: float
    at_work: tuple[str, ...]
    ending: float
    forced: bool
    done: bool
    said: str


def start_and_kill(folder: Path, arguments: list[str], way: Callable[..., None], seconds: float) -> Started:
    """Start the command, and kill it so many seconds later unless it is done."""
    with tempfile.TemporaryFile("w+") as terminal:
        child = subprocess.Popen(
            [PROGRAM, "--cores", "2", *arguments],
            cwd=folder,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started = struck = time.monotonic()
        at_work: tuple[str, ...] = ()
        forced = False
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            struck, at_work = time.monotonic(), rules_at_work(child)
            way(child)
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            forced = True
            kill_tree(child)
        child.wait()
        terminal.seek(0)
        said = terminal.read()
    ended = time.monotonic()
    return Started(way.__name__, struck - started, at_work, ended - struck, forced, child.returncode == 0, said)


def differences(one: Path, other: Path) -> list[str]:
    """Files of two results folders that are not equal, or stand in one of them only; half-written ones, too."""
    files = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*") if path.is_file()}
    return [str(file) for file in sorted(files) if not _is_equal(one / file, other / file)]


def _is_equal(one: Path, other: Path) -> bool:
    if one.suffix == ".pt" or one.name.startswith(".snakemake"):
        return True
    if not (one.exists() and other.exists()):
        return False
    if one.suffix in UNCOMPARED or one.read_bytes() == other.read_bytes():
        return True
    if one.suffix == ".h5":
        return dict(_contents(one)) == dict(_contents(other))
    if one.suffix in (".csv", ".parquet"):
        return _untimed(one).equals(_untimed(other))
    return False


def _contents(path: Path) -> Iterator[tuple[str, object]]:
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        for name in ("/", *names):
            item = file[name]
            said = {key: value for key, value in item.attrs.items() if not TIMED.search(key) and "sha256" not in key}
            yield f"{name} attributes", repr(sorted(said.items()))
            if isinstance(item, h5py.Dataset):
                yield name, np.asarray(item[()]).tobytes()


def _untimed(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    kept = table[[name for name in table if name not in (MADE_WITH, STATE) and not TIMED.search(name)]]
    return kept[~kept["metric"].str.contains(TIMED)].reset_index(drop=True) if "metric" in kept else kept


def campaign(folder: Path, arguments: list[str], *, kills: int, longest: float, seed: int) -> Iterator[Started]:
    """Start the command and kill it so many times, then start it once more and leave it alone.

    Every start is the same command; nothing is unlocked, removed or repaired between.
    """
    draw = random.Random(seed)
    for _ in range(kills):
        yield start_and_kill(folder, arguments, draw.choice(WAYS), draw.uniform(1, longest))
    yield start_and_kill(folder, arguments, kill_tree, LONGEST_S)


def main() -> None:
    """Print a campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--longest", type=float, default=15, help="seconds until a kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="for both runs, which stays; one that goes where it is not said")
    parser.add_argument("arguments", nargs="*", help="of Snakemake, such as a target")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which what a shell starts in the background ignores
    root = Path(__file__).resolve().parent.parent
    with nullcontext(given.folder) if given.folder else tempfile.TemporaryDirectory() as scratch:
        demo = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
        undisturbed = copy_checkout(root, Path(scratch) / "undisturbed", demo)
        killed = copy_checkout(root, Path(scratch) / "killed", demo)
        print(row(start_and_kill(undisturbed.folder, given.arguments, kill_tree, LONGEST_S)), flush=True)
        trials = campaign(killed.folder, given.arguments, kills=given.kills, longest=given.longest, seed=given.seed)
        for number, one in enumerate(trials, 1):
            print(f"{number:3} {row(one)}", flush=True)
            if one.done:  # begin again, if kills are left
                print("differing:", differences(undisturbed.folder / "results", killed.folder / "results"), flush=True)
                shutil.rmtree(killed.folder / "before", ignore_errors=True)
                (killed.folder / "results").rename(killed.folder / "before")


def row(one: Started) -> str:
    """A start in a line."""
    said = ["lock lifted"] * (LIFTED in one.said) + ["forced"] * one.forced + ["done"] * one.done
    at_work = ", ".join(one.at_work) or "between jobs"
    return f"{one.way:<16}{one.seconds:6.1f} s{one.ending:6.1f} s  {', '.join(said) or 'ended':<22} {at_work}"


if __name__ == "__main__":
    main()
