"""Starts a handler under Lambda's runtime emulator and takes the time to its first answer."""

import http.client
import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from function.emulator import ANSWER_S, ROOT, Code, Function, running

BENCHMARKS = ROOT / "tests" / "benchmarks"
INVOKE = "/2015-03-31/functions/function/invocations"
_INIT_REPORT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True)
class Way:
    """What is started: a handler as MODULE.NAME, with variables beside those of Lambda."""

    name: str
    code: Code
    handler: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, cache: Path) -> dict[str, str]:
        """One thread for all alike, as one vCPU has; the handlers of this folder can be found."""
        paths = [path for path in (self.code.runtime, BENCHMARKS) if path]
        return {
            "CACHE_DIR": str(cache),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            **self.variables,
        }


@dataclass(frozen=True)
class Start:
    """`answer_ms` from starting the emulator to the end of the answer; `init_ms` as Lambda's log.

    Of the function's process: `cpu_ms` that it computed, in all threads, and the most memory.
    """

    answer_ms: float
    init_ms: float
    cpu_ms: float
    peak_mb: float
    response: Any


def start(way: Way, event: Any, scratch: Path) -> Start:
    """One cold start: a new process, with an empty folder for its cache, asked once.

    Raises RuntimeError with the log where the process ended.
    """
    log, cache = scratch / "log", scratch / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    body = json.dumps(event).encode()
    started = time.perf_counter()
    with running(log, way.environment(cache), way.code, way.handler) as function:
        response = json.loads(_asked(function, body))
        answer_ms = (time.perf_counter() - started) * 1000
        process = _process(function)
        cpu_ms, peak_mb = _cpu_ms(process), _peak_mb(process)
    return Start(answer_ms, init_ms(log.read_text()), cpu_ms, peak_mb, response)


def init_ms(log: str) -> float:
    """What the emulator's log says of the initialisation. Raises ValueError where it says none."""
    found = _INIT_REPORT.search(log)
    if not found:
        raise ValueError(f"There is no INIT REPORT in the log:\n{log[-2000:]}")
    return float(found.group(1))


def _asked(function: Function, body: bytes) -> bytes:
    """Without a client's own start, which takes longer than the request."""
    connection = http.client.HTTPConnection("127.0.0.1", function.port, timeout=ANSWER_S)
    try:
        connection.request("POST", INVOKE, body, {"Content-Type": "application/json"})
        return connection.getresponse().read()
    finally:
        connection.close()


def _process(function: Function) -> Path:
    """What /proc has of the function's process, which is the emulator's only child."""
    tasks = Path(f"/proc/{function.process.pid}/task").glob("*/children")
    children = " ".join(task.read_text() for task in tasks).split()
    if len(children) != 1:
        raise RuntimeError(f"The function ended:\n{function.log.read_text()[-2000:]}")
    return Path("/proc", children[0])


def _cpu_ms(process: Path) -> float:
    after_name = (process / "stat").read_text().rpartition(")")[2].split()
    user, system = (int(ticks) for ticks in after_name[11:13])
    return (user + system) * 1000 / os.sysconf("SC_CLK_TCK")


def _peak_mb(process: Path) -> float:
    found = _PEAK.search((process / "status").read_text())
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0
