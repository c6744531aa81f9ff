"""What the report shows of the test photos: confusion by root, the best and the worst searches."""

import numpy as np
from numpy.typing import NDArray

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_table
from batch_jobs.train.evaluate import Evaluation, Evaluator
from batch_jobs.train.measures import root_numbers, root_probabilities
from batch_jobs.train.report.report import Confusion, Found, Query

QUERIES, FOUND = 6, 5


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
    """The searches with test photos that find their siblings best and worst, of as many listings.

    In a catalogue without siblings, those that find their category.
    """
    values = evaluation.values
    score = values["sibling_map_at_r"]  # (test photos,)
    if np.isnan(score).all():
        score = values["category_precision_at_10"]
    order = np.argsort(score, kind="stable")[::-1]
    order = order[~np.isnan(score[order])]
    titles = _titles(clean)
    return tuple(  # type: ignore[return-value]  # two lists
        [_query(evaluator, place, titles) for place in _one_a_listing(evaluator, some)]
        for some in (order, order[::-1])
    )


def _one_a_listing(evaluator: Evaluator, order: NDArray[np.int64]) -> list[int]:
    chosen: dict[int, int] = {}
    for place in evaluator.parts.test[order].tolist():
        chosen.setdefault(int(evaluator.photos.listings[place]), place)
        if len(chosen) == QUERIES:
            break
    return list(chosen.values())


def _query(evaluator: Evaluator, query: int, titles: dict[str, str]) -> Query:
    photos, gallery = evaluator.photos, evaluator.parts.places
    similarity = evaluator.embeddings[gallery] @ evaluator.embeddings[query]
    other = np.array([photos.groups[place] != photos.groups[query] for place in gallery.tolist()])
    order = np.argsort(np.where(other, -similarity, np.inf), kind="stable")
    nearest = gallery[order[: min(FOUND, int(other.sum()))]].tolist()

    def title(place: int) -> str:
        return titles[photos.product_ids[photos.listings[place]]]

    found = [
        Found(
            photo=photos.jpegs[place],
            title=title(place),
            similarity=float(evaluator.embeddings[place] @ evaluator.embeddings[query]),
            same_item=bool(photos.listings[place] == photos.listings[query]),
            same_category=bool(photos.labels[place] == photos.labels[query]),
        )
        for place in nearest
    ]
    return Query(photos.jpegs[query], title(query), found)


def _titles(clean: StageFolder) -> dict[str, str]:
    rows = read_table(clean, "products.parquet", ["product_id", "title"]).to_pylist()
    return {row["product_id"]: row["title"] for row in rows}
