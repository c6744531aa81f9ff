"""The peers of bench_index.py, each built and measured in a process of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import index_libraries as libraries
import numpy as np
from index_data import Data, Embeddings, Numbers
from index_measures import (
    SAME_RECALL,
    Engine,
    Point,
    in_child,
    peak_mb,
    percentiles,
    recall,
    timed,
)

K = 10


@dataclass(frozen=True)
class Limits:
    """What every engine is given; `build_s` is for the build and again for the searches."""

    memory_mb: float
    p95_ms: float
    build_s: float
    threads: int


@dataclass(frozen=True)
class Peer:
    """`reduction` (width, d): it gets the embeddings in d dimensions, unit norm."""

    name: str
    build: Callable[..., float]
    open: Callable[..., libraries.Opened]
    options: dict[str, Any]
    reduction: Embeddings | None = None


def peers(photos: int, reduction: Embeddings | None) -> list[Peer]:
    """At their defaults on all dimensions, and graphs on ours, which is not their own idea."""
    lists = 4096 if photos >= 500_000 else 1024
    hnswlib = (libraries.build_hnswlib, libraries.open_hnswlib)
    autofaiss = (libraries.build_autofaiss, libraries.open_faiss)
    usearch = (libraries.build_usearch, libraries.open_usearch)
    factory = f"PCAR256,IVF{lists},SQ8"  # what is to be beaten
    found = [
        Peer(f"FAISS {factory}", libraries.build_faiss, libraries.open_faiss, {"key": factory}),
        Peer("autofaiss", *autofaiss, {}),
        Peer("hnswlib M16", *hnswlib, {"m": 16}),
        Peer("usearch f16 M16", *usearch, {"m": 16, "dtype": "f16"}),
        Peer("usearch i8 M16", *usearch, {"m": 16, "dtype": "i8"}),
    ]
    if reduction is None:
        return found
    small = f"on our {reduction.shape[1]} dimensions"
    return [
        *found,
        Peer(f"autofaiss {small}", *autofaiss, {}, reduction),
        Peer(f"hnswlib M16 {small}", *hnswlib, {"m": 16}, reduction),
        Peer(f"usearch f16 M16 {small}", *usearch, {"m": 16, "dtype": "f16"}, reduction),
        Peer(f"usearch f16 M6 {small}", *usearch, {"m": 6, "dtype": "f16"}, reduction),
        Peer(f"usearch f16 M4 {small}", *usearch, {"m": 4, "dtype": "f16"}, reduction),
        Peer(f"usearch i8 M8 {small}", *usearch, {"m": 8, "dtype": "i8"}, reduction),
    ]


def measure(peer: Peer, data: Data, exact: Embeddings, target: float, limits: Limits) -> Engine:
    """Builds a peer and raises its effort until it has the recall. Raises ChildError."""
    path = data.folder / "peer.index"
    path.unlink(missing_ok=True)
    patience_s = limits.build_s + 10  # autofaiss has a process of its own, and ends it before
    try:
        build_s, peak = in_child(build, peer, data, path, limits, timeout_s=patience_s)
        points, load_ms = in_child(
            sweep, peer, data, path, exact, target, one_core=True, timeout_s=patience_s
        )
        size_bytes = path.stat().st_size + (0 if peer.reduction is None else peer.reduction.nbytes)
    finally:
        path.unlink(missing_ok=True)
    size = size_bytes / len(data.embeddings)
    return Engine(peer.name, tuple(points), size, build_s, peak, load_ms)


def build(peer: Peer, data: Data, path: Path, limits: Limits) -> tuple[float, float]:
    """Seconds and the peak of memory; runs in a child."""
    source = libraries.Source(data, peer.reduction)
    seconds = peer.build(source, path, limits, **peer.options)
    return seconds, peak_mb()


def sweep(
    peer: Peer, data: Data, path: Path, exact: Embeddings, target: float
) -> tuple[list[Point], float]:
    """The efforts up to the first that has the recall; milliseconds to open and search first."""
    queries, embeddings = data.queries, data.embeddings
    source = libraries.Source(data, peer.reduction)
    libraries.load()
    started = time.perf_counter()
    opened = peer.open(path, source.width, **peer.options)

    def search(query: Embeddings) -> Numbers:
        return opened.search(source.reduced(query[np.newaxis]), K)

    search(queries[0])
    load_ms = (time.perf_counter() - started) * 1000
    points: list[Point] = []
    for effort in opened.efforts:
        opened.set_effort(effort)
        found, times = timed(search, queries, K)
        reached = recall(found, embeddings, queries, exact)
        points.append(Point(f"{opened.knob} {effort}", reached, *percentiles(times)))
        if reached >= target - SAME_RECALL:
            break
    return points, load_ms
