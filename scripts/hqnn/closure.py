"""A digest of everything a rule's script runs of this project, found by reading imports, without importing.

Snakemake sees neither what a script imports nor, by content, the script itself. With this digest among a rule's params
a change in a library module reruns the rules that use it and no others; comments and docstrings do not count. The
digest of the environment does the same for the packages.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hqnn.errors import UserError

SCRIPTS = Path(__file__).resolve().parent.parent
PACKAGE = "hqnn"
LOCK = "requirements.lock"


def closure_digest(rule: str) -> str:
    """Digest of the script named after a rule and of every library module it imports, directly or not.

    Args:
        rule: name of the rule; its script is ``scripts/<rule>.py``.

    Returns:
        16 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for path in sorted(closure(SCRIPTS / f"{rule}.py")):
        sha.update(f"{path.relative_to(SCRIPTS).as_posix()}:{_code_digest(path)}\n".encode())
    return sha.hexdigest()[:16]


@cache
def environment_digest() -> str:
    """Digest of the lock file, which says the version of every package; it stands beside the scripts.

    Returns:
        16 hexadecimal digits.

    Raises:
        UserError: it is not there.
    """
    lock = SCRIPTS.parent / LOCK
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    except FileNotFoundError as error:
        raise UserError(f"{lock} is missing; restore it from the repository, or write it by `make lock`") from error


def closure(script: Path) -> set[Path]:
    """The script and all library files it reaches by imports, wherever in a file they stand."""
    reached: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(_imported_files(path))
    return reached


@cache
def _tree(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return tree


@cache
def _code_digest(path: Path) -> str:
    return hashlib.sha256(ast.dump(_tree(path)).encode()).hexdigest()


@cache
def _imported_files(path: Path) -> tuple[Path, ...]:
    names = {name for name in _imported_names(path) if name.split(".")[0] == PACKAGE}
    return tuple(file for name in sorted(names) for file in _files_of(name))


def _imported_names(path: Path) -> Iterator[str]:
    package = path.relative_to(SCRIPTS).parent.parts
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _files_of(name: str) -> Iterator[Path]:
    """The module's file and those of the packages around it; a name that is no module has none of its own."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        place = SCRIPTS.joinpath(*parts[:depth])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file
