"""Runs that are cleaned and exported by hand, with a tiny network, and then really embedded."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from small_release import SIZE, tiny_network

from batch_jobs import embed_stage
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Shard, StageFolder
from batch_jobs.tables import PHOTOS, write_table
from release.blobs import blob_of
from release.pixels import encode
from release.store import Store

MODEL = tiny_network()


@cache
def jpeg(seed: int) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return encode(np.kron(blocks, np.ones((SIZE // 4, SIZE // 4, 1), np.uint8)))


def row(seed: int) -> dict[str, object]:
    """A photo of which id, listing and pixels all come from one number."""
    blob = blob_of(jpeg(seed))
    return {
        "image_id": f"i{seed}",
        "product_id": f"p{seed // 2}",
        "photo": jpeg(seed),
        "photo_sha256": blob.sha256,
        "photo_bytes": blob.size_bytes,
        "source_width": 9,
        "source_height": 9,
        "source_sha256": "",
        "pixel_sha256": hashlib.sha256(b"%d" % seed).hexdigest(),
        "duplicate_group": None,
    }


def make_run(
    store: Store, run_id: str, files: Sequence[Iterable[int]], model: bytes = MODEL
) -> StageFolder:
    """A run that is cleaned into files of these photos, and exported; gives its embed stage."""
    clean = StageFolder(store, run_id, "clean")
    for number, photos in enumerate(files):
        write_table(clean, f"photos-{number:05}.parquet", list(map(row, photos)), PHOTOS)
    clean.finish({}, {})
    export = clean.sibling("export")
    export.write("extractor.onnx", model)
    export.finish({"clean": clean.require().digest}, {})
    return clean.sibling("embed")


def embed(folder: StageFolder, shard: Shard | None = None) -> Done | None:
    return embed_stage.run(folder.store, folder.run_id, shard or Shard(), Progress())


def counts(done: Done | None) -> tuple[int, int, int]:
    assert done is not None
    return done.counts["photos"], done.counts["embedded"], done.counts["taken_over"]


def contents(folder: StageFolder) -> dict[str, bytes]:
    return {name: folder.read(name) for name in folder.names("embeddings-")}
