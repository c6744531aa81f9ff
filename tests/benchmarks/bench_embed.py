"""Embedding 1,500 photos: a plain loop against the embed stage's own way, in one process.

python tests/benchmarks/bench_embed.py [--catalogue FOLDER] [--photos N] [--backbone NAME]

The plain loop is torch eager, one photo at a time, decoded by Pillow. Both read the photos that
`clean` has prepared, of FOLDER/images or drawn ones. torch gets one or all cores, whichever is
quicker.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from batch_jobs.embed_stage import embed_photos, write_embedded
from batch_jobs.embeddings import EmbeddingCache
from batch_jobs.extraction import parallel_extractor
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder, cpu_count
from model_export.export import export
from model_export.golden.draw import scene
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from model_export.quantise import RECIPES, quantise
from release.blobs import blob_of
from release.pixels import encode, prepare
from release.store import Store

SIZE, DISTINCT, CALIBRATION = 224, 100, 64


def prepared(catalogue: Path | None, count: int) -> list[bytes]:
    """Prepared JPEGs, drawn or of the catalogue's first photos, repeated up to `count`."""
    if catalogue:
        files = sorted((catalogue / "images").iterdir())[:count]
        jpegs = [encode(prepare(file.read_bytes(), SIZE).pixels) for file in files]
    else:
        drawn = [scene(seed, SIZE, SIZE) for seed in range(DISTINCT)]
        jpegs = [encode(np.asarray(image)) for image in drawn]
    return (jpegs * (count // len(jpegs) + 1))[:count]


def plain(network: ExtractorNetwork, jpegs: list[bytes]) -> float:
    """Seconds of the loop that one writes first."""
    started = time.perf_counter()
    with torch.inference_mode():
        for jpeg in jpegs:
            pixels = np.array(Image.open(io.BytesIO(jpeg)).convert("RGB"))
            network(torch.from_numpy(pixels)[None])[0].numpy()
    return time.perf_counter() - started


def quickest_threads(network: ExtractorNetwork, jpegs: list[bytes]) -> int:
    """One or all cores, what suits the plain loop: torch's threads wait badly when disturbed."""
    seconds = {}
    for threads in (1, cpu_count()):
        torch.set_num_threads(threads)
        plain(network, jpegs[:5])
        seconds[threads] = plain(network, jpegs[:20])
    return min(seconds, key=lambda threads: seconds[threads])


def stage(model: Path, table: pa.Table, scratch: Path) -> float:
    """Seconds of one file of photos, from its table to the written embeddings."""
    folder = StageFolder(Store(str(scratch / "store"), create=True), "bench", "embed")
    started = time.perf_counter()
    cache = EmbeddingCache(folder.store, blob_of(model).sha256, Progress())
    embedded = embed_photos(table, cache, parallel_extractor(model))
    write_embedded(folder, "embeddings-00000.parquet", embedded)
    return time.perf_counter() - started


def compare(backbone: str, jpegs: list[bytes], scratch: Path) -> None:
    network = build_network(NetworkConfig(backbone, SIZE, categories=50)).eval()
    fp32, int8 = scratch / "fp32.onnx", scratch / "int8.onnx"
    export(network, SIZE, fp32)
    pixels = np.stack([prepare(jpeg, SIZE).pixels for jpeg in jpegs[:CALIBRATION]])
    quantise(fp32, int8, pixels, RECIPES[0])
    ids = [str(number) for number in range(len(jpegs))]
    sizes = [len(jpeg) for jpeg in jpegs]
    names = dict.fromkeys(["image_id", "product_id", "pixel_sha256", "photo_sha256"], ids)
    table = pa.table({**names, "photo_bytes": sizes, "photo": jpegs})
    threads = quickest_threads(network, jpegs)
    torch.set_num_threads(threads)
    parts = [jpegs[: len(jpegs) // 2], jpegs[len(jpegs) // 2 :]]
    slow = plain(network, parts[0])  # halves before and after, so that both meet the same noise
    fast, exact = stage(int8, table, scratch), stage(fp32, table, scratch)
    slow += plain(network, parts[1])
    print(
        f"{backbone}, {len(jpegs)} photos, {cpu_count()} cores: plain loop {slow:.1f} s on "
        f"{threads}, embed stage {fast:.1f} s in int8 ({slow / fast:.1f}x), {exact:.1f} s in fp32 "
        f"({slow / exact:.1f}x)",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--catalogue", type=Path, help="a folder with images/")
    options.add_argument("--photos", type=int, default=1500)
    options.add_argument("--backbone", action="append")
    asked = options.parse_args()
    torch.manual_seed(0)
    jpegs = prepared(asked.catalogue, asked.photos)
    for backbone in asked.backbone or ["efficientnet_lite0", "resnet50"]:
        with tempfile.TemporaryDirectory() as scratch:
            compare(backbone, jpegs, Path(scratch))


if __name__ == "__main__":
    main()
