"""A web server of the test that takes what a chat service would be sent, and answers as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook:
    """``got``: (path, headers, body) of each call. ``status``, ``answer``, ``location``: what it says."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], str]] = []
        self.status, self.answer, self.location, self.waits = 200, "ok", "", 0.0
        self.drips = False  # the answer goes on, a letter at a time
        self.port = 0

    def address(self, schema: str = "json", path: str = "/hook/s3cretpath", user: str = "") -> str:
        return f"{schema}://{user and user + '@'}127.0.0.1:{self.port}{path}"

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.got]


@contextmanager
def hook_listening() -> Iterator[Hook]:
    hook = Hook()
    leave = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            hook.got.append((self.path, dict(self.headers), body))
            if hook.waits:
                leave.wait(hook.waits)
            self.send_response(hook.status)
            if hook.location:
                self.send_header("Location", hook.location)
            self.end_headers()
            self.wfile.write(hook.answer.encode())
            with suppress(OSError):
                while hook.drips and not leave.wait(0.05):
                    self.wfile.write(b"x")

        do_GET = do_PUT = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        leave.set()
        server.shutdown()
        server.server_close()
        thread.join()
