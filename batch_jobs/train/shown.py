"""What pages show of photos searched with: confusion by root, the best and the worst searches."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch_jobs.pages.searches import Found, Query
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_table
from batch_jobs.train.evaluate import Evaluation, Evaluator
from batch_jobs.train.measures import Values, root_numbers, root_probabilities
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.report.report import Confusion

QUERIES, FOUND = 6, 5

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Ranked:
    """A search: the place of the photo searched with, and those of the nearest, nearest first."""

    query: int
    nearest: list[int]


@dataclass(frozen=True)
class Searches:
    """Photos searched with, and the gallery they are searched in; `embeddings` is (n, width)."""

    photos: PhotoSet
    queries: Places
    gallery: Places
    embeddings: NDArray[np.float32]

    def best_and_worst(
        self, values: Values, count: int, found: int
    ) -> tuple[list[Ranked], list[Ranked]]:
        """`count` searches that find their siblings best and worst, each of another listing.

        In a catalogue without siblings, those that find their category. `values` are those of
        `measures.retrieval`.
        """
        score = values["sibling_map_at_r"]  # (queries,)
        if np.isnan(score).all():
            score = values["category_precision_at_10"]
        order = np.argsort(score, kind="stable")[::-1]
        order = order[~np.isnan(score[order])]
        best, worst = (
            [self._ranked(place, found) for place in self.photos.one_a_listing(some, count)]
            for some in (self.queries[order].tolist(), self.queries[order[::-1]].tolist())
        )
        return best, worst

    def _ranked(self, query: int, found: int) -> Ranked:
        """Without the photo itself and its copies."""
        groups, gallery = self.photos.groups, self.gallery
        similarity = self.embeddings[gallery] @ self.embeddings[query]
        other = np.array([groups[place] != groups[query] for place in gallery.tolist()])
        order = np.argsort(np.where(other, -similarity, np.inf), kind="stable")
        return Ranked(query, gallery[order[: min(found, int(other.sum()))]].tolist())

    def shown(self, ranked: Ranked, titles: Mapping[str, str]) -> Query:
        """A search with its photos; `titles` are by listing."""
        photos, query = self.photos, ranked.query

        def title(place: int) -> str:
            return titles[photos.product_ids[photos.listings[place]]]

        found = [
            Found(
                photo=photos.jpegs[place],
                title=title(place),
                similarity=float(self.embeddings[place] @ self.embeddings[query]),
                same_item=bool(photos.listings[place] == photos.listings[query]),
                same_category=bool(photos.labels[place] == photos.labels[query]),
            )
            for place in ranked.nearest
        ]
        return Query(photos.jpegs[query], title(query), found)


def confusion(evaluator: Evaluator, temperature: float) -> Confusion:
    """Test photos by the root that they are of and the most probable root."""
    photos, test = evaluator.photos, evaluator.parts.test
    roots = root_numbers(photos.categories)
    names = sorted({path[0] for path in photos.categories})
    counts = np.zeros((len(names), len(names)), np.int64)
    predicted = root_probabilities(evaluator.logits[test] / temperature, roots).argmax(axis=1)
    np.add.at(counts, (roots[photos.labels[test]], predicted), 1)
    return Confusion(names, counts)


def best_and_worst(
    evaluator: Evaluator, evaluation: Evaluation, clean: StageFolder
) -> tuple[list[Query], list[Query]]:
    """The best and the worst searches with test photos."""
    parts = evaluator.parts
    searches = Searches(evaluator.photos, parts.test, parts.places, evaluator.embeddings)
    titles = _titles(clean)
    best, worst = (
        [searches.shown(one, titles) for one in some]
        for some in searches.best_and_worst(evaluation.values, QUERIES, FOUND)
    )
    return best, worst


def _titles(clean: StageFolder) -> dict[str, str]:
    rows = read_table(clean, "products.parquet", ["product_id", "title"]).to_pylist()
    return {row["product_id"]: row["title"] for row in rows}
