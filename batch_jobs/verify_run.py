"""Verifies a run's extractors on golden photos: marketplace-search verify --run RUN"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards
from batch_jobs.train.stage import load_network
from model_export.verify import (
    Embeddings,
    check_fp32,
    check_int8,
    check_paths,
    check_reference,
    compare_paths,
    golden_photos,
    reference_embeddings,
)
from release.extractor import Extractor
from release.manifest import EXTRACTOR_FILE
from release.store import Store

GALLERY = 2000  # photos of the catalogue among which golden ones are searched


def run(store: Store, run_id: str) -> Iterator[str]:
    """A line for each check. Raises JobError at the first that fails, or where nothing is exported.

    The catalogue's photos are in the search where they are embedded already.
    """
    exported = StageFolder(store, run_id, "export")
    precision = exported.require().counts["precision"]
    network, info = load_network(exported.sibling("train"))
    golden = list(golden_photos().values())
    cosine = check_reference(reference_embeddings(golden))
    yield f"{len(golden)} golden photos: cosine at least {cosine:.5f} to what torch recorded"
    with tempfile.TemporaryDirectory() as scratch:
        fp32, own = Path(scratch, FP32_FILE), Path(scratch, EXTRACTOR_FILE)
        for path in (fp32, own):
            path.write_bytes(exported.read(path.name))
        found = check_fp32(fp32, network, info["size"])
        if precision == "int8":
            found |= check_int8(own, fp32, info["size"])
        for name, value in found.items():
            yield f"{name.replace('_', ' ')}: {value:.2g}"
        gallery = _gallery(exported, info["width"])
        paths = compare_paths(Extractor(own), gallery)
        yield (
            f"query path against clean path, among {len(gallery)} photos of the catalogue: "
            f"{paths.own_first:.0%} find themselves first, {paths.same_top_10:.0%} of the ten "
            f"nearest are the same, cosine at least {paths.cosine:.3f}"
        )
        check_paths(paths)


def _gallery(exported: StageFolder, width: int) -> Embeddings:
    """The first photos of the embed stage, (n, width); none where it is not done."""
    rows = [np.empty((0, width), np.float32)]
    embed = exported.sibling("embed")
    if embed.done():
        for _, table in read_shards(embed, "embeddings-", ["embedding"]):
            numbers = table.column("embedding").combine_chunks().flatten().to_numpy()
            rows.append(numbers.reshape(-1, width))
    return np.concatenate(rows)[:GALLERY]
