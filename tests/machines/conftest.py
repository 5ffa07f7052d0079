"""The server, the client's way to it, and a trained model that is compiled for its machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOKEN = "planted-ibm-token-4711"  # noqa: S105 - which opens nothing
NAMES = (
    "*.cloud.ibm.com,DNS:*.quantum.cloud.ibm.com,DNS:*.global-search-tagging.cloud.ibm.com,DNS:quantum.cloud.ibm.com"
)


@dataclass
class Server:
    """A running server.

    Attributes:
        port: on 127.0.0.1.
        ca: certificate that the client must trust.
    """

    port: int
    ca: Path

    def tell(self, **state: Any) -> dict[str, Any]:
        """Change what it does; it answers with the jobs it has and the requests it saw."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/control", json.dumps(state).encode()) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All that were ever accepted."""
        jobs: list[dict[str, Any]] = self.tell()["jobs"]
        return jobs

    def posts(self) -> int:
        """How often a job was sent."""
        return sum(request == "POST post" for request in self.tell()["requests"])


@pytest.fixture(scope="session")
def ibm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test "
        "-addext keyUsage=critical,keyCertSign,cRLSign",
    )
    openssl(folder, "req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf")
    (folder / "names").write_text(f"subjectAltName=DNS:{NAMES}\n")
    openssl(
        folder, "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out leaf.pem"
    )
    script = Path(__file__).with_name("ibm_server.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder / "leaf.pem"), str(folder / "leaf.key")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    yield Server(int(process.stdout.readline()), folder / "ca.pem")
    process.kill()
    process.wait()


def openssl(folder: Path, words: str) -> None:
    subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def server(ibm: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The server as it was at first, and an environment in which IBM's client finds it; the folder is a fresh one."""
    from urllib3.util.retry import Retry

    for name in [name for name in os.environ if name.startswith("QISKIT_IBM")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{ibm.port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ibm.ca))
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    ibm.tell(reset=True)
    return ibm
