"""A digest of everything a rule's script runs of this project, found by reading imports, without importing.

Snakemake sees neither what a script imports nor, by content, the script itself. With this digest among a rule's params
a change in a library module reruns the rules that use it and no others; comments and docstrings do not count. The
digest of the environment does the same for the packages.

Parsing every file takes longer than the rest of a dry run, so what a file says is stored beside Python's own compiled
modules, and is read again when the file's content has changed; while its times and size stay, it is not even opened.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hqnn.errors import UserError

SCRIPTS = Path(__file__).resolve().parent.parent
PACKAGE = "hqnn"
SURFACE = f"{PACKAGE}/__init__.py"  # its names are for other people's code; no rule runs what stands behind them
LOCK = "requirements.lock"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Source(NamedTuple):
    """What one file says: the digest of its code, and the names in this package that it imports."""

    code_digest: str
    imports: list[str]


def closure_digest(rule: str) -> str:
    """Digest of the script named after a rule and of every library module it imports, directly or not.

    Args:
        rule: name of the rule; its script is ``scripts/<rule>.py``.

    Returns:
        16 hexadecimal digits.
    """
    sources = _sources(SCRIPTS)
    sha = hashlib.sha256()
    for file in sorted(_reached(f"{rule}.py", sources)):
        sha.update(f"{file}:{sources[file].code_digest}\n".encode())
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
    return {SCRIPTS / file for file in _reached(script.relative_to(SCRIPTS).as_posix(), _sources(SCRIPTS))}


def _reached(script: str, sources: dict[str, Source]) -> set[str]:
    reached: set[str] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            imports = sources[file].imports if file != SURFACE else []
            waiting.extend(found for name in imports for found in _files_of(name) if found in sources)
    return reached


def _files_of(name: str) -> Iterator[str]:
    """Where the module and the packages around it would lie; a name that is no module has no file of its own."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        yield f"{place}/__init__.py"
        yield f"{place}.py"


@cache
def _sources(scripts: Path) -> dict[str, Source]:
    """Every Python file of the scripts and their library, by its path from there."""
    store = scripts / "__pycache__" / f"sources.{sys.implementation.cache_tag}.json"
    try:
        stored = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = {}
    current = {}
    for path in sorted([*scripts.glob("*.py"), *scripts.glob(f"{PACKAGE}/**/*.py")]):
        file, state = path.relative_to(scripts).as_posix(), path.stat()
        stamp = [state.st_mtime_ns, state.st_ctime_ns, state.st_size]
        current[file] = stored.get(file, [None, None])
        if current[file][0] != stamp:
            content = path.read_bytes()
            whole, (_, before, *said) = hashlib.sha256(content).hexdigest(), current[file]
            # A copy, or an image that keeps no fractions of seconds, has other times and what was stored with it.
            current[file] = [stamp, whole, *(said if whole == before else _read(path, content))]
    if current != stored:
        _keep(store, json.dumps(current))
    return {file: Source(*said) for file, (_, _, *said) in current.items()}


def _keep(store: Path, text: str) -> None:
    """Write the store if the folder can be written; without it the next run only takes longer."""
    beside = store.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        store.parent.mkdir(exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(store)


def _read(path: Path, content: bytes) -> Source:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        # Only a job that runs this file can tell where the mistake is; the digest changes when it is mended.
        return Source(hashlib.sha256(content).hexdigest(), [])
    imports: set[str] = set()
    package = path.relative_to(SCRIPTS).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(_imported_names(node, package))
        elif isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    ours = sorted(name for name in imports if name.split(".")[0] == PACKAGE)
    return Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), ours)


def _imported_names(node: ast.Import | ast.ImportFrom, package: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = list(package[: len(package) - node.level + 1]) if node.level else []
    module = ".".join([*base, node.module] if node.module else base)
    yield module
    yield from (f"{module}.{alias.name}" for alias in node.names)
