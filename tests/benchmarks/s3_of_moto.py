"""A folder's files as an S3 bucket: moto's server in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from function.emulator import free_ports

START_S = 30
BUCKET = "benchmark"


@contextmanager
def s3_of(folder: Path, log: Path) -> Iterator[dict[str, str]]:
    """The variables by which the function finds the store: its URL and the server's."""
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _wait_for(endpoint, log)
        _copy(folder, f"{endpoint}/{BUCKET}")
        yield {"STORE_URL": f"s3://{BUCKET}", "AWS_ENDPOINT_URL": endpoint}
    finally:
        process.terminate()
        process.wait()


def _wait_for(endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            httpx2.get(endpoint)
            return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"moto's server did not start:\n{log.read_text()}")


def _copy(folder: Path, url: str) -> None:
    httpx2.put(url).raise_for_status()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        httpx2.put(f"{url}/{name}", content=path.read_bytes(), timeout=60).raise_for_status()
