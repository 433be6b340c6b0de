"""A bad network and a bad server in one: an HTTP proxy that is told what to do with the next requests."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, List, Optional, Tuple, Union
from urllib.parse import urlsplit

#: ``lose``: done, and the answer is lost. ``cut``: the answer breaks off. ``reset``: not even passed on. ``hang``: no answer, until the
#: proxy closes. ``drip``: an answer that takes for ever, a byte at a time. ``close``: passed on, and the connection closed behind the
#: answer without a word. A tuple is the answer: status, headers, body.
Fault = Union[str, Tuple[int, dict, str]]


class Request:
    def __init__(self, method: str, path: str, headers: Any, body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body


class Unreliable:
    """Passes on what it has no fault for. Use it in a ``with``."""

    def __init__(self, target: str, *faults: Fault) -> None:
        self.faults: List[Fault] = list(faults)
        self.requests: List[Request] = []
        #: Called with each request before anything else is done with it.
        self.on_request: Callable[[Request], Any] = lambda request: None
        self.closing = threading.Event()
        self.connections = 0
        self._target = urlsplit(target)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Unreliable:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                proxy.connections += 1

            def log_message(self, *_: object) -> None:
                pass

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, self.headers, body)
                proxy.requests.append(request)
                fault: Optional[Fault] = proxy.faults.pop(0) if proxy.faults else None
                proxy.on_request(request)
                if fault == "reset":
                    return self.cut_off()
                if fault == "hang":
                    proxy.closing.wait()
                    return self.cut_off()
                if fault == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while not proxy.closing.wait(0.05):
                        self.wfile.write(b" ")
                    return self.cut_off()
                if isinstance(fault, tuple):
                    status, headers, text = fault
                    return self.reply(status, list(headers.items()), text.encode())
                status, headers, content = proxy.forward(request)
                if fault == "lose":
                    return self.cut_off()
                if fault == "cut":
                    self.reply(status, headers, content, len(content) // 2)
                    return self.cut_off()
                self.reply(status, headers, content)
                if fault == "close":
                    self.cut_off()

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def reply(self, status: int, headers: List[Tuple[str, str]], content: bytes, length: Optional[int] = None) -> None:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "keep-alive", "content-length", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[:length])

            def cut_off(self) -> None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

        return Handler

    def forward(self, request: Request) -> Tuple[int, List[Tuple[str, str]], bytes]:
        connection = HTTPConnection(self._target.hostname or "", self._target.port, timeout=40)
        try:
            skipped = ("host", "connection", "content-length", "accept-encoding")
            headers = {name: value for name, value in request.headers.items() if name.lower() not in skipped}
            connection.request(request.method, request.path, request.body or None, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()
