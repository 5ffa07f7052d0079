"""Install the packages of the lock into this environment; runs before any of them is there.

`make setup` calls it. PyTorch's builds without CUDA are a seventh of the download and a third of the disk, so they are
taken where no NVIDIA device is and PyTorch's own index answers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hqnn.errors import UserError

ANSWER_S = 10  # until PyTorch's index is taken to be silent
UNUSED = r"^(?:cuda|nvidia|triton)[a-z0-9-]*"  # packages of the lock that builds without CUDA do without


@dataclass(frozen=True)
class Build:
    """What one of PyTorch's builds brings along.

    Attributes:
        words: for the user.
        download_gb: at most, of all packages.
        disk_gb: likewise, once they are installed.
    """

    words: str
    download_gb: float
    disk_gb: float


BUILDS = {
    "cpu": Build("PyTorch without CUDA", 0.4, 2.4),
    "default": Build("the locked packages, CUDA included", 3.0, 7.4),
}


def set_up(torch: str, lock: Path, uv: str) -> str:
    """Say what is going to be taken, and take it.

    Args:
        torch: ``cpu``, ``default``, or ``auto``, which finds out; a new environment is ``default`` where there is no
            index to take ``cpu`` from.
        lock: the lock file.
        uv: the program that installs.

    Returns:
        Which of the builds it was.

    Raises:
        UserError: the disk has too little room, or a download or the installation failed.
    """
    place = Path(sys.prefix)
    new = not any(place.glob("lib/python*/site-packages/torch"))
    chosen = _build(torch, lock, uv) if torch == "auto" or (torch == "cpu" and new) else torch
    if new:
        build = BUILDS[chosen]
        print(
            f"setup: takes {build.words}: up to {build.download_gb:g} GB of downloads, {build.disk_gb:g} GB on disk; "
            "if it is interrupted, the same command goes on",
            flush=True,
        )
        free_gb = shutil.disk_usage(place).free / 1e9
        if free_gb < build.disk_gb:
            raise UserError(
                f"{place} wants {build.disk_gb:g} GB and its disk has {free_gb:.1f}; free some, or link it elsewhere"
            )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as unused:
        unused.write("\n".join(re.findall(UNUSED, lock.read_text(encoding="utf-8"), re.MULTILINE)))
        unused.flush()
        without = ["install", "--no-verify-hashes", "--torch-backend", "cpu", "--excludes", unused.name, "-r"]
        how = without if chosen == "cpu" else ["sync", "--require-hashes"]
        _install([uv, "pip", *how, str(lock), "-q", "--python", sys.executable], place)
    return chosen


def _install(command: list[str], place: Path) -> None:
    if subprocess.run(command).returncode:
        full = "; its disk is full, so free some first" if shutil.disk_usage(place).free < 1e8 else ""
        raise UserError(
            f"the packages could not be installed into {place}, for the reason above{full}; what was downloaded stays, "
            "and `make setup` goes on from there"
        )


def _build(torch: str, lock: Path, uv: str) -> str:
    """Which build is for this machine, as far as it can be had here."""
    if torch == "auto" and (sys.platform != "linux" or _has_nvidia()):  # elsewhere the lock has no CUDA
        return "default"
    if _cpu_builds_answer(lock, uv):
        return "cpu"
    print(
        "setup: PyTorch's index of builds without CUDA does not answer here, so the lock is taken as it is", flush=True
    )
    return "default"


def _has_nvidia() -> bool:
    program = shutil.which("nvidia-smi")
    return bool(program) and subprocess.run([str(program), "-L"], capture_output=True).returncode == 0


def _cpu_builds_answer(lock: Path, uv: str) -> bool:
    """Whether the locked torch could be had without CUDA; nothing is installed."""
    (locked,) = re.findall(r"^torch==[\w.]+", lock.read_text(encoding="utf-8"), re.MULTILINE)
    asked = ["--dry-run", "--no-deps", "--reinstall", "--torch-backend", "cpu", locked]
    command = [uv, "pip", "install", "-q", "--python", sys.executable, *asked]
    quick = {**os.environ, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": str(ANSWER_S)}
    try:
        return subprocess.run(command, env=quick, capture_output=True, timeout=ANSWER_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Set up by the build that the command line names, and leave its name in the environment."""
    torch, lock = sys.argv[1:]
    try:
        chosen = set_up(torch, Path(lock), str(Path(sys.executable).with_name("uv")))
    except UserError as error:
        sys.exit(f"setup: {error}")
    Path(sys.prefix, ".torch").write_text(chosen, encoding="utf-8")


if __name__ == "__main__":
    main()
