"""The rows of a segment: small columns beside the vectors, read by memory map.

One .npy file of one structured record whose fields are whole columns. It names the index and the
listing table that were written with it by their SHA-256, so the three are one unit.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from release.array_file import map_array
from release.errors import ReleaseFileError

ROWS_VERSION = 1
NEVER = np.iinfo(np.int64).min  # before any time that is asked for

# Those with eight bytes first, so that every column is aligned.
_OF_PHOTOS = {"key": "<i8", "listing": "<u4", "list": "<u4"}
_OF_LISTINGS = {"price": "<f8", "listed_at": "<i8", "category": "<u4", "location": "<u4"}
_OF_FILE = {"version": "<u8"} | dict.fromkeys(
    ("columns_sha256", "index_sha256", "listings_sha256"), "S64"
)


@dataclass(frozen=True)
class Rows:
    """The columns. A photo's row number is the rank of its key, and its number in the index.

    Of photos: `key` (n,) int64 ascending, `listing` (n,) the number of its listing, `list` (n,) the
    inverted list that has it (0 in an index without). Of listings, by number: `price` (m,) float64,
    NaN where unknown; `listed_at` (m,) int64, seconds since 1970 in UTC; `category` (m,) and
    `location` (m,), numbers of tables in the listing file.
    """

    key: NDArray[np.int64]
    listing: NDArray[np.uint32]
    list: NDArray[np.uint32]
    price: NDArray[np.float64]
    listed_at: NDArray[np.int64]
    category: NDArray[np.uint32]
    location: NDArray[np.uint32]


def write_rows(path: Path, rows: Rows, index_sha256: str, listings_sha256: str) -> None:
    """Writes the columns beside the names of the files they belong to."""
    record = np.zeros(1, dtype=_dtype(len(rows.key), len(rows.price)))
    record["version"] = ROWS_VERSION
    record["index_sha256"], record["listings_sha256"] = index_sha256, listings_sha256
    for name in (*_OF_PHOTOS, *_OF_LISTINGS):
        record[name][0] = getattr(rows, name)
    record["columns_sha256"] = _digest(record[0])
    np.save(path, record)


def open_rows(path: Path, sha256s: Mapping[str, str], is_checked: bool = False) -> Rows:
    """The columns by memory map. `sha256s` has those of the files that the rows were written with.

    `is_checked` says that the file's own content was checked. Raises ReleaseFileError where the
    file is damaged, of newer software, or of other files.
    """
    record = _open(path)
    columns = _columns(path, record)
    own = {} if is_checked else {"columns_sha256": _digest(record)}
    for name, sha256 in {**own, **sha256s}.items():
        written = bytes(record[name]).decode("ascii", "replace")
        if written != sha256:
            raise ReleaseFileError(
                f"{path} does not fit: {name} is {written}, found was {sha256}. It is damaged, or "
                "it or a file beside it is of another segment. Publish the run again."
            )
    _check(path, columns)
    return columns


def _dtype(photos: int, listings: int) -> np.dtype[np.void]:
    wide = list(_OF_FILE.items())
    sized = [(name, kind, (photos,)) for name, kind in _OF_PHOTOS.items()]
    sized += [(name, kind, (listings,)) for name, kind in _OF_LISTINGS.items()]
    sized.sort(key=lambda column: column[1][-1], reverse=True)
    return np.dtype([*wide, *sized])


def _open(path: Path) -> Any:
    found = map_array(path, "rows")
    if found.shape != (1,) or found.dtype.names is None:
        raise ReleaseFileError(f"{path} is not a file of rows: it is an array of another kind.")
    version = found["version"].tolist()[0] if "version" in found.dtype.names else None
    if version != ROWS_VERSION:
        raise ReleaseFileError(
            f"{path} has rows of version {version}, this software reads {ROWS_VERSION}. Update the "
            "software, or publish the run again."
        )
    return found[0]


def _digest(record: Any) -> str:
    """SHA-256 over all columns."""
    digest = hashlib.sha256()
    for name in (*_OF_PHOTOS, *_OF_LISTINGS):
        digest.update(memoryview(record[name]).cast("B"))
    return digest.hexdigest()


def _columns(path: Path, record: Any) -> Rows:
    try:
        columns = {name: record[name] for name in (*_OF_PHOTOS, *_OF_LISTINGS)}
        expected = _dtype(len(columns["key"]), len(columns["price"]))
    except (ValueError, TypeError) as error:
        raise ReleaseFileError(f"{path} lacks columns: {error}") from error
    if record.dtype != expected:
        raise ReleaseFileError(f"{path} has columns {record.dtype}, expected {expected}.")
    return Rows(**columns)


def _check(path: Path, rows: Rows) -> None:
    """Numbers that point elsewhere must point inside, or a search would fail later."""
    ascending = bool((rows.key[1:] > rows.key[:-1]).all())
    inside = len(rows.key) > 0 and int(rows.listing.max()) < len(rows.price)
    if not (ascending and inside):
        what = "its keys do not ascend" if not ascending else "a photo's listing is not there"
        raise ReleaseFileError(f"{path} is damaged: {what}. Publish the run again.")
