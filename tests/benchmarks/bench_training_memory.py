"""Training steps with and without glibc keeping freed memory, in turn.

python tests/benchmarks/bench_training_memory.py
"""

import resource
import subprocess
import sys
import time

import torch

from batch_jobs.memory import keep_freed_memory
from batch_jobs.stage import cpu_count
from model_export.backbones import LITE0
from model_export.network import NetworkConfig, build_network

PHOTOS, CROP, STEPS = 64, 176, 3


def steps(keep: bool) -> None:
    """Prints photos a second of forward and backward, and the seconds spent in the kernel."""
    if keep:
        keep_freed_memory()
    torch.set_num_threads(cpu_count())
    torch.use_deterministic_algorithms(True)
    network = build_network(NetworkConfig(LITE0, 224, categories=50)).train()
    pixels = torch.randint(0, 256, (PHOTOS, CROP, CROP, 3), dtype=torch.uint8)
    sum(output.sum() for output in network(pixels)).backward()
    started = time.perf_counter()
    for _ in range(STEPS):
        sum(output.sum() for output in network(pixels)).backward()
    rate = STEPS * PHOTOS / (time.perf_counter() - started)
    kernel_s = resource.getrusage(resource.RUSAGE_SELF).ru_stime
    print(
        f"{'kept' if keep else 'given back'}: {rate:.1f} photos/s, {kernel_s:.1f} s in the kernel"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        steps(sys.argv[1] == "keep")
    else:
        for way in ("keep", "give", "keep", "give"):
            subprocess.run([sys.executable, __file__, way], check=True)
