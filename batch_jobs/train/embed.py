"""Features, embeddings and logits of whole photos, shared out among the processes."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.train.distributed import Processes
from batch_jobs.train.photos import PhotoSet
from model_export.network import ExtractorNetwork

BATCH = 32
FEATURES = "features.npy"

Rows = tuple[NDArray[np.float32], ...]


class WholePhotos(Dataset[Tensor]):
    """(size, size, 3) uint8 of each place."""

    def __init__(self, photos: PhotoSet, places: list[int]) -> None:
        self._photos, self._places = photos, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Tensor:
        return self._photos.pixels([self._places[number]])[0]


@dataclass(frozen=True)
class Embedder:
    """Puts photos through a network in evaluation."""

    photos: PhotoSet
    processes: Processes
    workers: int
    progress: Progress

    def features(self, network: ExtractorNetwork) -> Tensor:
        """The backbone's features of all photos, (n, features) float32."""
        everything = np.arange(len(self.photos))
        what = "train: backbone features"
        rows = self._rows(network, lambda pixels: (network.features(pixels),), everything, what)
        return torch.from_numpy(rows[0])

    def kept_features(self, network: ExtractorNetwork, folder: StageFolder) -> Tensor:
        """As `features`, computed once and kept in the folder beside the checkpoint."""
        if self.processes.shared(folder.has(FEATURES)):
            return torch.from_numpy(np.load(io.BytesIO(folder.read(FEATURES))))
        features = self.features(network)
        if self.processes.main:
            buffer = io.BytesIO()
            np.save(buffer, features.numpy())
            folder.store.write(folder.path(FEATURES), buffer.getvalue())
        return features

    def embed(
        self, network: ExtractorNetwork, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embeddings (n, width) and logits (n, labels) of the photos at `places`."""
        embedding, logits = self._rows(network, network, places, "train: embeddings")
        return embedding, logits

    def _rows(
        self,
        network: ExtractorNetwork,
        compute: Callable[[Tensor], tuple[Tensor, ...]],
        places: NDArray[np.int64],
        what: str,
    ) -> Rows:
        """What `compute` gives of each place; every process does its part, and gets all."""
        network.eval()
        own = places[self.processes.rank :: self.processes.count]
        whole = WholePhotos(self.photos, own.tolist())
        loader = DataLoader(whole, batch_size=BATCH, num_workers=self.workers)
        computed = []
        with torch.inference_mode():
            for pixels in self.progress.track(loader, len(loader), what):
                found = compute(pixels.to(self.processes.device))
                computed.append([rows.float().cpu().numpy() for rows in found])
        parts = self.processes.collected(
            [np.concatenate(rows) for rows in zip(*computed, strict=True)]
        )
        return tuple(_interleaved(rows) for rows in zip(*parts, strict=True))


def _interleaved(parts: tuple[NDArray[np.float32], ...]) -> NDArray[np.float32]:
    """Rows of which part r has every len(parts)-th from the r-th on, in their order."""
    joined = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), np.float32)
    for rank, rows in enumerate(parts):
        joined[rank :: len(parts)] = rows
    return joined
