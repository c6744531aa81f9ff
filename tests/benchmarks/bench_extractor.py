"""One photo and thread, in turn: torch, onnxruntime fp32, int8. Then batches on all cores.

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
from numpy.typing import NDArray

from batch_jobs.extraction import parallel_extractor
from batch_jobs.stage import cpu_count
from model_export.export import export
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from model_export.quantise import RECIPES, quantise
from release.extractor import Extractor
from release.pixels import encode

SIZE, ROUNDS, CALIBRATION = 224, 30, 16
BATCHED = {"efficientnet_lite0": 600, "resnet50": 150}  # photos


def has_vnni() -> bool | None:
    """None where the system does not say."""
    flags = Path("/proc/cpuinfo")
    return "vnni" in flags.read_text() if flags.exists() else None


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def in_turn(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median of each, in milliseconds; in turn, so that all meet the same noise."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name].append(milliseconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def exported(
    backbone: str, folder: Path, photos: NDArray[np.uint8]
) -> tuple[ExtractorNetwork, Path, Path]:
    network = build_network(NetworkConfig(backbone, SIZE, categories=50)).eval()
    fp32, int8 = folder / f"{backbone}.onnx", folder / f"{backbone}-int8.onnx"
    export(network, SIZE, fp32)
    quantise(fp32, int8, photos, RECIPES[0])
    return network, fp32, int8


def one_photo(backbone: str, network: ExtractorNetwork, fp32: Path, int8: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 3), dtype=np.uint8)
    tensor = torch.from_numpy(pixels)
    small, large = Extractor(int8, threads=1), Extractor(fp32, threads=1)
    with torch.inference_mode():
        found = in_turn(
            {
                "torch": lambda: network(tensor),
                "fp32": lambda: large.extract(pixels),
                "int8": lambda: small.extract(pixels),
            }
        )
    shown = ", ".join(f"{name} {value:.1f} ms" for name, value in found.items())
    print(
        f"{backbone}: {shown}; int8 is {found['torch'] / found['int8']:.1f}x torch and "
        f"{found['fp32'] / found['int8']:.1f}x fp32",
        flush=True,
    )


def batches(backbone: str, int8: Path, photos: NDArray[np.uint8]) -> None:
    jpegs = [encode(one) for one in photos]
    count = BATCHED.get(backbone, 150)
    jpegs = (jpegs * (count // len(jpegs) + 1))[:count]
    extractor = parallel_extractor(int8)
    seconds = milliseconds(lambda: extractor.all(jpegs)) / 1000
    print(
        f"{backbone}: {count / seconds:.0f} photos a second in int8 on {cpu_count()} cores, "
        "decoding included",
        flush=True,
    )


def main() -> None:
    vnni = {True: "has", False: "does not have", None: "may or may not have"}[has_vnni()]
    print(f"This processor {vnni} VNNI.")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = (CALIBRATION, SIZE // 8, SIZE // 8, 3)
    coarse = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    photos = np.ascontiguousarray(coarse.repeat(8, axis=1).repeat(8, axis=2))
    with tempfile.TemporaryDirectory() as scratch:
        for backbone in sys.argv[1:] or ["resnet50", "efficientnet_lite0"]:
            network, fp32, int8 = exported(backbone, Path(scratch), photos)
            one_photo(backbone, network, fp32, int8)
            batches(backbone, int8, photos)


if __name__ == "__main__":
    main()
