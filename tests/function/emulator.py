"""The function as AWS Lambda runs it: the runtime emulator of aws-sam-cli, without Docker.

Where there is a Python of Lambda's version, what runs is build/function, alone on its path; else
the source tree under this interpreter.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[2]
ARTIFACT, RUNTIME = ROOT / "build" / "function", ROOT / "build" / "runtime"
sys.path.append(str(ROOT / "infra" / "function"))

from python_for import VERSION, find_python  # noqa: E402

START_S, ANSWER_S, STOP_S = 20, 60, 10
# What Lambda itself sets, for a function of one vCPU.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_NAME": "search",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
}


def emulator_path() -> Path | None:
    """The emulator in .venv-sam, None where `make setup` has not made that."""
    pattern = "lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"
    return next((ROOT / ".venv-sam").glob(pattern), None)


@dataclass(frozen=True)
class Function:
    """A running function. `log` has what the emulator and the function wrote."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def invoke(self, event: Any) -> Any:
        """What the handler returned for an event, or Lambda's errorType and errorMessage."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        return httpx2.post(url, json=event, timeout=ANSWER_S).json()


@dataclass(frozen=True)
class Code:
    """A folder with a handler's module, and the interpreter with its options that runs it.

    `runtime` is a folder with awslambdaric for this interpreter, None where it has it itself.
    """

    folder: Path
    python: tuple[str, ...]
    version: str
    runtime: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What Lambda says of the code, and where Python looks besides the folder."""
        own = {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{self.version}",
            "LAMBDA_TASK_ROOT": str(self.folder),
        }
        return own | ({"PYTHONPATH": str(self.runtime)} if self.runtime else {})


SOURCE_TREE = Code(ROOT, (sys.executable,), f"{sys.version_info[0]}.{sys.version_info[1]}")


def artifact() -> Code | None:
    """build/function, made now if anything has changed; None where its Python is not to be had."""
    python = find_python()
    if python is None:
        return None
    for script in ("build_function.py", "runtime.py"):
        subprocess.run([sys.executable, ROOT / "infra" / "function" / script], check=True)
    # -S: no site-packages, so nothing but the folder, Lambda's runtime and the standard library.
    return Code(ARTIFACT, (str(python), "-S"), VERSION, RUNTIME)


@contextmanager
def running(
    log: Path,
    environment: Mapping[str, str],
    code: Code = SOURCE_TREE,
    handler: str = "lambda_search.handler.handler",
) -> Iterator[Function]:
    """Runs a handler of this code with these variables beside those of Lambda."""
    port, runtime_port = free_ports(2)
    command = [
        str(emulator_path()),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *(*code.python, "-m", "awslambdaric", handler),
    ]
    path = {"PATH": os.environ["PATH"]}  # noqa: TID251
    variables = path | LAMBDA | code.environment | dict(environment)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=code.folder, env=variables, stdout=file, stderr=file
        )
    try:
        _wait_for(port, process, log)
        yield Function(port, log, process)
    finally:
        _end(process)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"The emulator did not start:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the emulator, which ends the function's process with itself."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
