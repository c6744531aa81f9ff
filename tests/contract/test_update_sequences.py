"""After any sequence of updates, results are those of an index built from the final catalogue."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_cleaned import State, Thing, embedding, fresh_search, tiny_extractor, write_first
from hypothesis import given, settings
from hypothesis import strategies as st
from updates import COMPACT, FIRST, NEVER, assert_is, bring

from batch_jobs.update.compaction import UpdateOptions
from release.extractor import Extractor
from release.faiss_search import FaissSearch
from release.reader import open_current
from release.store import Store

MANY_QUERIES = range(100, 150)
MANY: State = {f"many-{n}": Thing(photos=((f"many-{n}", 200 + n),)) for n in range(120)}
DIMENSIONS = 12  # more than the photos have patterns


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    return tiny_extractor(tmp_path_factory.mktemp("extractor"))


seeds = st.integers(0, 30)
things = st.builds(
    Thing,
    st.sampled_from(["Chair", "Sofa"]),
    st.sampled_from([None, 1.0, 2.5]),
    st.lists(seeds, max_size=3, unique=True).map(tuple),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Some listings, of which one has a photo; ids stay where what is on a photo changes."""
    names = draw(st.sets(st.sampled_from("abcdefgh")))
    drawn = {name: draw(things) for name in sorted(names)} | {"z": Thing(photos=(draw(seeds),))}
    return {
        name: replace(thing, photos=tuple((f"{name}{n}", s) for n, s in enumerate(thing.photos)))
        for name, thing in drawn.items()
    }


def after(
    first: State,
    steps: list[tuple[State, UpdateOptions]],
    extractor: Extractor,
    folder: Path,
    dimensions: int = 0,
) -> Iterator[tuple[Store, State]]:
    """The store and the state after each update."""
    store = Store(str(folder / "store"), create=True)
    write_first(store, first, extractor, folder / "first", dimensions)
    for state, options in steps:
        bring(store, state, folder / "cache", options)
        yield store, state


@given(st.lists(st.tuples(states(), st.sampled_from([NEVER, COMPACT])), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_after_any_sequence_results_are_those_of_an_index_of_the_final_state(
    tmp_path_factory: pytest.TempPathFactory,
    extractor: Extractor,
    steps: list[tuple[State, UpdateOptions]],
) -> None:
    folder = tmp_path_factory.mktemp("sequence")
    for store, state in after(FIRST, steps, extractor, folder):
        assert_is(store, state, extractor, folder)


def recall_at_10(search: FaissSearch, state: State, extractor: Extractor, folder: Path) -> float:
    """Against exact search; who is as near as the tenth counts as one of the ten."""
    features = np.stack([embedding(seed, extractor) for seed in MANY_QUERIES])
    exact = fresh_search(state, extractor, folder).search_photos(features, 10**6)
    shares = []
    for some, every in zip(search.search(features, 10), exact, strict=True):
        near = {hit.photo.image_id: hit.similarity for hit in every}
        least = every[:10][-1].similarity - 1e-4
        shares.append(np.mean([near[image_id] >= least for image_id in some]))
    return float(np.mean(shares))


@given(st.lists(states(), min_size=1, max_size=4))
@settings(max_examples=5, deadline=None)
def test_after_any_sequence_an_approximate_index_has_the_recall_of_a_fresh_one(
    tmp_path_factory: pytest.TempPathFactory, extractor: Extractor, steps: list[State]
) -> None:
    folder = tmp_path_factory.mktemp("sequence")
    many = [(MANY | state, NEVER) for state in steps]
    for store, state in after(MANY, many, extractor, folder, DIMENSIONS):
        updated = open_current(store, folder / "cache").search
        fresh = fresh_search(state, extractor, folder / "fresh", DIMENSIONS)
        has, wanted = (
            recall_at_10(search, state, extractor, folder / "exact") for search in (updated, fresh)
        )
        assert has >= wanted - 0.01
