"""A server that speaks IQM's calls to the real client: a machine, its calibration, jobs in Aer, faults on demand."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from iqm.qiskit_iqm.fake_backends import IQMFakeAdonis
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator

CALIBRATION = "cd4dd889-b88b-4370-ba01-eb8262ad9c53"
Answer = tuple[int, Any]


@dataclass
class IqmServer:
    """What the server knows and has seen.

    Attributes:
        token: the only one that is accepted.
        jobs: by id: what was posted, with its state.
        posts: how many jobs were accepted.
        faults: what goes wrong, by ``METHOD place``: an HTTP status; ``reset``, ``drop`` (the job is taken and the
            connection closed), ``truncate`` or ``text``; see `_Handler`.
        state: of jobs when asked for.
        edit: changes the measurements before they are sent.
        metrics: whether quality metrics are published.
    """

    token: str = "t0ken"  # noqa: S105
    jobs: dict[str, Any] = field(default_factory=dict)
    posts: int = 0
    faults: dict[str, int | str] = field(default_factory=dict)
    state: str = "completed"
    edit: Callable[[list[Any]], list[Any]] = field(default=lambda results: results)
    metrics: bool = True
    url: str = ""

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        if path == "quantum-computers":
            one = {"id": str(uuid.UUID(int=1)), "alias": "adonis", "display_name": "Adonis"}
            return 200, {"quantum_computers": [one]}
        if path.endswith("dynamic-quantum-architecture"):
            return 200, self._architecture()
        if path.startswith("calibration-sets/adonis/"):
            return self._observations(path.endswith("metrics"))
        if method == "POST" and path == "jobs/adonis/circuit":
            return self._take(body)
        match = re.fullmatch(r"jobs/([0-9a-f-]+)(/.*)?", path)
        if match and match[1] in self.jobs:
            return self._of_job(match[1], match[2] or "")
        return 404, {"message": "nothing is here", "source": "test"}

    def _architecture(self) -> Any:
        found = json.loads(IQMFakeAdonis().architecture.model_dump_json())
        return {**found, "calibration_set_id": CALIBRATION}

    def _observations(self, metrics: bool) -> Answer:
        if metrics and not self.metrics:
            return 404, {"message": "no quality metrics", "source": "test"}
        names = _metrics() if metrics else _settings()
        now = "2026-09-01T00:00:00Z"
        observations = [
            {"dut_field": name, "value": value, "unit": "", "observation_id": k, "created_timestamp": now,
             "modified_timestamp": now, "invalid": False, "dut_label": "M0", "source": {"type": "test"}, "tags": []}
            for k, (name, value) in enumerate(names.items())
        ]  # fmt: skip
        kind = "quality-metric-set" if metrics else "calibration-set"
        return 200, {
            "observation_set_id": CALIBRATION, "observation_set_type": kind, "observations": observations,
            "describes_id": None, "invalid": False, "dut_label": "M0", "created_timestamp": now, "end_timestamp": now,
        }  # fmt: skip

    def _take(self, body: bytes) -> Answer:
        job = str(uuid.uuid4())
        self.jobs[job] = json.loads(body)
        self.posts += 1
        return 200, {"id": job, "type": "circuit", "status": "waiting"}

    def _of_job(self, job: str, rest: str) -> Answer:
        if rest == "/payload":
            return 200, self.jobs[job]
        if rest == "/artifacts/measurements":
            return 200, self.edit(measured(self.jobs[job]))
        if rest == "/cancel":
            self.state = "cancelled"
        errors = [{"message": "the cryostat is warm", "source": "test"}] if self.state == "failed" else []
        position = 3 if self.state == "waiting" else None
        return 200, {"id": job, "type": "circuit", "status": self.state, "errors": errors, "queue_position": position}


def measured(job: Any) -> list[dict[str, list[list[int]]]]:
    """The circuits that arrived, in Aer without noise."""
    found = []
    for circuit in job["circuits"]:
        keys: list[str] = []
        own = QuantumCircuit(5, len([one for one in circuit["instructions"] if one["name"] == "measure"]))
        for one in circuit["instructions"]:
            places = [int(name[2:]) - 1 for name in one["locus"]]
            if one["name"] == "prx":
                own.r(one["args"]["angle"], one["args"]["phase"], *places)
            elif one["name"] == "cz":
                own.cz(*places)
            elif one["name"] == "measure":
                own.measure(places[0], len(keys))
                keys.append(one["args"]["key"])
        memory = AerSimulator(seed_simulator=7).run(own, shots=job["shots"], memory=True).result().get_memory()
        found.append({key: [[int(shot[::-1][k])] for shot in memory] for k, key in enumerate(keys)})
    return found


@contextmanager
def serving(server: IqmServer) -> Iterator[IqmServer]:
    """Serve on a free port of this computer."""
    handler = type("Handler", (_Handler,), {"state": server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: IqmServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].removeprefix("/api/v1/")
        place = re.sub(r"[0-9a-f]{8}-[0-9a-f-]+", "ID", path)
        fault = self.state.faults.get(f"{method} {place}")
        if self.headers.get("Authorization") != f"Bearer {self.state.token}":
            self._send(401, {"message": "who are you?", "source": "test"})
        elif isinstance(fault, int):
            self._send(fault, {"message": f"answer {fault}", "source": "test"})
        elif fault == "reset":
            self.connection.close()
        else:
            status, answer = self.state.answer(method, path, body)
            if fault == "drop":
                self.connection.close()
            elif fault == "text":
                self._send(200, "a page of a proxy")
            else:
                self._send(status, answer, whole=fault != "truncate")

    def _send(self, status: int, answer: Any, whole: bool = True) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if whole else data[: len(data) // 2])


def _metrics() -> dict[str, float]:
    found: dict[str, float] = {}
    for k in range(1, 6):
        found[f"characterization.model.QB{k}.t1_time"] = 30e-6 + k * 1e-6
        found[f"characterization.model.QB{k}.t2_time"] = 20e-6
        found[f"metrics.rb.prx.__fake.QB{k}.fidelity"] = 0.999
        found[f"metrics.ssro.measure.__fake.QB{k}.fidelity"] = 0.97
        found[f"metrics.ssro.measure.__fake.QB{k}.error_0_to_1"] = 0.02
        found[f"metrics.ssro.measure.__fake.QB{k}.error_1_to_0"] = 0.04
    for k in (1, 2, 4, 5):
        first, second = sorted((k, 3))
        found[f"metrics.irb.cz.__fake.QB{first}__QB{second}.fidelity"] = 0.98
    return found


def _settings() -> dict[str, float]:
    found: dict[str, float] = {}
    for k in range(1, 6):
        found[f"gates.prx.__fake.QB{k}.duration"] = 40e-9
        found[f"gates.measure.__fake.QB{k}.duration"] = 1.5e-6
    for k in (1, 2, 4, 5):
        first, second = sorted((k, 3))
        found[f"gates.cz.__fake.QB{first}__QB{second}.duration"] = 80e-9
    return found
