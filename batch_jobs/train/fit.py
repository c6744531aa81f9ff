"""Fits the network: epoch after epoch from a whitened start, keeping the best one on validation."""

import io
import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor
from torch.nn import functional as F

from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder, cpu_count
from batch_jobs.train.batches import epoch_batches, load
from batch_jobs.train.evaluate import category_accuracy, sibling_recall
from batch_jobs.train.options import TrainOptions
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.split import Split
from model_export.backbones import NO_WEIGHTS
from model_export.export import save_weights
from model_export.network import ExtractorNetwork, set_categories, whiten

Embedded = tuple[NDArray[np.float32], NDArray[np.int64]]  # (n, width), predicted categories (n,)
CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
EVAL_BATCH = 32
WARM_UP_SHARE = 0.1
LABEL_SMOOTHING = 0.1
SIBLING_TEMPERATURE = 0.1  # Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020


@dataclass
class History:
    """What validation said of each epoch; epoch 0 is the whitened, otherwise untrained network."""

    epochs: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -1.0


@dataclass
class Fit:
    """One training, and what it needs at every step."""

    network: ExtractorNetwork
    photos: PhotoSet
    split: Split
    options: TrainOptions
    folder: StageFolder
    progress: Progress

    def __post_init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network.to(self.device)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), weight_decay=0.01)
        self.history = History()
        self.sibling_loss = SupConLoss(temperature=SIBLING_TEMPERATURE)

    def run(self, features: Tensor) -> History:
        """Trains to the last epoch, from the last checkpoint if there is one.

        `features` are the untrained backbone's for all photos, (n, features). Afterwards the
        network has the weights of the best epoch.
        """
        if self.folder.has(CHECKPOINT):
            self._resume()
        else:
            self._start(features)
        for epoch in range(len(self.history.epochs), self.options.epochs + 1):
            loss = self._train_one_epoch(epoch)
            self._validate(epoch, loss, self.embed(self._seen()))
        self.network.load_state_dict(_load(self.folder.read(BEST)))
        return self.history

    def embed(self, places: NDArray[np.int64]) -> Embedded:
        """Embeddings (n, width) and predicted categories (n,) of whole photos."""
        self.network.eval()
        embeddings, predicted = [], []
        with torch.no_grad():
            for some in np.array_split(places, max(1, math.ceil(len(places) / EVAL_BATCH))):
                if len(some):
                    embedding, logits = self.network(self.photos.pixels(some).to(self.device))
                    embeddings.append(embedding.float().cpu())
                    predicted.append(logits.argmax(dim=1).cpu())
        return torch.cat(embeddings).numpy(), torch.cat(predicted).numpy()

    def _seen(self) -> NDArray[np.int64]:
        """The places that validation looks at: all but the test part's."""
        return self.split.places("train", "validation")

    def _start(self, features: Tensor) -> None:
        train = torch.from_numpy(self.split.places("train"))
        whiten(self.network, features[train])
        with torch.no_grad():
            embedding, _ = self.network.head(features[train].to(self.device))
            labels = torch.from_numpy(self.photos.labels)[train].to(self.device)
            set_categories(self.network, embedding, labels)
            seen = features[torch.from_numpy(self._seen())].to(self.device)
            embedding, logits = self.network.head(seen)
        self._validate(0, None, (embedding.cpu().numpy(), logits.argmax(dim=1).cpu().numpy()))

    def _train_one_epoch(self, epoch: int) -> float:
        seed = self.options.seed * 100_003 + epoch
        torch.manual_seed(seed)
        self._train_mode()
        places = self.split.places("train")
        batches = epoch_batches(self.photos.listings, places, self.options.batch_size, seed)
        workers = cpu_count() if self.device.type == "cuda" else 0
        losses = []
        what = f"train: epoch {epoch} of {self.options.epochs}"
        loader = load(self.photos, batches, workers)
        for number, (pixels, some) in enumerate(self.progress.track(loader, len(batches), what)):
            self._set_rates((epoch - 1 + number / len(batches)) / self.options.epochs)
            losses.append(self._step(pixels.to(self.device), some))
        return float(np.mean(losses))

    def _step(self, pixels: Tensor, places: Tensor) -> float:
        labels = torch.from_numpy(self.photos.labels)[places].to(self.device)
        listings = torch.from_numpy(self.photos.listings)[places].to(self.device)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            embedding, logits = self.network(pixels)
        of_category = F.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING)
        of_siblings = self.sibling_loss(embedding.float(), listings)
        weight = self.options.sibling_weight
        loss = weight * of_siblings + (1 - weight) * of_category
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _validate(self, epoch: int, loss: float | None, seen: Embedded) -> None:
        scores = self._validation_scores(*seen)
        known = [value for value in scores.values() if value is not None]
        score = float(np.mean(known)) if known else float(epoch)  # nothing held out: the last one
        self.history.epochs.append({"epoch": epoch, "loss": loss, **scores})
        if score > self.history.best_score:
            self.history.best_epoch, self.history.best_score = epoch, score
            self.folder.write(BEST, save_weights(self.network))
        shown = ", ".join(f"{k} {v:.3f}" for k, v in scores.items() if v is not None)
        lost = "" if loss is None else f"loss {loss:.3f}, "
        self.progress.say(f"train: epoch {epoch} of {self.options.epochs}: {lost}{shown}")
        self._save()

    def _validation_scores(
        self, embedding: NDArray[np.float32], predicted: NDArray[np.int64]
    ) -> dict[str, float | None]:
        """Sibling recall@1 among all photos but the test part's, and category accuracy."""
        queries, places = self.split.places("validation"), self._seen()
        by_place = np.zeros((len(self.photos), embedding.shape[1]), np.float32)
        by_place[places] = embedding
        recall = sibling_recall(by_place, self.photos, queries, places)
        asked = np.isin(places, queries)
        labels = self.photos.labels[places[asked]]
        accuracy = category_accuracy(predicted[asked], labels, self.photos.categories)
        return {
            "sibling_recall_at_1": recall["sibling_recall_at_1"],
            "category_accuracy": accuracy["category_accuracy"],
        }

    def _train_mode(self) -> None:
        self.network.train()
        if self.options.weights != NO_WEIGHTS:
            # Statistics of ImageNet serve better than those of a few small batches.
            for layer in self.network.modules():
                if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
                    layer.eval()

    def _parameter_groups(self) -> list[dict[str, Any]]:
        backbone = list(self.network.backbone.parameters())
        head = [*self.network.projection.parameters(), self.network.categories]
        rate = self.options.learning_rate
        return [
            {"params": backbone, "lr": rate / 10, "peak": rate / 10},
            {"params": head, "lr": rate, "peak": rate},
        ]

    def _set_rates(self, done: float) -> None:
        """A linear warm-up, then half a cosine; `done` is the share of all steps taken."""
        factor = min(1.0, done / WARM_UP_SHARE + 0.01) * 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor

    def _save(self) -> None:
        buffer = io.BytesIO()
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": asdict(self.history),
        }
        torch.save(state, buffer)
        self.folder.store.write(self.folder.path(CHECKPOINT), buffer.getvalue())

    def _resume(self) -> None:
        state = _load(self.folder.read(CHECKPOINT))
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = History(**state["history"])
        self.folder.keep(BEST)
        self.progress.say(f"train: goes on after epoch {len(self.history.epochs) - 1}")


def _load(data: bytes) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
