"""Every error that the project raises on purpose.

MarketplaceSearchError
├── StoreError               the store cannot be reached, read or written
│   ├── MissingObjectError   there is no such object
│   ├── ConflictError        somebody else wrote first
│   └── DamagedBlobError     the content does not have the SHA-256 that names it
├── ManifestError            a manifest is too new, incomplete or inconsistent
├── ReleaseFileError         a file of a release cannot be used
├── NoReleaseError           the store has no current release
├── PhotoError               bytes that cannot become pixels; has a reason code
├── QueryError               a search that cannot be answered as asked
│   └── UnknownIdError       an id that the release does not have
└── JobError                 a batch stage cannot do what was asked
"""


class MarketplaceSearchError(Exception):
    """Its message names what was wrong, the limit and the remedy."""


class StoreError(MarketplaceSearchError):
    """The store cannot be reached, read or written."""


class MissingObjectError(StoreError):
    """There is no object of that name."""


class ConflictError(StoreError):
    """Somebody else wrote first."""


class DamagedBlobError(StoreError):
    """The content does not have the SHA-256 that names it."""


class ManifestError(MarketplaceSearchError):
    """A manifest is too new, incomplete or inconsistent."""


class ReleaseFileError(MarketplaceSearchError):
    """A file of a release cannot be written or used."""


class NoReleaseError(MarketplaceSearchError):
    """The store has no current release."""


class PhotoError(MarketplaceSearchError):
    """Bytes that cannot become pixels. `reason` is one of the codes in `release.pixels`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class QueryError(MarketplaceSearchError):
    """A search that cannot be answered as asked."""


class UnknownIdError(QueryError):
    """An id that the release does not have."""


class JobError(MarketplaceSearchError):
    """A batch stage cannot do what was asked."""
