"""Known vulnerabilities of the packages in the lock, where somebody answers who knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWER_S = 20  # for resolving and asking
ADDRESS = r"(?:for url )?\(?https?://\S+"
FOUND = 1  # uv's exit code where a package has a known vulnerability
PROJECT = """[project]
name = "locked"
version = "0"
requires-python = ">=3.11"
dependencies = [
{pins}
]
"""


def audit(lock: Path, uv: str) -> tuple[bool, str]:
    """Ask uv, which asks the database that it knows.

    Args:
        lock: the lock file.
        uv: the program.

    Returns:
        Whether no vulnerability is known, which is taken to be so where nobody answers; and what is to be said.
    """
    pins = re.findall(r"^[A-Za-z0-9][^=\s]*==[^\\\n]+", lock.read_text(encoding="utf-8"), re.MULTILINE)
    quick = {**os.environ, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": str(ANSWER_S)}
    with tempfile.TemporaryDirectory() as folder:
        listed = "\n".join(f'    "{pin.strip()}",' for pin in pins)
        Path(folder, "pyproject.toml").write_text(PROJECT.format(pins=listed), encoding="utf-8")
        command = [uv, "audit", "-q", "--no-config"]
        try:
            done = subprocess.run(command, cwd=folder, env=quick, capture_output=True, text=True, timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            return True, f"audit: skipped, since nobody answered within {ANSWER_S} s"
    said = (done.stdout + done.stderr).strip()
    if done.returncode == FOUND and done.stdout:  # pins that cannot be resolved end so, too, but print nothing there
        return False, f"{said}\naudit: the lock has packages with known vulnerabilities; `make lock` takes newer ones"
    if done.returncode:
        return True, f"audit: skipped, since uv got no answer: {' '.join(re.sub(ADDRESS, '', said).split())[:200]}"
    return True, f"audit: no known vulnerability in {len(pins)} locked packages"


def main() -> None:
    """Print what is known, and fail where that is a vulnerability."""
    passed, said = audit(Path(sys.argv[1]), str(Path(sys.executable).with_name("uv")))
    print(said)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
