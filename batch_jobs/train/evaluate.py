"""What a finished training is worth: measured on the test part, beside the untrained backbone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from batch_jobs.train.calibrate import (
    Pairs,
    curve,
    expected_error,
    good_match,
    nearest_pairs,
    probabilities,
    reliability,
    temperature,
    top_label,
)
from batch_jobs.train.intervals import Table, with_intervals
from batch_jobs.train.measures import Values, means, measure, nearest_mean_logits
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.split import Split

NETWORKS = ("trained", "untrained", "random_projection")
MOST_QUERIES, MOST_PHOTOS = 5_000, 100_000  # of larger catalogues, so many by chance

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Which photos are looked at: the `test` and `validation` queries, and all `places`."""

    test: Places
    validation: Places
    places: Places

    @classmethod
    def of(cls, split: Split, seed: int) -> "Parts":
        random = np.random.default_rng(seed)
        test, validation = (
            np.sort(random.permutation(split.places(part))[:MOST_QUERIES])
            for part in ("test", "validation")
        )
        queries = np.concatenate([test, validation])
        others = np.setdiff1d(split.places("train", "validation", "test"), queries)
        others = random.permutation(others)[: max(0, MOST_PHOTOS - len(queries))]
        return cls(test, validation, np.sort(np.concatenate([queries, others])))


@dataclass(frozen=True)
class Evaluation:
    """`metrics` and `calibration` as they are written, and the test queries' own values."""

    metrics: dict[str, Any]
    calibration: dict[str, Any]
    values: Values  # of the trained network
    temperature: float

    @property
    def trained(self) -> dict[str, float]:
        return _plain(self.metrics["table"]["trained"])

    @property
    def untrained(self) -> dict[str, float]:
        return _plain(self.metrics["table"]["untrained"])


@dataclass(frozen=True)
class Evaluator:
    """All that is measured: embeddings (n, width) and logits (n, labels) of the trained network,
    features (n, f) of the untrained backbone; rows of photos that are not looked at are zero."""

    photos: PhotoSet
    split: Split
    parts: Parts
    embeddings: Floats
    logits: Floats
    features: Tensor

    def evaluate(self) -> Evaluation:
        """Calibrates on validation, then looks at the test part, once."""
        labels, validation = self.photos.labels, self.parts.validation
        divided_by = temperature(self.logits[validation], labels[validation])
        pairs = self._pairs()
        calibration = {
            "same_item": curve(pairs.similarity, pairs.same_item),
            "same_category": curve(pairs.similarity, pairs.same_category),
            "match": good_match(pairs, self.photos.has_siblings),
        }
        values = self.values(divided_by)
        metrics = {
            "table": self._table(values),
            "categories": self._by_category(values["trained"]),
            "calibration": self._reliability(divided_by, pairs, calibration),
        }
        return Evaluation(metrics, calibration, values["trained"], divided_by)

    def _searched(self) -> tuple[PhotoSet, Places, Places]:
        return self.photos, self.parts.test, self.parts.places

    def _pairs(self) -> Pairs:
        seen = np.setdiff1d(self.parts.places, self.parts.test)
        return nearest_pairs(self.embeddings, self.photos, self.parts.validation, seen)

    def values(self, divided_by: float = 1.0) -> dict[str, Values]:
        """The test queries' values by each of NETWORKS."""
        untrained = F.normalize(self.features, dim=1).numpy()
        projected = random_projection(untrained, self.embeddings.shape[1])
        logits = self.logits[self.parts.test] / divided_by
        return {
            "trained": measure(self.embeddings, logits, *self._searched()),
            "untrained": self._without_training(untrained),
            "random_projection": self._without_training(projected),
        }

    def _table(self, values: dict[str, Values]) -> dict[str, Table]:
        listings = self.photos.listings[self.parts.test]
        return {network: with_intervals(found, listings) for network, found in values.items()}

    def _without_training(self, embeddings: Floats) -> Values:
        """Categories by the nearest mean of training and validation photos."""
        test = self.parts.test
        known = np.setdiff1d(self.parts.places, test)
        logits = nearest_mean_logits(embeddings, self.photos, known, test)
        return measure(embeddings, logits, *self._searched())

    def _by_category(self, values: Values) -> list[dict[str, Any]]:
        labels = self.photos.labels[self.parts.test]
        return [
            {
                "path": list(self.photos.categories[label]),
                "photos": int((labels == label).sum()),
                **means({name: value[labels == label] for name, value in values.items()}),
            }
            for label in np.unique(labels).tolist()
        ]

    def _reliability(
        self, divided_by: float, pairs: Pairs, calibration: dict[str, Any]
    ) -> dict[str, Any]:
        """On the test part for categories, on validation for the curves that were fitted there."""
        asked = self.parts.test
        logits, labels = self.logits[asked], self.photos.labels[asked]
        before, after = (reliability(*top_label(logits, labels, by)) for by in (1.0, divided_by))
        curves = {
            name: reliability(found, getattr(pairs, name))
            for name in ("same_item", "same_category")
            if len(found := probabilities(calibration[name], pairs.similarity))
        }
        return {
            "temperature": divided_by,
            "ece_before": expected_error(before),
            "ece_after": expected_error(after),
            "reliability": {"category": after, "same_item": [], "same_category": [], **curves},
        }


def random_projection(embeddings: Floats, width: int, seed: int = 0) -> Floats:
    """(n, f) unit norm to (n, width) unit norm by a Gaussian matrix: what a layer made by chance
    would give."""
    random = torch.Generator().manual_seed(seed)
    matrix = torch.randn(embeddings.shape[1], width, generator=random)
    projected: Floats = F.normalize(torch.from_numpy(embeddings) @ matrix, dim=1).numpy()
    return projected


def _plain(table: Table) -> dict[str, float]:
    return {name: found["value"] for name, found in table.items()}
