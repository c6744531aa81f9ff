"""Calibration on validation: what a logit and a similarity are worth as probabilities.

Similarities are those that a search shows: of each validation photo to the photos nearest to it,
once among all photos and once as if its listing were not in the catalogue, so that half of the
queries have nothing to be found. In a catalogue without siblings nothing can be said of items.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar  # type: ignore[import-untyped]
from scipy.special import expit, log_softmax, softmax  # type: ignore[import-untyped]

from batch_jobs.train.measures import Embeddings, Logits, Places
from batch_jobs.train.photos import PhotoSet

NEAREST = 10  # neighbours of each query that the curves are fitted to
PRECISION = 0.9  # of good matches, at least
BINS = 10
FEWEST = 20  # of either outcome; with fewer, no curve is fitted
_BLOCK = 256  # queries compared with the gallery at once
_LOG_TEMPERATURES = (-3.0, 3.0)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """m pairs of a query and one of its nearest: the cosine, and whether they are the same."""

    similarity: Floats  # (m,)
    same_item: Flags  # (m,)
    same_category: Flags  # (m,)
    first: Flags  # (m,) whether it is the query's nearest


def temperature(logits: Logits, labels: Places) -> float:
    """By which logits are to be divided: Guo et al., "On Calibration of Modern Neural Networks",
    ICML 2017. 1 where there is nothing to fit it to."""
    if len(labels) < FEWEST:
        return 1.0

    def loss(log_temperature: float) -> float:
        rows = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-rows[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded").x))


def nearest_pairs(
    embeddings: Embeddings, photos: PhotoSet, queries: Places, gallery: Places
) -> Pairs:
    """The pairs that searches with `queries` among `gallery` show, with and without siblings."""
    groups = np.unique(np.array(photos.groups), return_inverse=True)[1]
    nothing = np.zeros(0, np.bool_)
    found: list[tuple[Any, ...]] = [(np.zeros(0), nothing, nothing, nothing)]
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        similarities = embeddings[block] @ embeddings[gallery].T  # (block, gallery)
        for query, similarity in zip(block.tolist(), similarities, strict=True):
            other = groups[gallery] != groups[query]
            sibling = photos.listings[gallery] == photos.listings[query]
            for usable in (other, other & ~sibling):
                nearest = _nearest(similarity, usable)
                same = photos.labels[gallery[nearest]] == photos.labels[query]
                first = np.arange(len(nearest)) == 0
                found.append((similarity[nearest], sibling[nearest], same, first))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    return Pairs(columns[0].astype(np.float64), *columns[1:])


def _nearest(similarity: NDArray[np.float32], usable: Flags) -> Places:
    """The places of the NEAREST highest of those that are usable, the highest first."""
    places = np.flatnonzero(usable)
    if len(places) > NEAREST:
        places = places[np.argpartition(-similarity[places], NEAREST - 1)[:NEAREST]]
    ordered: Places = places[np.argsort(-similarity[places], kind="stable")]
    return ordered


def curve(similarity: Floats, same: Flags) -> dict[str, float] | None:
    """A logistic curve from similarity to the probability of `same`, None with too few of either.

    Targets are drawn in a little, so that a clean cut has a finite slope: Platt, "Probabilistic
    Outputs for Support Vector Machines", 1999.
    """
    right = int(same.sum())
    wrong = len(same) - right
    if min(right, wrong) < FEWEST:
        return None
    targets = np.where(same, (right + 1) / (right + 2), 1 / (wrong + 2))

    def loss(parameters: Floats) -> float:
        z = parameters[0] * similarity + parameters[1]
        return float(np.mean(np.logaddexp(0, z) - targets * z))

    found = minimize(loss, np.array([5.0, 0.0]), bounds=[(0, None), (None, None)])
    return {"slope": float(found.x[0]), "intercept": float(found.x[1])}


def good_match(pairs: Pairs, has_siblings: bool) -> dict[str, Any] | None:
    """The lowest similarity of a nearest photo from which on PRECISION of them are the same.

    None where no similarity is good enough.
    """
    of = "item" if has_siblings else "category"
    same = (pairs.same_item if has_siblings else pairs.same_category)[pairs.first]
    similarity = pairs.similarity[pairs.first]
    order = np.argsort(-similarity, kind="stable")
    right = np.cumsum(same[order])
    precision = right / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= PRECISION)
    if not len(good) or right[good[-1]] < FEWEST:
        return None
    last = good[-1]
    return {
        "of": of,
        "threshold": float(similarity[order[last]]),
        "precision": float(precision[last]),
        "recall": float(right[last] / same.sum()),
    }


def reliability(predicted: Floats, observed: Flags) -> list[dict[str, float]]:
    """Predicted against observed in ten bins of equal width; empty ones are left out."""
    places = np.minimum((predicted * BINS).astype(np.int64), BINS - 1)
    return [
        {
            "predicted": float(predicted[own].mean()),
            "observed": float(observed[own].mean()),
            "count": int(own.sum()),
        }
        for own in (places == place for place in range(BINS))
        if own.any()
    ]


def expected_error(bins: list[dict[str, float]]) -> float | None:
    """The expected calibration error of `reliability`'s bins, None without any."""
    total = sum(one["count"] for one in bins)
    if not total:
        return None
    return sum(abs(one["predicted"] - one["observed"]) * one["count"] for one in bins) / total


def top_label(logits: Logits, labels: Places, divided_by: float) -> tuple[Floats, Flags]:
    """The probability of the most probable label, (n,), and whether it is the right one."""
    rows = softmax(logits.astype(np.float64) / divided_by, axis=1)
    return rows.max(axis=1), rows.argmax(axis=1) == labels


def probabilities(fitted: dict[str, float] | None, similarity: Floats) -> Floats:
    """What the curve says of each similarity; nothing where there is no curve."""
    if fitted is None:
        return np.zeros(0)
    found: Floats = expit(fitted["slope"] * similarity + fitted["intercept"])
    return found
