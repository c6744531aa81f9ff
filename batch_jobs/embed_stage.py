"""The embed stage: marketplace-search embed --run RUN [--shard I --shards N]"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, Shard, StageFolder, cpu_count, digest_of, software
from batch_jobs.tables import embeddings_schema, read_table, write_table
from release.extractor import Extractor
from release.manifest import EXTRACTOR_FILE
from release.pixels import prepare
from release.store import Store

BATCH = 32
COLUMNS = ["image_id", "product_id", "photo"]


def run(store: Store, run_id: str, shard: Shard, progress: Progress) -> Done | None:
    """Writes embeddings-<inputs>-<n>.parquet for each photos-<n>.parquet of the shard.

    Gives None where other shards are still to be done; the last one finishes the stage.
    """
    folder = StageFolder(store, run_id, "embed")
    clean, exported = folder.sibling("clean"), folder.sibling("export")
    cleaned = clean.require()
    inputs = {
        "clean": cleaned.digest,
        "export": exported.require().digest,
        "software": software(),
    }
    if done := folder.up_to_date(inputs):
        return done
    # Shards run side by side, so none empties the folder: a file's name says what it was made from.
    made_from = digest_of(inputs)[:10]
    files = {
        f"embeddings-{made_from}-{name[7:]}": name
        for name in cleaned.outputs
        if name.startswith("photos-")
    }
    mine = list(files)[shard.index :: shard.count]
    todo = [name for name in mine if not folder.has(name)]
    if todo:
        extractor = load_extractor(exported)
        for name in progress.track(todo, len(todo), "embed: files of photos"):
            _embed_file(read_table(clean, files[name], COLUMNS), folder, name, extractor)
    return _finish(folder, inputs, list(files))


def load_extractor(exported: StageFolder) -> Extractor:
    """The run's extractor on all cores."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / EXTRACTOR_FILE
        path.write_bytes(exported.read(EXTRACTOR_FILE))
        return Extractor(path, threads=cpu_count())


def _embed_file(table: pa.Table, folder: StageFolder, name: str, extractor: Extractor) -> None:
    rows = [row for batch in table.to_batches(BATCH) for row in _embed(batch, extractor)]
    write_table(folder, name, rows, embeddings_schema(extractor.width))


def _embed(batch: pa.RecordBatch, extractor: Extractor) -> Iterator[dict[str, Any]]:
    rows = batch.to_pylist()
    pixels = np.stack([prepare(row["photo"], extractor.size).pixels for row in rows])
    for row, embedding in zip(rows, extractor.extract(pixels).embedding, strict=True):
        yield {
            "image_id": row["image_id"],
            "product_id": row["product_id"],
            "embedding": embedding,
        }


def _finish(folder: StageFolder, inputs: Inputs, names: list[str]) -> Done | None:
    there = folder.names("embeddings-")
    if not set(names) <= set(there):
        return None
    photos = 0
    for name in names:
        folder.keep(name)
        photos += len(read_table(folder, name, ["image_id"]))
    done = folder.finish(inputs, {"photos": photos, "files": len(names)})
    folder.sweep(done)
    return done
