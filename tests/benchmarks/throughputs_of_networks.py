"""What bench_throughputs.py measures of networks: embedding, training on a CPU, one search."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from bench_embed import SIZE, stage

from batch_jobs.memory import keep_freed_memory
from batch_jobs.stage import cpu_count
from batch_jobs.train.augment import augmentation, crop_side
from model_export.backbones import LITE0
from model_export.export import export
from model_export.golden.draw import scene
from model_export.network import NetworkConfig, build_network
from model_export.quantise import RECIPES, quantise
from release.extractor import Extractor
from release.pixels import encode, prepare

BACKBONES = ("resnet50", LITE0)
EMBEDDED, TRAINED, CALIBRATION, ROUNDS, SEARCHES = 240, 32, 32, 3, 15


def network_figures(scratch: Path) -> dict[str, float]:
    keep_freed_memory()
    torch.manual_seed(0)
    # Drawn: a network takes as long for any photo.
    jpegs = [encode(np.asarray(scene(seed, SIZE, SIZE))) for seed in range(EMBEDDED)]
    found = {"train_decode_cpu_s": _augmented_s(jpegs)}
    for backbone in BACKBONES:
        for name, value in _of(backbone, jpegs, scratch).items():
            found[f"{name}_{backbone}"] = value
    sizes = [path.stat().st_size for path in scratch.glob("*/store/runs/bench/embed/*.parquet")]
    return {**found, "embedding_bytes": max(sizes) / EMBEDDED}


def _of(backbone: str, jpegs: list[bytes], scratch: Path) -> dict[str, float]:
    network = build_network(NetworkConfig(backbone, SIZE, categories=435)).eval()
    fp32, int8 = (scratch / f"{backbone}-{kind}.onnx" for kind in ("fp32", "int8"))
    export(network, SIZE, fp32)
    pixels = np.stack([prepare(jpeg, SIZE).pixels for jpeg in jpegs[:CALIBRATION]])
    quantise(fp32, int8, pixels, RECIPES[0])
    return {
        "embed_cpu_s": _embedded_s(int8, jpegs, scratch),
        "train_cpu_s": _trained_s(backbone),
        "extract_s": _extracted_s(int8, pixels[:1]),
        "features": float(network.projection.in_features),
        "extractor_bytes": float(int8.stat().st_size),
    }


def _least_cpu_s(call: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def _embedded_s(model: Path, jpegs: list[bytes], scratch: Path) -> float:
    """A photo of the embed stage, from the prepared JPEG to the written embedding, on all cores."""
    ids = [str(number) for number in range(len(jpegs))]
    names = dict.fromkeys(["image_id", "product_id", "pixel_sha256", "photo_sha256"], ids)
    table = pa.table({**names, "photo_bytes": [len(one) for one in jpegs], "photo": jpegs})
    folders = iter(range(ROUNDS))

    def embed() -> None:
        stage(model, table, scratch / f"{model.stem}-{next(folders)}")

    return _least_cpu_s(embed, ROUNDS) / len(jpegs)


def _trained_s(backbone: str) -> float:
    """A photo's forward and backward pass, on all cores, in fp32."""
    torch.set_num_threads(cpu_count())
    network = build_network(NetworkConfig(backbone, SIZE, categories=435)).train()
    crop = crop_side(SIZE)
    pixels = torch.randint(0, 256, (TRAINED, crop, crop, 3), dtype=torch.uint8)

    def step() -> None:
        sum(output.sum() for output in network(pixels)).backward()

    step()
    return _least_cpu_s(step, ROUNDS) / TRAINED


def _augmented_s(jpegs: list[bytes]) -> float:
    """A photo decoded and augmented for training, on one thread."""
    torch.set_num_threads(1)
    augment = augmentation(SIZE)

    def epoch() -> None:
        for jpeg in jpegs:
            pixels = np.stack([prepare(jpeg, SIZE).pixels])  # as PhotoSet.pixels has them
            augment(torch.from_numpy(pixels)[0].permute(2, 0, 1))

    return _least_cpu_s(epoch, ROUNDS) / len(jpegs)


def _extracted_s(model: Path, pixels: np.ndarray) -> float:
    """The network's part of one search, on one thread."""
    extractor = Extractor(model, threads=1)
    extractor.extract(pixels)
    return _least_cpu_s(lambda: extractor.extract(pixels), SEARCHES)
