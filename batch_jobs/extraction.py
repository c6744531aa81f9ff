"""Photos through an extractor on all cores: each thread decodes a batch and computes it.

Pillow and onnxruntime let go of Python's lock. A batch for each core is faster than all cores on
one batch: most layers of few photos are too small to be shared out.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from batch_jobs.stage import cpu_count
from release.extractor import Extracted, Extractor
from release.pixels import prepare

CUDA = "CUDAExecutionProvider"
# On a core, activations of few photos stay in its cache; a GPU wants more at once.
CPU_BATCH, GPU_BATCH = 4, 32


@dataclass(frozen=True)
class ParallelExtractor:
    """An extractor of which every thread computes its own batch."""

    extractor: Extractor
    workers: int
    batch: int

    def batches(self, photos: Iterable[Sequence[bytes]]) -> Iterator[Extracted]:
        """What is extracted of each batch of prepared photos' bytes, in their order.

        A few batches more than there are threads are in memory at any time.
        """
        waiting: deque[Future[Extracted]] = deque()
        with ThreadPoolExecutor(self.workers) as threads:
            for batch in photos:
                waiting.append(threads.submit(self._extract, batch))
                if len(waiting) > 2 * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def all(self, photos: Sequence[bytes]) -> Extracted:
        """Embeddings (n, width) and logits (n, categories) of n photos, n at least 1."""
        starts = range(0, len(photos), self.batch)
        found = list(self.batches(photos[start : start + self.batch] for start in starts))
        return Extracted(
            np.concatenate([one.embedding for one in found]),
            np.concatenate([one.category_logits for one in found]),
        )

    def _extract(self, photos: Sequence[bytes]) -> Extracted:
        size = self.extractor.size
        return self.extractor.extract(np.stack([prepare(photo, size).pixels for photo in photos]))


def parallel_extractor(path: Path) -> ParallelExtractor:
    """The extractor at `path` on all cores, or on the GPU with all cores decoding.

    Raises ReleaseFileError where it is not an extractor.
    """
    batch = GPU_BATCH if has_gpu() else CPU_BATCH
    return ParallelExtractor(Extractor(path, threads=1), cpu_count(), batch)


def has_gpu() -> bool:
    """Whether onnxruntime can compute on a GPU here."""
    return CUDA in onnxruntime.get_available_providers()
