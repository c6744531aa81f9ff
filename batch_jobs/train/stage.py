"""The train stage: marketplace-search train --run RUN [--backbone NAME] [--epochs N]"""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from batch_jobs.memory import keep_freed_memory
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder, cpu_count, software
from batch_jobs.train.evaluate import category_accuracy, nearest_mean, sibling_recall
from batch_jobs.train.fit import BEST, EVAL_BATCH, Fit
from batch_jobs.train.options import TrainOptions
from batch_jobs.train.photos import PhotoSet, load_photos
from batch_jobs.train.split import PARTS, Split, split_by_listing
from model_export.backbones import NO_WEIGHTS
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from release.blobs import blob_of
from release.errors import JobError
from release.store import Store

Scores = dict[str, float | None]


def run(store: Store, run_id: str, options: TrainOptions, progress: Progress) -> Done:
    """Writes network.json, best.pt, split.json and metrics.json.

    Raises JobError where the clean stage is not finished or kept no photo, or the weights do not
    fit.
    """
    folder = StageFolder(store, run_id, "train")
    clean = folder.sibling("clean")
    cleaned = clean.require()
    inputs = {
        "clean": cleaned.digest,
        "options": asdict(options),
        "weights_sha256": weights_digest(options.weights),
        "software": software(),
    }
    if done := folder.up_to_date(inputs):
        return done
    if not cleaned.counts["photos"]:
        why = store.where(clean.path("report.html"))
        raise JobError(f"Run {run_id} has no photo to train on; {why} says why.")
    _prepare_torch(options.seed)
    photos = load_photos(clean, cleaned.inputs["options"]["size"])
    split = split_by_listing(photos, options.seed)
    config = NetworkConfig(options.backbone, photos.size, len(photos.categories))
    network = build_network(config, options.weights)
    folder.begin(inputs)  # not before the weights are known to fit: it empties the folder
    fit = Fit(network, photos, split, options, folder, progress)
    features = backbone_features(fit)
    untrained = _untrained_scores(features, photos, split)
    history = fit.run(features)
    trained = _trained_scores(fit)
    _write(fit, config, {"trained": trained, "untrained": untrained, "history": asdict(history)})
    return folder.finish(inputs, _counts(photos, split, trained, untrained))


def weights_digest(weights: str) -> str | None:
    """The content of a weights file, None for weights that go by a name."""
    path = Path(weights)
    return blob_of(path).sha256 if path.is_file() else None


def _prepare_torch(seed: int) -> None:
    keep_freed_memory()
    torch.set_num_threads(cpu_count())
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())


@torch.no_grad()
def backbone_features(fit: Fit) -> Tensor:
    """The untrained backbone's features of all photos, (n, features) float32."""
    fit.network.eval()
    starts = range(0, len(fit.photos), EVAL_BATCH)
    rows = []
    for start in fit.progress.track(starts, len(starts), "train: backbone features"):
        places = range(start, min(start + EVAL_BATCH, len(fit.photos)))
        rows.append(fit.network.features(fit.photos.pixels(places).to(fit.device)).float().cpu())
    return torch.cat(rows)


def _untrained_scores(features: Tensor, photos: PhotoSet, split: Split) -> Scores:
    """The same backbone as it came: cosine of its features, categories by the nearest mean."""
    embeddings: NDArray[np.float32] = F.normalize(features, dim=1).numpy()
    queries = split.places("test")
    known = split.places("train", "validation")
    if not len(queries):
        return {}
    predicted = nearest_mean(embeddings, photos.labels, known, queries)
    return _scores(embeddings, predicted, photos, queries)


def _trained_scores(fit: Fit) -> Scores:
    queries = fit.split.places("test")
    if not len(queries):
        return {}
    embeddings, predicted = fit.embed(np.arange(len(fit.photos)))
    return _scores(embeddings, predicted[queries], fit.photos, queries)


def _scores(
    embeddings: NDArray[np.float32],
    predicted: NDArray[np.int64],
    photos: PhotoSet,
    queries: NDArray[np.int64],
) -> Scores:
    gallery = np.arange(len(photos))
    return {
        **sibling_recall(embeddings, photos, queries, gallery),
        **category_accuracy(predicted, photos.labels[queries], photos.categories),
    }


def _write(fit: Fit, config: NetworkConfig, metrics: dict[str, Any]) -> None:
    parts = np.array(PARTS)[fit.split.parts]
    by_listing = dict(zip(fit.photos.listings.tolist(), parts.tolist(), strict=True))
    listings = {fit.photos.product_ids[number]: part for number, part in by_listing.items()}
    fit.folder.write_json("split.json", dict(sorted(listings.items())))
    fit.folder.write_json("metrics.json", metrics)
    fit.folder.write_json(
        "network.json", {**asdict(config), "categories": fit.photos.categories, "weights": BEST}
    )


def _counts(photos: PhotoSet, split: Split, trained: Scores, untrained: Scores) -> dict[str, Any]:
    return {
        "photos": len(photos),
        "listings": len(photos.product_ids),
        "categories": len(photos.categories),
        **{f"{part}_photos": len(split.places(part)) for part in PARTS},
        "trained": trained,
        "untrained": untrained,
    }


def load_network(train: StageFolder) -> tuple[ExtractorNetwork, dict[str, Any]]:
    """The trained network of a run, and its network.json."""
    info: dict[str, Any] = json.loads(train.read("network.json"))
    config = NetworkConfig(info["backbone"], info["size"], len(info["categories"]), info["width"])
    network = build_network(config, NO_WEIGHTS)
    state = torch.load(io.BytesIO(train.read(BEST)), map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    return network, info
