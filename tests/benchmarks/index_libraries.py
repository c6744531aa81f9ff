"""How bench_index.py builds and opens an index with each library; its ids are row numbers."""

import importlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from index_data import BLOCK, EMBEDDINGS, Data, Embeddings, Numbers

from release.vector_index import read_index, split

EF_CONSTRUCTION = 200  # the default of hnswlib, for both graphs
GRAPH_EFFORTS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)
PROBES = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024)
ROOT = Path(__file__).parents[2]
AUTOFAISS_PYTHON = ROOT / ".venv-autofaiss" / "bin" / "python"
AUTOFAISS_BUILD = Path(__file__).with_name("autofaiss_build.py")


@dataclass(frozen=True)
class Source:
    """The embeddings as a library gets them: as they are, or reduced to (n, d) of unit norm."""

    data: Data
    reduction: Embeddings | None

    @property
    def width(self) -> int:
        wide = self.data.embeddings.shape[1]
        return wide if self.reduction is None else self.reduction.shape[1]

    def reduced(self, vectors: Embeddings) -> Embeddings:
        if self.reduction is None:
            return vectors
        short = vectors @ self.reduction
        return short / np.linalg.norm(short, axis=1, keepdims=True)

    def blocks(self) -> Iterator[tuple[Numbers, Embeddings]]:
        embeddings = self.data.embeddings
        for start in range(0, len(embeddings), BLOCK):
            block = np.ascontiguousarray(embeddings[start : start + BLOCK])
            yield np.arange(start, start + len(block)), self.reduced(block)


@dataclass(frozen=True)
class Opened:
    """`search` takes one query, (1, d), and gives at most k rows; `knob` names the effort."""

    search: Callable[[Embeddings, int], Numbers]
    knob: str
    efforts: Sequence[int]
    set_effort: Callable[[int], None]


def load() -> None:
    """Imports the libraries, which is no part of opening an index."""
    for name in ("hnswlib", "usearch.index"):
        importlib.import_module(name)


def reduction_in(index_path: Path) -> Embeddings | None:
    """(width, d) of a segment's index; None where it has all dimensions."""
    index = read_index(index_path)  # owns the steps
    steps, _ = split(index)
    if not steps:
        return None
    flat = faiss.vector_to_array(steps[0].A)
    return np.ascontiguousarray(flat.reshape(steps[0].d_out, steps[0].d_in).T)


def build_hnswlib(source: Source, path: Path, limits: Any, m: int) -> float:
    import hnswlib

    started = time.perf_counter()
    index = hnswlib.Index("ip", source.width)
    index.init_index(len(source.data.embeddings), M=m, ef_construction=EF_CONSTRUCTION)
    for rows, block in source.blocks():
        index.add_items(block, rows, num_threads=limits.threads)
    index.save_index(str(path))
    return time.perf_counter() - started


def open_hnswlib(path: Path, width: int, m: int) -> Opened:
    import hnswlib

    index = hnswlib.Index("ip", width)
    index.load_index(str(path))

    def search(query: Embeddings, k: int) -> Numbers:
        return index.knn_query(query, k, num_threads=1)[0][0]

    return Opened(search, "ef", GRAPH_EFFORTS, index.set_ef)


def build_usearch(source: Source, path: Path, limits: Any, m: int, dtype: str) -> float:
    from usearch.index import Index

    started = time.perf_counter()
    index = Index(
        ndim=source.width, metric="cos", dtype=dtype, connectivity=m, expansion_add=EF_CONSTRUCTION
    )
    for rows, block in source.blocks():
        index.add(rows, block, threads=limits.threads)
    index.save(path)
    return time.perf_counter() - started


def open_usearch(path: Path, width: int, m: int, dtype: str) -> Opened:
    from usearch.index import Index

    index = Index.restore(path, view=True)  # by memory map

    def search(query: Embeddings, k: int) -> Numbers:
        return index.search(query[0], k, threads=1).keys.astype(np.int64)

    def set_effort(effort: int) -> None:
        index.expansion_search = effort

    return Opened(search, "expansion", GRAPH_EFFORTS, set_effort)


def build_faiss(source: Source, path: Path, limits: Any, key: str) -> float:
    faiss.omp_set_num_threads(limits.threads)
    started = time.perf_counter()
    index: Any = faiss.index_factory(source.width, key, faiss.METRIC_INNER_PRODUCT)
    embeddings = source.data.embeddings
    lists = faiss.extract_index_ivf(index).nlist
    chosen = np.random.default_rng(0).permutation(len(embeddings))[: 64 * lists]
    index.train(source.reduced(embeddings[np.sort(chosen)]))
    for _, block in source.blocks():
        index.add(block)
    faiss.write_index(index, str(path))
    return time.perf_counter() - started


def build_autofaiss(source: Source, path: Path, limits: Any) -> float:
    """In an environment of its own: autofaiss 2.18 needs numpy below 2."""
    if not AUTOFAISS_PYTHON.exists():
        raise SystemExit("autofaiss is not installed; `make bench` installs it")
    folder = source.data.folder / "autofaiss"
    folder.mkdir(exist_ok=True)
    _write_source(source, folder / EMBEDDINGS)
    given = (folder, path, limits.memory_mb, limits.p95_ms, limits.threads)
    command = ["env", "TQDM_DISABLE=1", AUTOFAISS_PYTHON, AUTOFAISS_BUILD, *given]
    started = time.perf_counter()
    try:
        subprocess.run([str(part) for part in command], check=True, timeout=limits.build_s)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"autofaiss: stopped after {limits.build_s:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"autofaiss: ended with code {error.returncode}") from None
    return time.perf_counter() - started


def _write_source(source: Source, path: Path) -> None:
    """The only file of a folder, as autofaiss reads it."""
    path.unlink(missing_ok=True)
    if source.reduction is None:
        path.symlink_to(source.data.folder.resolve() / EMBEDDINGS)
        return
    shape = (len(source.data.embeddings), source.width)
    out = np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=shape)
    for rows, block in source.blocks():
        out[rows] = block
    out.flush()


def open_faiss(path: Path, width: int, key: str = "") -> Opened:
    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    graph = isinstance(faiss.downcast_index(index), faiss.IndexHNSW)
    knob = "efSearch" if graph else "nprobe"
    space = faiss.ParameterSpace()

    def set_effort(effort: int) -> None:
        space.set_index_parameter(index, knob, effort)

    def search(query: Embeddings, k: int) -> Numbers:
        return index.search(query, k)[1][0]

    return Opened(search, knob, GRAPH_EFFORTS if graph else PROBES, set_effort)
