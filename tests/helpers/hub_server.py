"""A small server with the file API of the Hugging Face hub, and its failures.

As on the hub, large files are redirected, with their size and SHA-256 in the headers.
"""

# ruff: noqa: D102 - the docstrings of the classes describe their methods.

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

COMMIT = "c0ffee" + "0" * 34
LARGE = (".safetensors", ".bin")


class Hub(ThreadingHTTPServer):
    """Repositories by name, and their failures."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.stated: dict[str, str] = {}
        """Wrong digests that are stated, by file."""
        self.short: set[str] = set()
        """Files that end after half of their bytes."""
        self.breaking: dict[str, int] = {}
        """Numbers of responses that break off after half of the bytes, by file."""
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def store(self) -> str:
        return f"http://localhost:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers HEAD and GET of /, /OWNER/NAME/resolve/REVISION/FILE, and of redirected files."""

    server: Hub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def answer(self, body: bool) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.path == "/":
            return self.reply(200, {})
        parts = self.path[1:].split("/", 4)
        if len(parts) < 5:
            return self.reply(404, {})
        owner, name, action, _, file = parts
        repository = f"{owner}/{name}"
        files = self.server.repositories.get(repository)
        if files is None:  # as the hub does, which hides private ones
            return self.reply(401, {"X-Error-Message": "Invalid username or password."})
        if repository in self.server.gated:
            return self.reply(401, {"X-Error-Code": "GatedRepo"})
        if file not in files:
            return self.reply(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        content = files[file]
        if action == "resolve" and file.endswith(LARGE):
            digest = self.server.stated.get(file, hashlib.sha256(content).hexdigest())
            return self.reply(
                302,
                {
                    # Another host, as on the hub: the client would follow a redirection to the
                    # same host, and miss these headers.
                    "Location": f"{self.server.store}/{repository}/content/-/{file}",
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                },
            )
        blob = b"blob %d\0%s" % (len(content), content)  # Git's digest, for small files
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(blob).hexdigest()}"'}
        return self.send(file, content, headers, body)

    def send(self, file: str, content: bytes, headers: dict[str, str], body: bool) -> None:
        half, start = len(content) // 2, 0
        if file in self.server.short:
            content = content[:half]
        if span := self.headers.get("Range"):
            start = int(span.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        if body and self.server.breaking.get(file, 0) > 0:
            self.server.breaking[file] -= 1
            rest = rest[: max(half - start, 0)]
        headers["Content-Length"] = str(len(content) - start)
        self.reply(206 if span else 200, headers, rest if body else b"")

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Hub]:
    """Serve a hub in a thread."""
    with Hub() as hub:
        thread = Thread(target=hub.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
