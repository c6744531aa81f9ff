"""Opens the first release, beside the import of the modules that answer over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

from lambda_search.first_fetch import FirstFetch
from lambda_search.warm_up import answer_once
from release.blob_cache import BlobCache
from release.reader import Release, open_fetched
from release.store import Store


@dataclass(frozen=True)
class Opened:
    """A release that has answered once, the store it came from, and where its files are."""

    store: Store
    cache: BlobCache
    release: Release


def open_first(fetch: Callable[[], FirstFetch], threads: int) -> Opened:
    """Raises what `fetch` raises, and ReleaseFileError."""
    first = fetch()
    release = open_fetched(first.fetched, threads)
    answer_once(release)
    return Opened(first.store, first.cache, release)
