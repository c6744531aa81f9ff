"""The embed stage: marketplace-search embed --run RUN [--shard I --shards N]"""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batch_jobs.embeddings import EmbeddingCache, Vector
from batch_jobs.extraction import ParallelExtractor, has_gpu, parallel_extractor
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, Shard, StageFolder, digest_of, software
from batch_jobs.table_files import in_order
from batch_jobs.tables import embeddings_schema, read_table, write_batches
from release.blobs import blob_of
from release.errors import JobError
from release.manifest import EXTRACTOR_FILE
from release.store import Store

FP32_FILE = "extractor-fp32.onnx"
# Of photos-*.parquet, without the bytes.
NAMED = ["image_id", "product_id", "pixel_sha256", "photo_sha256", "photo_bytes"]
GROUP_ROWS = 128  # of which all are read where one is asked for; fewer make whole files slower


def run(store: Store, run_id: str, shard: Shard, progress: Progress) -> Done | None:
    """Writes embeddings-<inputs>-<n>.parquet for each photos-<n>.parquet of the shard.

    On a GPU in fp32, else by the function's own extractor; all shards must have the same, as the
    model file is an input. What that file has embedded before, in any run, is taken over. Gives
    None where other shards are still to be done; the last one finishes the stage.
    """
    folder = StageFolder(store, run_id, "embed")
    clean, exported = folder.sibling("clean"), folder.sibling("export")
    cleaned, export = clean.require(), exported.require()
    model, precision = chosen_model(export)
    inputs = {
        "clean": cleaned.digest,
        "export": export.digest,
        "extractor": export.outputs[model],
        "precision": precision,
        "software": software(),
    }
    if done := folder.up_to_date(inputs):
        return done
    files = _files(inputs, cleaned)
    mine = list(files)[shard.index :: shard.count]
    todo = [name for name in mine if not folder.has(name)]
    if todo:
        extractor = load_extractor(exported, model)
        cache = EmbeddingCache(store, inputs["extractor"], progress)
        for name in progress.track(todo, len(todo), "embed: files of photos"):
            embedded = embed_file(clean, files[name], cache, extractor)
            write_embedded(folder, name, embedded)
    return _finish(folder, inputs, list(files))


def _files(inputs: Inputs, cleaned: Done) -> dict[str, str]:
    """The files to write, each with the one of photos that it is made from.

    Shards run side by side, so none empties the folder: a name says what a file was made from.
    """
    prefix = f"embeddings-{digest_of(inputs)[:10]}-"
    names = [name for name in cleaned.outputs if name.startswith("photos-")]
    return {prefix + name.removeprefix("photos-"): name for name in names}


def chosen_model(export: Done) -> tuple[str, str]:
    """Which of the exported files embeds here, and its precision."""
    if has_gpu() and FP32_FILE in export.outputs:
        return FP32_FILE, "fp32"
    return EXTRACTOR_FILE, export.counts.get("precision", "fp32")


def load_extractor(exported: StageFolder, name: str) -> ParallelExtractor:
    """One of the run's extractors, on all cores. Raises JobError where its file is damaged."""
    data = exported.read(name)
    # Under a wrong name its embeddings would be taken over by other runs.
    if blob_of(data).sha256 != exported.require().outputs[name]:
        where = exported.store.where(exported.path(name))
        raise JobError(f"{where} is damaged. Delete done.json beside it and export again.")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(data)
        return parallel_extractor(path)


@dataclass(frozen=True)
class Embedded:
    """A table as embeddings-*.parquet has it, and how many of its embeddings were there before."""

    table: pa.Table
    taken_over: int

    @property
    def counts(self) -> dict[str, int]:
        photos = len(self.table)
        embedded = photos - self.taken_over
        return {"photos": photos, "embedded": embedded, "taken_over": self.taken_over}


def embed_file(
    clean: StageFolder, name: str, cache: EmbeddingCache, parallel: ParallelExtractor
) -> Embedded:
    """The embeddings of one photos-*.parquet; where all are known, no photo is read."""
    photos = read_table(clean, name, NAMED)
    known = cache.find(photos["pixel_sha256"].to_pylist())
    if not set(photos["pixel_sha256"].to_pylist()) <= known.keys():
        photos = read_table(clean, name, [*NAMED, "photo"])
    return embed_unknown(photos, known, parallel)


def embed_photos(photos: pa.Table, cache: EmbeddingCache, parallel: ParallelExtractor) -> Embedded:
    """The embeddings of any photos, of one run or several, in their order.

    `photos` has the columns NAMED and `photo`, as photos-*.parquet. What `cache` knows is taken
    from it, which must be of the same model file as `parallel`.
    """
    return embed_unknown(photos, cache.find(photos["pixel_sha256"].to_pylist()), parallel)


def embed_unknown(
    photos: pa.Table, known: Mapping[str, Vector], parallel: ParallelExtractor
) -> Embedded:
    """As embed_photos, by what is known of pixels; `photo` is needed where that is not all."""
    pixels = photos["pixel_sha256"].to_pylist()
    new = [row for row, sha256 in enumerate(pixels) if sha256 not in known]
    embeddings = np.empty((len(pixels), parallel.extractor.width), np.float32)
    for row, sha256 in enumerate(pixels):
        if sha256 in known:
            embeddings[row] = known[sha256]
    if new:
        jpegs = photos["photo"]
        embeddings[new] = parallel.all([jpegs[row].as_py() for row in new]).embedding
    return Embedded(_table(photos, embeddings), len(pixels) - len(new))


def _table(photos: pa.Table, embeddings: NDArray[np.float32]) -> pa.Table:
    width = embeddings.shape[1]
    numbers = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.reshape(-1)), width)
    columns = [*(photos[name] for name in NAMED), numbers]
    return pa.Table.from_arrays(columns, schema=embeddings_schema(width))


def write_embedded(folder: StageFolder, name: str, embedded: Embedded) -> None:
    """Writes an embeddings-*.parquet, after its counts."""
    # No output: the stage is the same however much of it was there before.
    counts = json.dumps(embedded.counts).encode()
    folder.store.write(folder.path(_counts_name(name)), counts)
    batches = embedded.table.combine_chunks().to_batches(GROUP_ROWS)
    write_batches(folder, name, batches, embedded.table.schema)


def _counts_name(name: str) -> str:
    return name.replace("embeddings-", "counts-", 1).replace(".parquet", ".json")


def _finish(folder: StageFolder, inputs: Inputs, names: list[str]) -> Done | None:
    there = folder.names()
    if not set(names) <= set(there):
        return None
    counts_names = [_counts_name(name) for name in names]
    total = Counter(photos=0, embedded=0, taken_over=0)
    for content in in_order(folder.store, folder.read, counts_names):
        total.update(json.loads(content))
    for name in names:
        folder.keep(name)
    counts = {**total, "files": len(names), "precision": inputs["precision"]}
    done = folder.finish(inputs, counts)
    wanted = {*done.outputs, *counts_names, "done.json"}
    folder.store.delete([folder.path(name) for name in there if name not in wanted])
    return done
