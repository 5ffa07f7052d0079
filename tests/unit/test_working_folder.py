"""Who works in a folder: the lock of the dead is lifted, that of the living never."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
from pathlib import Path

import pytest

from hqnn.errors import UserError
from hqnn.working_folder import LIFTED, LOCKS, LOGS, RUNS, SCRIPTS, Presence, check_clock, check_writable, enter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Snakemake's own, with the lock of some run and a script of its jobs."""
    for name in (f"{LOCKS}/0.input.lock", f"{SCRIPTS}/copy.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / RUNS).mkdir()
    return tmp_path


@pytest.mark.parametrize("written", [json.dumps({"process": 1, "host": socket.gethostname()}), '{"proc', ""])
def test_the_lock_of_a_run_that_is_dead_is_lifted(folder: Path, written: str) -> None:
    (folder / RUNS / "here-1.json").write_text(written)
    said: list[str] = []
    presence = enter(folder, said.append)
    assert said == [LIFTED]
    assert list((folder / LOCKS).iterdir()) == [] and not (folder / SCRIPTS).exists()
    assert presence is not None and len(list((folder / RUNS).iterdir())) == 1
    presence.leave()
    assert list((folder / RUNS).iterdir()) == []


def test_the_lock_of_a_run_that_lives_stays_and_its_process_is_named(folder: Path) -> None:
    (folder / RUNS / "there-2.json").write_text("{}")  # of one that is dead, beside it
    living = Presence(folder / RUNS)
    next((folder / RUNS).glob(f"*-{os.getpid()}.json")).rename(folder / RUNS / "living.json")  # not to be overwritten
    said: list[str] = []
    enter(folder, said.append)
    assert len(said) == 1 and f"another run works in this folder (process {os.getpid()} user" in said[0]
    assert (folder / LOCKS / "0.input.lock").exists()
    living.leave()


def test_the_lock_of_a_run_on_another_host_stays_since_nobody_here_sees_whether_it_lives(folder: Path) -> None:
    (folder / RUNS / "away-3.json").write_text('{"process": 3, "host": "away"}')
    (folder / RUNS / "here-1.json").write_text("")  # of one that is dead, beside it
    lock, said = folder / LOCKS / "0.input.lock", []
    (presence := enter(folder, said.append)) and presence.leave()
    assert lock.exists() and "process 3 host away" in said[0]
    lock.unlink()
    (presence := enter(folder, said.append)) and presence.leave()
    assert len(said) == 1 and not (folder / RUNS / "away-3.json").exists()


def test_a_lock_of_which_nothing_is_known_is_left_to_the_user(folder: Path) -> None:
    said: list[str] = []
    enter(folder, said.append)
    assert said == [] and (folder / LOCKS / "0.input.lock").exists()


def test_a_folder_that_takes_no_files_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / RUNS).touch()
    assert enter(tmp_path, print) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user, too")
@pytest.mark.parametrize("closed", [".", ".snakemake", f".snakemake/{LOCKS}"])
def test_a_folder_of_another_user_is_a_sentence_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    open_to_all = [Path(part) for part in (".", ".snakemake", f".snakemake/{LOCKS}") if len(part) < len(closed)]
    for path in (*open_to_all, Path(closed)):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if path == Path(closed) else 0o777)
    with multiprocessing.get_context("fork").Pool(1, os.setuid, (54321,)) as other:
        with pytest.raises(UserError, match=r" belongs to root and cannot be written by 54321, .*--directory"):
            other.apply(check_writable, (Path(".snakemake"),))
        Path(closed).chmod(0o777)
        other.apply(check_writable, (Path(".snakemake"),))
        assert other.apply(_enters, (Path(".snakemake"),))


def _enters(folder: Path) -> bool:
    return enter(folder, print) is not None


@pytest.mark.parametrize(("later_s", "told"), [(-1000, 0), (60, 0), (3600, 1)])
def test_a_clock_that_was_set_back_is_told(tmp_path: Path, later_s: float, told: int) -> None:
    said: list[str] = []
    check_clock(tmp_path, said.append)
    (tmp_path / LOGS).mkdir()
    for name, when in (("a.log", time.time() + later_s), ("b.log", time.time())):
        (tmp_path / LOGS / name).touch()
        os.utime(tmp_path / LOGS / name, (when, when))
    check_clock(tmp_path, said.append)
    assert len(said) == told and all("snakemake --touch" in sentence for sentence in said)
