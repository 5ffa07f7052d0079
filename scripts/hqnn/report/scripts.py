"""Our scripts as they stand inside the page, and the policy under which a browser runs these and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "js"


@cache
def scripts() -> tuple[str, ...]:
    """The text of each script, in the order of their names; each is a module of its own, and none needs another."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.js")))


def policy(allowed: Sequence[str]) -> str:
    """What the page may load and run: pictures and styles that it holds itself, and the scripts given.

    A script is known by the sha256 of its text, so that nothing else runs, whatever a name in the page says (W3C,
    Content Security Policy Level 3, section 6.7.3).

    Args:
        allowed: texts, byte for byte as they stand between their tags.
    """
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in allowed) or "'none'"
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {hashes}"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
