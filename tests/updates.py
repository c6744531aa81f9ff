"""Updates of a release whose catalogue is written by hand, and whether it answers as it must."""

from pathlib import Path

import numpy as np
from hand_cleaned import NAME, State, Thing, embedding, fresh_search, jpeg, write_clean

from batch_jobs.progress import Progress
from batch_jobs.update.base import find_base
from batch_jobs.update.compaction import UpdateOptions
from batch_jobs.update.job import Updated, update
from release.extractor import Extractor
from release.facets import facets_of
from release.faiss_search import FaissSearch
from release.reader import open_current
from release.store import Store

NEVER, COMPACT = UpdateOptions(share=1e9), UpdateOptions(compact=True, share=1e9)
QUERIES = range(100, 106)
FIRST: State = {
    f"listing-{n}": Thing(
        f"Chair {n}", float(n), ((f"photo-{n}a", 2 * n), (f"photo-{n}b", 2 * n + 1))
    )
    for n in range(8)
}


def bring(store: Store, state: State, cache: Path, options: UpdateOptions = NEVER) -> Updated:
    """Updates the current release to a state of the catalogue."""
    clean = write_clean(store, state)
    return update(find_base(store, NAME, cache), clean, options, Progress())


def answers(search: FaissSearch, extractor: Extractor) -> list[list[tuple[str, float]]]:
    """Everything, nearest first, for each query."""
    features = np.stack([embedding(seed, extractor) for seed in QUERIES])
    found = search.search_photos(features, search.photo_count)
    return [[(hit.photo.image_id, round(hit.similarity, 5)) for hit in hits] for hits in found]


def assert_is(store: Store, state: State, extractor: Extractor, scratch: Path) -> None:
    """The current release answers and shows what an index of the state does."""
    release = open_current(store, scratch / "cache")
    fresh = fresh_search(state, extractor, scratch / "fresh")
    assert answers(release.search, extractor) == answers(fresh, extractor)
    assert release.facets == facets_of(fresh.segments)
    assert release.search.newest(5) == fresh.newest(5)
    for name, thing in state.items():
        if thing.photos:
            assert release.search.listing(name) == fresh.listing(name)
            for image_id, seed in thing.photos:
                assert release.search.photo(image_id) == fresh.photo(image_id)
                assert store.read(f"blobs/{release.search.photo(image_id).sha256}") == jpeg(seed)
