"""Jobs forked from a process that has imported what they need: importing torch takes longer than most jobs' own work.

The head of a run starts two servers: one for what imports torch, and one for what does not, whose jobs stay small. A
job is forked there, in the folder, environment and terminal it was started with; the process that asked waits for its
end, and is as good as it. Whatever a script imports is imported in the server before the first fork for it, and never
again. Where no server answers, jobs run as they were started.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn

from hqnn.supervision import End, leave, supervised

HEAVY, LIGHT = "HQNN_FORKSERVER", "HQNN_LIGHT_FORKSERVER"  # environment variables: names of the servers' sockets
SERVERS = (HEAVY, LIGHT)
STARTING = "from hqnn.forkserver import serve; serve({socket!r})"
LIBRARY = "hqnn"
PREFERRED = ("snakemake.script",)  # what every job's first lines import
LONGEST_REQUEST = 1 << 20  # bytes
PEER = struct.Struct("3i")  # process, user and group, as Linux says them
SELDOM = 100_000  # new objects between garbage collections

serving = False  # in a process that was forked for a job


def start(environment: dict[str, str]) -> dict[str, str]:
    """Start the servers of this run; they end when this process does.

    Args:
        environment: of the servers, without what no job may see.

    Returns:
        The environment variables that tell jobs of them.
    """
    return {name: _started(environment) for name in SERVERS}


def _started(environment: dict[str, str]) -> str:
    place = f"hqnn-{token_hex(16)}"
    command = [sys.executable, "-P", "-c", STARTING.format(socket=place)]
    null = subprocess.DEVNULL
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=null, stderr=null)
    _SERVERS.append(server)  # its input stays open as long as this process lives
    return place


_SERVERS: list[subprocess.Popen[bytes]] = []


def run_forked(server: str, tell: Callable[[End], None]) -> None:
    """Have a server run this process's script, tell how it ended and end so; return where it does not answer.

    Args:
        server: `HEAVY` or `LIGHT`.
        tell: see `hqnn.supervision.supervised`.
    """
    place = os.environ.get(server)
    if not place:
        return
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(_address(place))
    except OSError:
        return
    if not _is_ours(connection):
        return
    about = {"arguments": sys.argv, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    usual = signal.signal(signal.SIGINT, lambda *_: leave(128 + signal.SIGINT))
    sys.stdout.flush()
    sys.stderr.flush()
    end = None
    with suppress(OSError):  # the server was killed meanwhile
        socket.send_fds(connection, [json.dumps(about).encode() + b"\n"], [0, 1, 2])
        for line in connection.makefile("rb"):
            said = json.loads(line)
            if "process" in said:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the forked job, too
                signal.signal(signal.SIGTERM, lambda *_, job=said["process"]: os.kill(job, signal.SIGTERM))
                end = End(128 + signal.SIGKILL, signal.SIGKILL, 0.0, 0.0, 0.0)  # where nobody is left to say how
            else:
                end = End(**{**said, "signal": said["signal"] and signal.Signals(said["signal"])})
    if end is None:  # no job was begun
        signal.signal(signal.SIGINT, usual)
        return
    tell(end)
    leave(end.code)


def serve(place: str) -> None:
    """Fork a process for every script that is asked for, until the standard input is closed.

    Args:
        place: name of the socket.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who is forked
    gc.set_threshold(SELDOM)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(_address(place))
    listening.listen(128)
    ended = sys.stdin.fileno()
    while ended not in select.select([ended, listening], [], [])[0]:
        connection, _ = listening.accept()
        with connection:
            if _is_ours(connection):
                _fork(connection, listening)


def _address(place: str) -> str:
    """Where no file is left behind: Linux's own space of names of sockets."""
    return f"\0{place}"


def _is_ours(connection: socket.socket) -> bool:
    """Whether the process at the other end is of the same user."""
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return bool(PEER.unpack(said)[1] == os.getuid())


def _fork(connection: socket.socket, listening: socket.socket) -> None:
    """Fork for one request; return in the server alone."""
    try:
        about, terminal = _request(connection)
    except (OSError, ValueError):
        return  # who asked is there no more
    _import(Path(about["folder"], about["arguments"][0]))
    gc.freeze()
    if os.fork() == 0:
        listening.close()
        _become(about, terminal, connection)
    for descriptor in terminal:
        os.close(descriptor)


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, terminal, *_ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
    while not text.endswith(b"\n"):
        more = connection.recv(LONGEST_REQUEST)
        if not more:
            raise ValueError("half a request")
        text += more
    return json.loads(text), terminal


def _import(script: Path) -> None:
    """Import what the script does; what fails here fails in the job, too, whose log says why."""
    for name in (*PREFERRED, *_imports(script)):
        with suppress(Exception):
            importlib.import_module(name)


def _imports(script: Path) -> Iterator[str]:
    """The modules of the library that a script names."""
    with suppress(OSError, SyntaxError):
        for node in ast.walk(ast.parse(script.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named = [str(node.module)] if isinstance(node, ast.ImportFrom) else names
            yield from (name for name in named if name.partition(".")[0] == LIBRARY)


def _become(about: dict[str, Any], terminal: list[int], connection: socket.socket) -> NoReturn:
    """Be the job: one process runs it, and its parent, this one, says how it ends."""
    global serving
    serving = True
    for place, descriptor in enumerate(terminal):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(about["folder"])
    os.environ.clear()
    os.environ.update(about["environment"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        connection.sendall(json.dumps({"process": os.getpid()}).encode() + b"\n")
    except OSError:
        leave(1)  # who asked is there no more
    supervised(lambda end: connection.sendall(json.dumps(asdict(end)).encode() + b"\n"), asked_by=connection)
    connection.close()
    sys.argv = about["arguments"]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as error:
        leave(error.code if isinstance(error.code, int) else int(error.code is not None))
    except BaseException:
        traceback.print_exc()
        leave(1)
    leave(0)
