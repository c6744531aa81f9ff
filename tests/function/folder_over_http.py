"""A folder served as an S3 bucket that counts what is read, and can wait, fail and lie."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUCKET = "bucket"


class FolderOverHttp(ThreadingHTTPServer):
    """s3://bucket/PREFIX reads from FOLDER/PREFIX. While `gate` is cleared, every read waits.

    Each read takes `wait_s` seconds longer. `status` is what all are answered with, 0 for a
    connection that is closed; the next `refused` reads get 403. `damage` is done to what blobs
    hold.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Reads)
        self.folder = folder
        self.reads: Counter[str] = Counter()
        self.status = 200
        self.wait_s = 0.0
        self.refused = 0
        self.damage: Callable[[bytes], bytes] | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "eu-west-1",
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            self.gate.set()
            self.shutdown()
            thread.join()
            self.server_close()


class _Reads(BaseHTTPRequestHandler):
    server: FolderOverHttp
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")
        self.server.reads[name.rpartition("/")[2]] += 1
        if not self.server.gate.is_set():
            self.server.waiting.set()
            self.server.gate.wait()
        time.sleep(self.server.wait_s)
        if self.server.status == 0:
            self.close_connection = True
            return
        if self.server.refused > 0:
            self.server.refused -= 1
            self._answer(403, b"", {})
            return
        path = self.server.folder / name
        if self.server.status != 200 or not path.is_file():
            self._answer(404 if self.server.status == 200 else self.server.status, b"", {})
            return
        content = path.read_bytes()
        if self.server.damage and "blobs/" in name:
            content = self.server.damage(content)
        self._send(content)

    def _send(self, content: bytes) -> None:
        etag = {"ETag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'}
        wanted = self.headers.get("Range")
        if wanted is None:
            self._answer(200, content, etag)
            return
        first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        if not part:
            self._answer(416, b"", {})
            return
        place = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}
        self._answer(206, part, etag | place)

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 10:15:00 GMT")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads a test's access log."""
