"""Builds an index with autofaiss, in its own environment; bench_index.py calls it.

.venv-autofaiss/bin/python tests/benchmarks/autofaiss_build.py FOLDER INDEX MEMORY_MB P95_MS THREADS
"""

import logging
import sys

from autofaiss import build_index


def main() -> None:
    folder, path, memory_mb, p95_ms, threads = sys.argv[1:]
    index, _ = build_index(
        embeddings=folder,
        index_path=path,
        index_infos_path=f"{path}.json",
        max_index_memory_usage=f"{float(memory_mb):.0f}MB",
        max_index_query_time_ms=float(p95_ms),
        min_nearest_neighbors_to_retrieve=10,
        current_memory_available="12GB",
        nb_cores=int(threads),
        metric_type="ip",
        verbose=logging.WARNING,
    )
    if index is None:
        sys.exit(f"autofaiss knows no index of {memory_mb} MB for this")


if __name__ == "__main__":
    main()
