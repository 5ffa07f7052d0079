"""Set-up says what it takes, takes no CUDA where it need not, and goes on after a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hqnn.audit
import hqnn.set_up
from hqnn.audit import audit
from hqnn.errors import UserError
from hqnn.set_up import set_up

LOCK = "torch==2.15.0 \\\n    --hash=sha256:00\nnvidia-nccl==2 ; sys_platform == 'linux' \\\n    --hash=sha256:11\n"
Stub = Callable[..., str]


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That of an environment without packages, on a machine without an NVIDIA device."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    (tmp_path / "requirements.lock").write_text(LOCK)
    return tmp_path / "requirements.lock"


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    """A uv that answers a dry run, or anything else, by a line of shell, and notes what it was asked."""

    def made(dry_run: str = "exit 0", else_: str = "exit 0") -> str:
        program = tmp_path / "uv"
        cases = f'*--dry-run*) {dry_run} ;; *) echo "$*" >> {tmp_path}/asked; {else_} ;;'
        program.write_text(f'#!/bin/sh\ncase "$*" in {cases} esac\n')
        program.chmod(0o755)
        return str(program)

    return made


def asked(lock: Path) -> str:
    file = lock.with_name("asked")
    return file.read_text() if file.exists() else ""


def test_cpu_builds_are_taken_where_no_device_is_and_their_index_answers(
    lock: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up("auto", lock, stub(else_=f"cat $7 >> {lock.with_name('asked')}; exit 0")) == "cpu"
    assert "--torch-backend cpu" in asked(lock) and "nvidia-nccl" in asked(lock)
    assert "up to 0.4 GB of downloads, 2.4 GB on disk" in capsys.readouterr().out


@pytest.mark.parametrize(("torch", "silent"), [("auto", "exit 2"), ("auto", "sleep 30"), ("cpu", "exit 2")])
def test_the_lock_is_taken_within_seconds_where_that_index_is_silent(
    torch: str, silent: str, lock: Path, stub: Stub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hqnn.set_up, "ANSWER_S", 0.5)
    before = time.monotonic()
    assert set_up(torch, lock, stub(dry_run=f"exec {silent}" if "sleep" in silent else silent)) == "default"
    assert time.monotonic() - before < 10
    assert "pip sync --require-hashes" in asked(lock)
    said = capsys.readouterr().out.splitlines()
    assert "does not answer here" in said[0] and "up to 3 GB of downloads, 7.4 GB on disk" in said[1]
    assert len(said) == 2


def test_nothing_is_probed_where_a_device_is(lock: Path, stub: Stub) -> None:
    lock.with_name("nvidia-smi").write_text("#!/bin/sh\nexit 0\n")
    assert set_up("auto", lock, stub(dry_run=f"echo dry-run >> {lock.with_name('asked')}")) == "default"
    assert "dry-run" not in asked(lock)


def test_a_failed_download_is_a_sentence_and_the_next_set_up_goes_on(lock: Path, stub: Stub) -> None:
    with pytest.raises(UserError, match=r"could not be installed into .* `make setup` goes on from there"):
        set_up("default", lock, stub(else_="echo broken pipe >&2; exit 2"))
    assert set_up("default", lock, stub()) == "default"


def test_a_disk_with_too_little_room_is_a_sentence_before_anything_is_taken(
    lock: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(lock.parent))(10**12, 10**12, 3 * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"wants 7.4 GB and its disk has 3.0; free some"):
        set_up("default", lock, stub())
    assert not asked(lock)
    assert set_up("cpu", lock, stub()) == "cpu"


def test_set_up_needs_no_package(root: Path) -> None:
    code = "import hqnn.set_up, hqnn.audit"
    environment = {**os.environ, "PYTHONPATH": str(root / "scripts")}
    subprocess.run([sys.executable, "-S", "-c", code], env=environment, check=True)


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        ("exit 0", True, "no known vulnerability in 2 locked packages"),
        ("echo torch 2.15.0 has PYSEC-1; exit 1", False, "torch 2.15.0 has PYSEC-1\naudit: the lock has packages with"),
        ("echo no solution found >&2; exit 1", True, "skipped, since uv got no answer: no solution found"),
        ("echo dns error >&2; exit 2", True, "skipped, since uv got no answer: dns error"),
        ("exec sleep 30", True, "skipped, since nobody answered within"),
    ],
)
def test_an_audit_fails_for_a_vulnerability_and_for_nothing_else(
    answer: str, passed: bool, words: str, lock: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hqnn.audit, "ANSWER_S", 1)
    found, said = audit(lock, stub(else_=answer))
    assert (found, words in said) == (passed, True), said


def test_what_was_set_up_stays_so_and_is_no_work(root: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / ".venv").mkdir()
    for stamp, again in ((None, True), ("cpu", False), ("default", False)):
        if stamp:
            (tmp_path / f".venv/.set-up-{stamp}").touch()
        done = subprocess.run(["make", "-n", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ("hqnn.set_up auto" in done.stdout) == again, done.stdout
    assert "Nothing to be done" in done.stdout
