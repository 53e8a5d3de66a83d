"""MiniStack's registry protocol behind the standard library's HTTP server."""

from __future__ import annotations

import asyncio
import urllib.parse
from http.server import BaseHTTPRequestHandler

from ministack.services import ecr as registry  # type: ignore[import-untyped]


class RegistryProtocol(BaseHTTPRequestHandler):
    """Hands every request to MiniStack's handler."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        fields = dict(part.split("=", 1) for part in query.split("&") if part)
        parsed = {key: [urllib.parse.unquote(value)] for key, value in fields.items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        status, answered, content = asyncio.run(
            registry.handle_registry_request(self.command, path, headers, body, parsed)
        )
        self.send_response(status)
        length = answered.pop("Content-Length", str(len(content)))
        for key, value in {**answered, "Content-Length": length}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
