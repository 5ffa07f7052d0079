"""IBM Quantum Platform on one port: the calls of its client, behind CONNECT and TLS or plain, with faults on demand.

Results come from Aer, of the circuits that arrived. ``python ibm_server.py CERTIFICATE KEY`` prints its port.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import qiskit_ibm_runtime
from qiskit_aer.primitives import SamplerV2
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

MACHINE = "ibm_quince"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef0123456789abcdef:aaaa-bbbb::"
LIMA = Path(qiskit_ibm_runtime.__file__).parent / "fake_provider/backends/lima"
CONFIGURATION = {**json.loads((LIMA / "conf_lima.json").read_text()), "backend_name": MACHINE}
PROPERTIES = {**json.loads((LIMA / "props_lima.json").read_text()), "backend_name": MACHINE}
SEED = 7

STATE: dict[str, Any] = {}
JOBS: list[dict[str, Any]] = []
SESSIONS: dict[str, dict[str, Any]] = {}
REQUESTS: list[str] = []


def reset() -> None:
    JOBS.clear()
    SESSIONS.clear()
    REQUESTS.clear()
    STATE.clear()
    STATE.update(
        {
            "faults": {},  # route to [kind, times, what it needs]
            "waits": 0,  # questions that a job waits for
            "ends": "Completed",
            "usage": {"usage_consumed_seconds": 10, "usage_limit_seconds": 600},
            "status": {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"},
            "properties": PROPERTIES,
            "token_age_s": 0,
            "results": "",  # "short": a row less; "foreign": inputs of another circuit; "text": no counts
            "tokens": None,  # those that runtime calls accept; all if None
            "machines": [MACHINE],
        }
    )


def run(job: dict[str, Any]) -> str:
    """Results as IBM's encoder writes them."""
    params = json.loads(json.dumps(job["params"]), cls=RuntimeDecoder)
    pubs = [(pub[0], pub[1]) if pub[0].parameters else (pub[0],) for pub in params["pubs"]]
    if STATE["results"] == "short":
        pubs = [(circuit, values[:-1]) for circuit, values in pubs]
    result = SamplerV2(seed=SEED).run(pubs, shots=params["pubs"][0][2]).result()
    return json.dumps(result, cls=RuntimeEncoder)


def jwt(age_s: float) -> str:
    now = time.time() - age_s
    parts = [{"alg": "none"}, {"iat": int(now), "exp": int(now + 3600)}, {}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = ""

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)  # type: ignore[attr-defined]
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            self.host, self.close_connection = self.path.split(":")[0], False

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - names of the standard library

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/control":
            self.control(json.loads(body))
            return
        route, give = self.route(body)
        REQUESTS.append(f"{self.command} {route}")
        kind, times, what = STATE["faults"].get(route, ["", 0, None])
        if times and kind:
            STATE["faults"][route][1] -= 1
            self.fail(kind, what, give)
        else:
            self.send(*give())

    def control(self, said: dict[str, Any]) -> None:
        if said.pop("reset", False):
            reset()
        for job in JOBS:
            if job["id"] == said.get("release"):
                job["ends"] = "Completed"
        if ended := said.pop("end", ""):
            SESSIONS[ended] |= {"accepting_jobs": False, "state": "closed"}
        STATE.update(said)
        self.send(200, json.dumps({"jobs": JOBS, "requests": REQUESTS, "sessions": SESSIONS}))

    def fail(self, kind: str, what: Any, give: Any) -> None:
        if kind == "code":
            self.send(what, json.dumps({"errors": [{"code": what, "message": f"fault {what}"}]}), {"Retry-After": "1"})
        elif kind == "text":
            self.send(200, "<html>busy</html>")
        elif kind == "hang":
            time.sleep(what)
            self.drop()
        elif kind == "before":
            self.drop()
        else:
            status, text = give()
            if kind == "truncate":
                self.send_response(status)
                self.send_header("Content-Length", str(len(text) + 50))
                self.end_headers()
                self.wfile.write(text[: len(text) // 2].encode())
            if kind == "kill":
                os.kill(what, signal.SIGKILL)
            self.drop()

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status: int, text: str = "", headers: dict[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def route(self, body: bytes) -> tuple[str, Any]:
        """Name of the call, and what answers it."""
        path = urlsplit(self.path)
        if self.host.startswith("iam"):
            token = jwt(STATE["token_age_s"])
            said = {"access_token": token, "refresh_token": "none", "token_type": "Bearer", "expires_in": 3600}
            return "token", lambda: (200, json.dumps({**said, "expiration": int(time.time()) + 3600}))
        if "global-search" in self.host:
            item = {"crn": CRN, "name": "mine", "service_plan_unique_id": "plan", "tags": []}
            items = [{**item, "doc": {"extensions": {"x": 1}}}]
            return "search", lambda: (200, json.dumps({"items": items}))
        if self.host.startswith("globalcatalog"):
            plan = {"overview_ui": {"en": {"display_name": "Open"}}, "metadata": {"pricing": {"type": "free"}}}
            return "catalog", lambda: (200, json.dumps(plan))
        return self.runtime(path.path.removeprefix("/api/v1"), parse_qs(path.query), body)

    def runtime(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[str, Any]:
        if path == "/instances/usage":
            return "usage", lambda: (200, json.dumps(STATE["usage"]))
        if path == "/backends":
            rows = [
                {"name": name, "qubits": 5, "queue_length": 3, "status": {"name": "online"}}
                for name in STATE["machines"]
            ]
            return "backends", lambda: (200, json.dumps({"devices": rows}))
        if match := re.fullmatch(r"/backends/(\w+)/(configuration|properties|status)", path):
            said = {"configuration": CONFIGURATION, "properties": STATE["properties"], "status": STATE["status"]}
            return match[2], lambda: (200, json.dumps({**said[match[2]], "backend_name": match[1]}))
        if path.startswith("/sessions"):
            return "sessions", lambda: self.session(path.rpartition("/")[2], json.loads(body or b"{}"))
        if path == "/jobs" and self.command == "POST":
            return "post", lambda: self.accept(json.loads(body))
        if path == "/jobs":
            found = [job for job in JOBS if set(query.get("tags", [])) <= set(job["tags"])]
            return "list", lambda: (200, json.dumps({"jobs": [told(job) for job in found], "count": len(found)}))
        match = re.fullmatch(r"/jobs/([\w-]+)(/\w+)?", path)
        job = next((job for job in JOBS if match and job["id"] == match[1]), None)
        if job is None or match is None:
            return "job", lambda: (404, json.dumps({"errors": [{"message": "not found"}]}))
        return self.of_job(job, (match[2] or "/job")[1:], "exclude_params" in query)

    def session(self, name: str, said: dict[str, Any]) -> tuple[int, str]:
        if self.command == "POST":
            name = f"s{len(SESSIONS)}"
            SESSIONS[name] = {"id": name, "state": "open", "accepting_jobs": True, "backend_name": MACHINE, **said}
        if name not in SESSIONS:
            return 404, json.dumps({"errors": [{"message": "not found"}]})
        if self.command == "PATCH":
            SESSIONS[name] |= said
        return 200, json.dumps({**SESSIONS[name], "elapsed_time": 0})

    def of_job(self, job: dict[str, Any], what: str, short: bool) -> tuple[str, Any]:
        if what == "cancel":
            job["ends"] = job["status"] = "Cancelled"
            return what, lambda: (204,)
        if what == "metrics":
            used = {"quantum_seconds": 3.5 if job["status"] == "Completed" else None}
            said = {
                "usage": used,
                "position_in_queue": 2,
                "estimated_start_time": "2026-11-30T08:00:00Z",
                "timestamps": {},
            }
            return what, lambda: (200, json.dumps(said))
        if what == "results":
            return what, lambda: (200, json.dumps("no counts") if STATE["results"] == "text" else run(job))
        if job["waits"] > 0:
            job["waits"] -= 1
        elif job["ends"]:
            job["status"] = job["ends"]
        inputs = job if STATE["results"] != "foreign" else {**job, "params": JOBS[0]["params"]}
        return "job", lambda: (200, json.dumps({**told(job), **({} if short else {"params": inputs["params"]})}))

    def accept(self, said: dict[str, Any]) -> tuple[int, str]:
        if "session_id" in said and not SESSIONS[said["session_id"]]["accepting_jobs"]:
            return 400, json.dumps({"errors": [{"message": "the session is closed"}]})
        job = {
            "id": f"job{len(JOBS)}",
            "tags": said["tags"],
            "params": said["params"],
            "cost": said.get("cost"),
            "session": said.get("session_id"),
            "created": f"2026-11-29T10:00:{len(JOBS):02d}.000Z",
            "status": "Queued",
            "waits": STATE["waits"],
            "ends": STATE["ends"],
        }
        JOBS.append(job)
        return 200, json.dumps({"id": job["id"], "backend": MACHINE})


def told(job: dict[str, Any]) -> dict[str, Any]:
    state = {"status": job["status"], "reason": "the fridge is warm" if job["status"] == "Failed" else ""}
    return {
        "id": job["id"],
        "backend": MACHINE,
        "state": state,
        "status": job["status"],
        "created": job["created"],
        "tags": job["tags"],
        "program": {"id": "sampler"},
    }


def main() -> None:
    reset()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # type: ignore[attr-defined]
    server.context.load_cert_chain(*sys.argv[1:3])  # type: ignore[attr-defined]
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
