"""What validation says of a network, as one score by which the best one is kept."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.measures import means, measure
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.split import Split

MOST_QUERIES, MOST_PHOTOS = 2_000, 4_000  # looked at after each epoch
SHOWN = ("sibling_recall_at_1", "sibling_map_at_r", "leaf_accuracy", "category_precision_at_10")

Entry = dict[str, Any]


@dataclass
class History:
    """What validation said, first of the start, then of the trained head, then of each epoch."""

    epochs: list[Entry] = field(default_factory=list)
    steps: list[Entry] = field(default_factory=list)
    best_epoch: int = -1

    def add(self, entry: Entry) -> bool:
        """Whether this is the best so far."""
        self.epochs.append(entry)
        best = self.best_epoch < 0 or entry["score"] > self.epochs[self.best_epoch]["score"]
        if best:
            self.best_epoch = len(self.epochs) - 1
        return best


@dataclass(frozen=True)
class Validation:
    """`queries` are searched among `places`, both of all photos but the test part's."""

    photos: PhotoSet
    sibling_weight: float
    queries: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, photos: PhotoSet, split: Split, sibling_weight: float, seed: int) -> "Validation":
        random = np.random.default_rng(seed)
        queries = random.permutation(split.places("validation"))[:MOST_QUERIES]
        others = np.setdiff1d(split.places("train", "validation"), queries)
        others = random.permutation(others)[: max(0, MOST_PHOTOS - len(queries))]
        places = np.concatenate([queries, others])
        return cls(photos, sibling_weight, np.sort(queries), np.sort(places))

    def entry(
        self, phase: str, embedding: NDArray[np.float32], logits: NDArray[np.float32], number: int
    ) -> Entry:
        """The measures of the embeddings and logits of `places`, and their score from 0 to 1."""
        all_embeddings = np.zeros((len(self.photos), embedding.shape[1]), np.float32)
        all_embeddings[self.places] = embedding
        asked = np.isin(self.places, self.queries)
        values = measure(all_embeddings, logits[asked], self.photos, self.queries, self.places)
        found = means(values) if len(self.queries) else dict.fromkeys(SHOWN)
        shown = {name: found[name] for name in SHOWN}
        return {"epoch": number, "phase": phase, **shown, "score": self._score(shown, number)}

    def _score(self, found: dict[str, float | None], number: int) -> float:
        """Siblings count for more than in the loss, since a search is for the item.

        With nothing held out, the last is the best.
        """
        siblings = [found[name] for name in SHOWN[:2] if found[name] is not None]
        categories = [found[name] for name in SHOWN[2:] if found[name] is not None]
        if not categories:
            return float(number)
        of_category = float(np.mean([value for value in categories if value is not None]))
        if not siblings:
            return of_category
        of_siblings = float(np.mean([value for value in siblings if value is not None]))
        share = (1 + self.sibling_weight) / 2
        return share * of_siblings + (1 - share) * of_category


def line(entry: Entry) -> str:
    """An entry as one line of the log."""
    shown = [f"{name} {entry[name]:.3f}" for name in SHOWN if entry[name] is not None]
    return ", ".join([*shown, f"score {entry['score']:.3f}"])
