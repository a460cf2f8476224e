"""The tax side's door: HTTP on loopback. POST / takes a message, GET /health tells who answers."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fapiao_kernel.simulator.authority.bureau import Bureau
from fapiao_kernel.simulator.authority.codec import BadMessage
from fapiao_kernel.simulator.authority.store import Store

LARGEST = 1_000_000
XML = "text/xml; charset=GBK"


class AuthorityServer(ThreadingHTTPServer):
    """Listens on a port of its own choosing; ``url`` says which."""

    daemon_threads = True

    def __init__(self, store: Store) -> None:
        self.store = store
        self.bureau = Bureau(store)
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    server: AuthorityServer

    def do_GET(self) -> None:
        if not self._host_is_ours():
            return
        if self.path != "/health":
            self._send(404, b"", "text/plain")
            return
        body = {"ok": True, "id": self.server.bureau.id, "time": self.server.bureau.now()}
        self._send(200, json.dumps(body).encode(), "application/json")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not self._host_is_ours():
            return
        if not length.isdigit() or int(length) > LARGEST:
            self._send(413, b"", "text/plain")
            return
        data = self.rfile.read(int(length))
        store = self.server.store
        if store.fault("down"):
            self._send(503, b"", "text/plain")
            return
        self.server.stopping.wait(store.fault_seconds("slow"))
        try:
            answer = self.server.bureau.answer(data)
        except BadMessage as problem:
            self._send(400, str(problem).encode(), "text/plain")
            return
        self._send(200, answer * 2 if store.fault("answer_twice") else answer, XML)

    def _host_is_ours(self) -> bool:
        port = self.server.server_port
        if self.headers.get("Host") in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return True
        self._send(421, b"", "text/plain")
        return False

    def _send(self, status: int, body: bytes, kind: str) -> None:
        if status != 200:
            self.close_connection = True  # what is left of the request was not read
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status != 200:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No request log: who asked what stands in the state, and a body may be ciphertext."""
