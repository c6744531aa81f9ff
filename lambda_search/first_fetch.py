"""Fetches the current release; needs none of the modules that take long to import."""

from dataclasses import dataclass

from lambda_search.settings import Settings
from release.blob_cache import BlobCache
from release.fetching import Fetched, current_id, fetch_release
from release.store import Store


@dataclass(frozen=True)
class FirstFetch:
    """The files of the first release, the store they came from, and where they are."""

    store: Store
    cache: BlobCache
    fetched: Fetched


def fetch_current(settings: Settings) -> FirstFetch:
    """Raises StoreError, NoReleaseError, ManifestError, ReleaseFileError."""
    store, cache = Store(settings.store_url, in_a_hurry=True), BlobCache(settings.cache_dir)
    return FirstFetch(store, cache, fetch_release(store, current_id(store), cache))
