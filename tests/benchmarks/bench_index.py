"""The index planned, built, opened, filtered and updated, beside hnswlib, usearch and autofaiss.

python tests/benchmarks/bench_index.py [--photos 1000000] [--run RUN --store URL] [--no-peers]
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import index_lines as lines
from index_data import Data, Embeddings, draw, exact_top, from_run
from index_filters import filtered
from index_libraries import reduction_in
from index_measures import ChildError, Engine, in_child
from index_ours import K, make, opened, searched
from index_peers import Limits, measure, peers
from index_update import update

from batch_jobs.index.choose import Budget
from release.segment import INDEX_FILE
from release.store import Store

BYTES_A_PHOTO = 330  # the memory that engines are given


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        data = _data(asked, Path(scratch))
        photos = len(data.embeddings)
        memory_mb = asked.memory_mb or BYTES_A_PHOTO * photos / 1e6
        limits = Limits(memory_mb, asked.p95_ms, asked.peer_minutes * 60, asked.threads)
        print(f"{photos:,} photos; engines are given {memory_mb:.0f} MB and {asked.p95_ms:g} ms")
        exact, _ = exact_top(data.embeddings, data.queries, K)
        found = list(_measured(asked, data, exact, limits))
    missed = [must.what for must in found if must.holds is False]
    if missed:
        sys.exit(f"Missed: {'; '.join(missed)}.")
    print("All that was judged holds.")


def _measured(
    asked: argparse.Namespace, data: Data, exact: Embeddings, limits: Limits
) -> Iterator[lines.Must]:
    folder = data.folder / "ours"
    budget = Budget(limits.memory_mb, asked.recall, limits.p95_ms)
    made = in_child(make, data, budget, folder, limits.threads)
    keys, whole = in_child(searched, folder, data, exact, one_core=True)
    opening = in_child(opened, folder, data, one_core=True)
    print(f"{made.why}\nlistings.sqlite has {made.listings_mb:.0f} MB; {made.times}")
    yield from _shown(lines.build_lines(len(data.embeddings), made, keys, whole))
    yield from _shown(lines.filter_lines(in_child(filtered, folder, data, one_core=True)))
    yield from _shown(lines.opening_lines(len(data.embeddings), opening, made.index_mb))
    yield from _shown(lines.update_lines(in_child(update, folder, data)))
    if asked.peers:
        size, load_ms = made.bytes_per_photo, opening.first_search_ms
        ours = Engine("ours", (keys,), size, made.build_s, made.peak_mb, load_ms)
        yield from _shown([lines.peer_line(ours, _peers(asked, data, exact, limits, ours))])


def _shown(found: list[lines.Must]) -> list[lines.Must]:
    for must in found:
        print(must, flush=True)
    return found


def _peers(
    asked: argparse.Namespace, data: Data, exact: Embeddings, limits: Limits, ours: Engine
) -> list[Engine]:
    """Those that were built in time."""
    print(f"{lines.HEADER}\n{lines.engine_line(ours, ours)}", flush=True)
    found = []
    for peer in peers(len(data.embeddings), reduction_in(data.folder / "ours" / INDEX_FILE)):
        if not any(name in peer.name for name in asked.peers):
            continue
        try:
            found.append(measure(peer, data, exact, ours.last.recall_at_10, limits))
            print(lines.engine_line(found[-1], ours), flush=True)
        except ChildError as error:
            print(f"{peer.name:<34} not measured: {error}", flush=True)
    return found


def _data(asked: argparse.Namespace, folder: Path) -> Data:
    if asked.run:
        return from_run(folder, Store(asked.store), asked.run, asked.queries)
    return draw(folder, asked.photos, asked.queries)


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=100_000)
    options.add_argument("--queries", type=int, default=1000)
    options.add_argument("--run", help="takes the embeddings of this run instead")
    options.add_argument("--store", default="./store")
    options.add_argument("--memory-mb", type=float, help=f"default: {BYTES_A_PHOTO} bytes a photo")
    options.add_argument("--recall", type=float, default=0.98)
    options.add_argument("--p95-ms", type=float, default=10.0)
    options.add_argument("--threads", type=int, default=os.cpu_count(), help="of every build")
    options.add_argument("--peer-minutes", type=float, default=20, help="a build may take")
    options.add_argument("--no-peers", dest="peers", action="store_const", const=())
    options.add_argument("--peers", nargs="+", help="those named so")
    options.set_defaults(peers=("",))
    options.add_argument("--scratch", help="folder for temporary files; 1 M needs 12 GB")
    return options.parse_args()


if __name__ == "__main__":
    main()
