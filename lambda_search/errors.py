"""From an error to what the client is told: one table, for every error that has an answer.

MarketplaceSearchError   release/errors.py has the rest of the tree
├── RequestError         a request that cannot be understood; has a code
└── SettingsError        an environment variable has a value that cannot be used
"""

from dataclasses import dataclass

from release.errors import (
    MarketplaceSearchError,
    NoReleaseError,
    PhotoError,
    QueryError,
    StoreError,
    UnknownIdError,
)

MAX_DETAIL = 1000  # characters; a message may quote what was sent


class RequestError(MarketplaceSearchError):
    """A request that cannot be understood. `code` is a key of STATUS_OF_CODE."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class SettingsError(MarketplaceSearchError):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True)
class ErrorAnswer:
    """The HTTP status, and the two fields of the body."""

    status: int
    code: str
    detail: str


STATUS_OF_CODE = {
    "bad_event": 400,
    "bad_json": 400,
    "bad_multipart": 400,
    "bad_request": 400,
    "unknown_listing": 404,
    "unknown_photo": 404,
    "unknown_sample": 404,
    "unknown_upload": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "uploads_unavailable": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "not_an_image": 415,
    "unsupported": 415,
    "empty_file": 422,
    "truncated": 422,
    "too_small": 422,
    "too_many_pixels": 422,
    "missing_photo": 422,
    "ambiguous_query": 422,
    "too_many_photos": 422,
    "bad_crop": 422,
    "bad_base64": 422,
    "invalid_embedding": 422,
    "invalid_query": 422,
    "invalid_request": 422,
    "k_out_of_range": 422,
    "internal": 500,
    "no_release": 503,
    "store_unavailable": 503,
    "timeout": 503,
}

# The nearest class counts; RequestError and PhotoError bring their own code.
_CODE_OF_ERROR: dict[type[MarketplaceSearchError], str] = {
    UnknownIdError: "unknown_listing",
    QueryError: "invalid_query",
    NoReleaseError: "no_release",
    StoreError: "store_unavailable",
}
# Any other error is the function's own fault: a 500.
ANSWERED: tuple[type[Exception], ...] = (RequestError, PhotoError, *_CODE_OF_ERROR)
_STORE_DETAIL = "The store of the photos cannot be read now. Try again in a minute."


def answer_to(error: Exception) -> ErrorAnswer:
    """What the client is told. `error` is of one of the classes in ANSWERED."""
    code = _code(error)
    # The message of a StoreError names the inside of the store.
    detail = _STORE_DETAIL if code == "store_unavailable" else str(error)
    return ErrorAnswer(STATUS_OF_CODE[code], code, detail[:MAX_DETAIL])


def _code(error: Exception) -> str:
    if isinstance(error, RequestError):
        return error.code
    if isinstance(error, PhotoError):
        return error.reason
    return next(code for known, code in _CODE_OF_ERROR.items() if isinstance(error, known))
