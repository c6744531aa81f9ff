"""confusion.html: which categories are taken for which, in photos."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch

from batch_jobs.explore.made import Page, render
from batch_jobs.explore.stored import Embeddings, Places, Shown, StoredRun
from batch_jobs.train.evaluate import Parts
from batch_jobs.train.measures import Logits
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.stage import load_network

PAIRS, PHOTOS = 20, 6
FILE, TITLE = "confusion.html", "What is taken for what"
SAYS = "The categories that are confused most often, photo beside photo."


@dataclass(frozen=True)
class Confused:
    """Test photos of one label that were taken for another; labels are numbers."""

    true: int
    taken_for: int
    count: int
    whole: int  # test photos of the true label
    photos: list[int]  # the surest mistakes first
    alike: list[int]  # of what they were taken for, of other listings each, the most similar first


@dataclass(frozen=True)
class Confusions:
    """The most frequent ones; `kinds` is how many pairs of labels there are in all."""

    pairs: list[Confused]
    kinds: int
    tested: int
    right: int

    @property
    def places(self) -> set[int]:
        return {place for pair in self.pairs for place in (*pair.photos, *pair.alike)}


def category_logits(run: StoredRun, embeddings: Embeddings) -> Logits:
    """Of the test photos, (tested, labels): the network's classifier on the run's embeddings."""
    network, _ = load_network(run.clean.sibling("train"))
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(embeddings[run.parts.test]))
    found: Logits = logits.numpy()
    return found


def choose_confusions(
    photos: PhotoSet, parts: Parts, embeddings: Embeddings, logits: Logits
) -> Confusions:
    """`logits` are of the test photos."""
    test = parts.test
    true, taken_for = photos.labels[test], logits.argmax(axis=1)
    wrong = true != taken_for
    kinds = Counter(zip(true[wrong].tolist(), taken_for[wrong].tolist(), strict=True))
    rows = np.arange(len(test))
    surest = np.argsort(logits[rows, true] - logits[rows, taken_for], kind="stable")
    ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    pairs = []
    for (label, other), count in ordered[:PAIRS]:
        own = test[surest[(true[surest] == label) & (taken_for[surest] == other)]]
        alike = _most_similar(photos, parts.places, embeddings, own, other)
        whole = int((true == label).sum())
        pairs.append(Confused(label, other, count, whole, own[:PHOTOS].tolist(), alike))
    return Confusions(pairs, len(kinds), len(test), int((~wrong).sum()))


def _most_similar(
    photos: PhotoSet, gallery: Places, embeddings: Embeddings, own: Places, label: int
) -> list[int]:
    """Of a label, the photos that are most like some others; each of another listing."""
    others = gallery[photos.labels[gallery] == label]
    similarity = embeddings[others] @ embeddings[own].mean(axis=0)
    in_order = others[np.argsort(-similarity, kind="stable")].tolist()
    return photos.one_a_listing(in_order, PHOTOS)


def confusion_page(run: StoredRun, chosen: Confusions, shown: Shown) -> Page:
    categories = run.photos.categories
    pairs = [
        {
            "true": categories[pair.true],
            "taken_for": categories[pair.taken_for],
            "count": pair.count,
            "whole": pair.whole,
            "photos": [shown.photo(place) for place in pair.photos],
            "alike": [shown.photo(place) for place in pair.alike],
        }
        for pair in chosen.pairs
    ]
    content = render("confusion.html.j2", run=run, title=TITLE, chosen=chosen, pairs=pairs)
    return Page(FILE, TITLE, SAYS, content)
