"""One training from its photos to its evaluation, for the train stage and for cross-validation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from batch_jobs.memory import keep_freed_memory
from batch_jobs.progress import Progress
from batch_jobs.stage import Inputs, StageFolder, software
from batch_jobs.train.distributed import Processes
from batch_jobs.train.evaluate import Evaluator, Parts
from batch_jobs.train.fit import Fit
from batch_jobs.train.jpegs import lay_out
from batch_jobs.train.options import Execution, TrainOptions
from batch_jobs.train.photos import PhotoSet, load_photos
from batch_jobs.train.split import Split
from model_export.network import NetworkConfig, build_network
from release.blobs import blob_of
from release.errors import JobError


@dataclass(frozen=True)
class Job:
    """What is to be trained, and how; `folder` has the checkpoints and what comes out."""

    folder: StageFolder
    inputs: Inputs
    options: TrainOptions
    execution: Execution
    processes: Processes
    progress: Progress

    @contextmanager
    def photos(self) -> Iterator[PhotoSet]:
        """The cleaned photos, laid out on the local disk by the main process for all."""
        clean = self.folder.sibling("clean")
        with TemporaryDirectory() as scratch:
            if self.processes.main:
                lay_out(clean, Path(scratch))
            self.processes.wait()
            where = self.processes.shared(Path(scratch))
            yield load_photos(clean, where, self.options.label_level, self.options.min_photos)
            self.processes.wait()  # the others may still be reading

    def fit(self, photos: PhotoSet, split: Split, features: Tensor | None = None) -> Fit:
        """A training that is ready to run, or to go on.

        `features` are the untrained backbone's, where they are known. Raises JobError for weights
        that do not fit.
        """
        prepare_torch(self.options.seed)
        resolved = self.options.resolved(len(split.places("train")), self.processes.count)
        config = NetworkConfig(self.options.backbone, photos.size, len(photos.categories))
        network = build_network(config, self.options.weights)
        if self.processes.main:
            self.folder.begin(self.inputs)  # empties it: not before the weights are known to fit
            shown = ", ".join(f"{name} {value}" for name, value in asdict(resolved).items())
            self.progress.say(f"train: {len(photos)} photos, {len(photos.categories)} labels")
            self.progress.say(f"train: {shown}")
        self.processes.wait()
        return Fit(
            network,
            photos,
            split,
            resolved,
            self.execution,
            self.folder,
            self.processes,
            self.progress,
            features,
        )


def inputs_of(folder: StageFolder, options: TrainOptions) -> Inputs:
    """What a training is made from. Raises JobError where there is no photo to train on."""
    clean = folder.sibling("clean")
    cleaned = clean.require()
    if not cleaned.counts["photos"]:
        why = folder.store.where(clean.path("report.html"))
        raise JobError(f"Run {folder.run_id} has no photo to train on; {why} says why.")
    return {
        "clean": cleaned.digest,
        "options": asdict(options),
        "weights_sha256": weights_digest(options.weights),
        "software": software(),
    }


def weights_digest(weights: str) -> str | None:
    """The content of a weights file, None for weights that go by a name."""
    path = Path(weights)
    return blob_of(path).sha256 if path.is_file() else None


def prepare_torch(seed: int) -> None:
    """The same seed gives the same weights, on a CPU bit for bit."""
    keep_freed_memory()
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())


def evaluator_of(fit: Fit) -> Evaluator:
    """The trained network's embeddings of the photos that are looked at."""
    parts = Parts.of(fit.split, fit.options.seed)
    embedding, logits = fit.embedder.embed(fit.network, parts.places)
    count = len(fit.photos)
    embeddings = np.zeros((count, embedding.shape[1]), np.float32)
    all_logits = np.zeros((count, logits.shape[1]), np.float32)
    embeddings[parts.places], all_logits[parts.places] = embedding, logits
    return Evaluator(fit.photos, fit.split, parts, embeddings, all_logits, fit.known_features)
