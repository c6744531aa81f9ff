"""The service as people start it, in a process of its own, which can be ended and started again."""

import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

import httpx2

START_S = 30


class Served:
    """`marketplace-search serve`, at the same address each time it is started."""

    def __init__(self, store: str) -> None:
        self._store = store
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns once it answers."""
        command = [sys.executable, "-m", "batch_jobs", "serve"]
        command += ["--store", self._store, "--port", str(self._port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert time.monotonic() < deadline, "the service did not start"
            assert self._process.poll() is None, "the service ended"
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=START_S)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", timeout=2).is_success
        except httpx2.HTTPError:
            return False
