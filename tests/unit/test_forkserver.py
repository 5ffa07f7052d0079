"""Jobs forked from one process: they are as if they ran where they were started, and nobody is left behind."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hqnn.closure import closure
from hqnn.forkserver import HEAVY, LIGHT, start
from hqnn.supervision import lives

SLOW = {"torch", "pennylane", "qiskit"}
ALONE = {"calibrate", "collect", "submit", "train_hardware"}  # they see tokens

CODE = """
import os, signal, sys, time
from hqnn import forkserver
if not forkserver.serving:
    say = lambda end: print("told", end.code, end.signal and end.signal.name, flush=True)
    forkserver.run_forked(forkserver.HEAVY, say)
    print("alone", flush=True)
print("here", "hqnn.settings.runs" in sys.modules, flush=True)
import hqnn.settings.runs
{body}
"""


@pytest.fixture
def server() -> Iterator[dict[str, str]]:
    """The variable that jobs need; the server that it names ends with its input."""
    before = set(children())
    variables = start(dict(os.environ))
    heavy, light = sorted(set(children()) - before)
    wait_for(lambda: all(map(is_listened_to, variables.values())))
    yield variables | {"PROCESS": str(heavy)}
    for process in (heavy, light):
        if lives(process):
            os.kill(process, signal.SIGKILL)


def children() -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "forkserver"], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def is_listened_to(place: str) -> bool:
    return f"@{place}\n" in Path("/proc/net/unix").read_text()


def wait_for(happened: object) -> None:
    deadline = time.monotonic() + 60
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def job(server: dict[str, str], folder: Path, body: str, *arguments: str) -> subprocess.Popen[str]:
    script = folder / "script of a job.py"
    script.write_text(CODE.format(body=body))
    command = [sys.executable, str(script), *arguments]
    environment = {**os.environ, **server, "MINE": "ours"}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("print(os.environ['MINE'], os.getcwd() == {folder!r}, sys.argv[1:], __name__)", "0 None"),
        ("sys.exit(3)", "3 None"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "139 SIGSEGV"),
    ],
    ids=["works", "fails", "crashes"],
)
def test_a_forked_job_is_as_if_it_ran_where_it_was_started(
    server: dict[str, str], tmp_path: Path, body: str, told: str
) -> None:
    started = job(server, tmp_path, body.format(folder=str(tmp_path)), "--all", "mine")
    lines = started.communicate(timeout=60)[0].splitlines()
    assert lines[0] == "here True" and lines[-1] == f"told {told}"
    assert started.returncode == int(told.split()[0])
    assert lines[1:-1] == (["ours True ['--all', 'mine'] __main__"] if told == "0 None" else [])


def test_who_is_asked_to_end_asks_the_forked_job_and_who_is_killed_takes_it_along(
    server: dict[str, str], tmp_path: Path
) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        started = job(server, tmp_path, "print(os.getpid(), flush=True); time.sleep(60)")
        assert started.stdout and started.stdout.readline() == "here True\n"
        forked = int(started.stdout.readline())
        started.send_signal(ending)
        rest = started.communicate(timeout=30)[0]
        assert rest == ("told 143 SIGTERM\n" if ending == signal.SIGTERM else "")
        wait_for(lambda process=forked: not lives(process))


def test_jobs_run_alone_where_the_server_is_gone(server: dict[str, str], tmp_path: Path) -> None:
    os.kill(int(server["PROCESS"]), signal.SIGKILL)
    os.waitpid(int(server["PROCESS"]), 0)
    assert job(server, tmp_path, "").communicate(timeout=60)[0] == "alone\nhere False\n"


def test_a_job_that_waits_to_be_forked_outlives_the_server_and_ends_at_an_interrupt(
    server: dict[str, str], tmp_path: Path
) -> None:
    process = int(server["PROCESS"])
    os.kill(process, signal.SIGSTOP)  # as one that imports for a while
    waiting = [job(server, tmp_path, "") for _ in range(2)]
    wait_for(lambda: Path("/proc/net/unix").read_text().count(f"@{server[HEAVY]}\n") == 3)  # with the server's own
    time.sleep(0.3)
    waiting[0].send_signal(signal.SIGINT)
    assert waiting[0].wait(30) == 128 + signal.SIGINT
    os.kill(process, signal.SIGKILL)
    assert waiting[1].communicate(timeout=60)[0] == "alone\nhere False\n"


def test_the_server_ends_with_the_process_that_started_it() -> None:
    code = "import os; from hqnn.forkserver import start; print(start(dict(os.environ)), flush=True); input()"
    head = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert head.stdout
    places = ast.literal_eval(head.stdout.readline())
    assert places[HEAVY] != places[LIGHT]
    wait_for(lambda: all(map(is_listened_to, places.values())))
    head.kill()
    head.communicate(timeout=30)
    wait_for(lambda: not any(map(is_listened_to, places.values())))


def test_scripts_that_import_slowly_are_forked_from_the_process_that_has(root: Path) -> None:
    for script in (root / "scripts").glob("*.py"):
        if script.stem not in ALONE:
            slow = any(SLOW & imported_at_once(file) for file in closure(script))
            assert slow == ("job(forked=True" in script.read_text(encoding="utf-8")), script.name


def imported_at_once(file: Path) -> set[str]:
    """Names of the packages that a module imports when it is imported itself."""
    found: set[str] = set()
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found
