"""What bench_index.py measures with: recall, latency, peak memory of a child, and the verdict."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from index_data import Embeddings, Numbers

SAME_RECALL = 0.0005  # recalls of a thousand queries that differ by less are equal
Search = Callable[[Embeddings], Sequence[int]]  # (width,) to rows, nearest first


@dataclass(frozen=True)
class Point:
    """An engine at one setting, over the held-out queries, on one thread."""

    setting: str
    recall_at_10: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Engine:
    """What an engine measured; `points` in the order of effort, up to the recall or the last."""

    name: str
    points: tuple[Point, ...]
    bytes_per_photo: float
    build_s: float
    peak_mb: float
    load_ms: float

    @property
    def last(self) -> Point:
        return self.points[-1]

    def reaches(self, recall: float) -> bool:
        return self.last.recall_at_10 >= recall - SAME_RECALL


class ChildError(Exception):
    """A child did not finish: too long, or ended by the system."""


def beats(peer: Engine, ours: Engine) -> bool:
    """Whether a peer has both fewer bytes and lower latency at the recall of ours."""
    return (
        peer.reaches(ours.last.recall_at_10)
        and peer.bytes_per_photo < ours.bytes_per_photo
        and peer.last.p50_ms < ours.last.p50_ms
    )


def recall(found: Numbers, embeddings: Embeddings, queries: Embeddings, exact: Embeddings) -> float:
    """The share of the `exact` similarities, (q, k) descending, that `found` (q, k) rows reach.

    Equal embeddings count for each other; a row that is -1, or comes twice, counts once at most.
    """
    right = wanted = 0
    for rows, query, similarities in zip(found, queries, exact, strict=True):
        possible = similarities[np.isfinite(similarities)]
        wanted += len(possible)
        if len(possible):
            unique = np.unique(rows[rows >= 0])
            reached = embeddings[unique] @ query >= possible[-1] - 1e-6
            right += min(int(reached.sum()), len(possible))
    return right / max(1, wanted)


def timed(search: Search, queries: Embeddings, k: int) -> tuple[Numbers, list[float]]:
    """Rows found, (q, k), -1 where there are fewer; and milliseconds a query, one after another."""
    found = np.full((len(queries), k), -1, dtype=np.int64)
    times = []
    for place, query in enumerate(queries):
        started = time.perf_counter()
        rows = search(query)
        times.append((time.perf_counter() - started) * 1000)
        found[place, : len(rows)] = rows
    return found, times


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    return statistics.median(times), float(np.percentile(times, 95))


def peak_mb() -> float:
    """The most memory that this process ever held, with the pages of files it mapped."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def resident_mb(path: Path) -> float:
    """How much of a mapped file this process has in memory."""
    resident, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name = line.split()[0]
        if not name.endswith(":"):  # a mapping begins
            ours = line.endswith(str(path))
        elif ours and name == "Rss:":
            resident += int(line.split()[1])
    return resident * 1024 / 1e6


def in_child(
    function: Callable[..., Any], *args: Any, timeout_s: float | None = None, one_core: bool = False
) -> Any:
    """The result of a function in a fresh process. Raises ChildError where none came in time."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(theirs, function, args))
    with _cores(1 if one_core else None):
        child.start()
    theirs.close()
    try:
        if not ours.poll(timeout_s):
            raise ChildError(f"stopped after {timeout_s:.0f} s")
        result = ours.recv()
    except EOFError:
        child.join()
        raise ChildError(f"ended with code {child.exitcode}") from None
    finally:
        child.kill()
        child.join()
    return result


def _answer(connection: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    connection.send(function(*args))


@contextmanager
def _cores(count: int | None) -> Iterator[None]:
    """A process started within knows of so many cores, and BLAS takes no more threads."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(every, reverse=True)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)
