"""
A stand-in for the example adapter's vendor, in a process of its own.

``python vendor.py LEDGER`` prints its port and serves. Each text it accepts is a line in LEDGER, on
disk before it answers: what stands there went out, whatever became of the hub.
"""

import json
import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

SLOW_S = 20.0
"""How long a text that begins with "slow" has been accepted before that is answered."""


class Vendor(BaseHTTPRequestHandler):
    """Accepts every text after a short, uneven while."""

    protocol_version = "HTTP/1.1"
    ledger: ClassVar[int]

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(random.uniform(0.0, 0.03))
        line = {name: text[name] for name in ("reference", "text", "callback_url")}
        os.write(self.ledger, json.dumps(line).encode() + b"\n")
        os.fsync(self.ledger)
        time.sleep(SLOW_S if text["text"].startswith("slow") else random.uniform(0.0, 0.03))
        answer = json.dumps({"id": f"text-{text['reference']}", "status": "queued"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing: the ledger is the log."""


class Server(ThreadingHTTPServer):
    """Says nothing of a hub that broke off in the middle of a request: it was killed."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


if __name__ == "__main__":
    Vendor.ledger = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = Server(("127.0.0.1", 0), Vendor)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
