"""One photo, one thread: the exported extractor beside torch, side by side in one process.

python tests/benchmarks/bench_extractor.py [BACKBONE ...]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from model_export.export import export
from model_export.network import NetworkConfig, build_network
from release.extractor import Extractor

SIZE, ROUNDS = 224, 30


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def measure(backbone: str, folder: Path) -> None:
    torch.set_num_threads(1)
    network = build_network(NetworkConfig(backbone, SIZE, categories=50)).eval()
    path = folder / f"{backbone}.onnx"
    export(network, SIZE, path)
    extractor = Extractor(path, threads=1)
    pixels = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 3), dtype=np.uint8)
    tensor = torch.from_numpy(pixels)
    times: dict[str, list[float]] = {"torch": [], "onnxruntime": []}
    with torch.inference_mode():
        for _ in range(ROUNDS):  # in turn, so that both meet the same noise
            times["torch"].append(milliseconds(lambda: network(tensor)))
            times["onnxruntime"].append(milliseconds(lambda: extractor.extract(pixels)))
    eager, exported = (statistics.median(values) for values in times.values())
    print(
        f"{backbone}: torch {eager:.1f} ms, onnxruntime {exported:.1f} ms, {eager / exported:.1f}x"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[1:] or ["efficientnet_lite0", "resnet50"]:
            measure(name, Path(scratch))
