"""Opens a release and has it answer; the first one beside the import of what answers over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lambda_search.first_fetch import FirstFetch
from lambda_search.warm_up import answer_once
from release.blob_cache import BlobCache
from release.errors import ReleaseFileError
from release.fetching import Fetched, fetch_release
from release.reader import Release, open_fetched
from release.store import Store


@dataclass(frozen=True)
class Opened:
    """A release that has answered once, the store it came from, and where its files are."""

    store: Store
    cache: BlobCache
    release: Release


def open_first(fetch: Callable[[], FirstFetch], threads: int) -> Opened:
    """Raises what `fetch` raises, and as `open_answering`."""
    first = fetch()
    release_id = first.fetched.manifest.release_id
    again = partial(fetch_release, first.store, release_id, first.cache)
    return Opened(first.store, first.cache, open_answering(first.fetched, again, threads))


def open_answering(fetched: Fetched, fetch_again: Callable[[], Fetched], threads: int) -> Release:
    """A release that loads and answers a photo; raises ReleaseFileError for any other.

    `fetch_again` is called where another process has made room in the folder meanwhile.
    """
    try:
        release = open_fetched(fetched, threads)
    except ReleaseFileError:
        if fetched.is_there:
            raise
        release = open_fetched(fetch_again(), threads)
    answer_once(release)
    return release
