"""The embed stage: marketplace-search embed --run RUN [--shard I --shards N]"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from batch_jobs.extraction import ParallelExtractor, has_gpu, parallel_extractor
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, Shard, StageFolder, digest_of, software
from batch_jobs.tables import embeddings_schema, read_table, write_batches
from release.extractor import Extracted
from release.manifest import EXTRACTOR_FILE
from release.store import Store

FP32_FILE = "extractor-fp32.onnx"
COLUMNS = ["image_id", "product_id", "photo"]


def run(store: Store, run_id: str, shard: Shard, progress: Progress) -> Done | None:
    """Writes embeddings-<inputs>-<n>.parquet for each photos-<n>.parquet of the shard.

    On a GPU in fp32, else by the function's own extractor; all shards must have the same, as the
    precision is an input. Gives None where other shards are still to be done; the last one
    finishes the stage.
    """
    folder = StageFolder(store, run_id, "embed")
    clean, exported = folder.sibling("clean"), folder.sibling("export")
    cleaned, export = clean.require(), exported.require()
    model, precision = chosen_model(export)
    inputs = {
        "clean": cleaned.digest,
        "export": export.digest,
        "precision": precision,
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
        extractor = load_extractor(exported, model)
        for name in progress.track(todo, len(todo), "embed: files of photos"):
            embed_file(read_table(clean, files[name], COLUMNS), folder, name, extractor)
    return _finish(folder, inputs, list(files))


def chosen_model(export: Done) -> tuple[str, str]:
    """Which of the exported files embeds here, and its precision."""
    if has_gpu() and FP32_FILE in export.outputs:
        return FP32_FILE, "fp32"
    return EXTRACTOR_FILE, export.counts.get("precision", "fp32")


def load_extractor(exported: StageFolder, name: str) -> ParallelExtractor:
    """One of the run's extractors, on all cores."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(exported.read(name))
        return parallel_extractor(path)


def embed_file(
    table: pa.Table, folder: StageFolder, name: str, parallel: ParallelExtractor
) -> None:
    """Writes the embeddings of a file of photos, in its order."""
    schema = embeddings_schema(parallel.extractor.width)
    rows = table.to_batches(parallel.batch)
    found = parallel.batches(batch.column("photo").to_pylist() for batch in rows)
    parts = [_embedded(batch, one, schema) for batch, one in zip(rows, found, strict=True)]
    whole = pa.Table.from_batches(parts, schema).combine_chunks()  # one row group, not hundreds
    write_batches(folder, name, whole.to_batches(), schema)


def _embedded(batch: pa.RecordBatch, found: Extracted, schema: pa.Schema) -> pa.RecordBatch:
    numbers = pa.array(np.ascontiguousarray(found.embedding).reshape(-1))
    embeddings = pa.FixedSizeListArray.from_arrays(numbers, found.embedding.shape[1])
    columns = [batch.column("image_id"), batch.column("product_id"), embeddings]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _finish(folder: StageFolder, inputs: Inputs, names: list[str]) -> Done | None:
    there = folder.names("embeddings-")
    if not set(names) <= set(there):
        return None
    photos = 0
    for name in names:
        folder.keep(name)
        photos += len(read_table(folder, name, ["image_id"]))
    counts = {"photos": photos, "files": len(names), "precision": inputs["precision"]}
    done = folder.finish(inputs, counts)
    folder.sweep(done)
    return done
