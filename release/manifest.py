"""The manifest: what a release is made of. JSON on disk, checked whenever it is read."""

import json
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from release.blobs import Blob, Sha256
from release.calibration import Calibration
from release.errors import ManifestError

SCHEMA_VERSION = 4
EXTRACTOR_FILE = "extractor.onnx"
INDEX_FILE = "index.faiss"
LISTINGS_FILE = "listings.sqlite"
ROWS_FILE = "rows.npy"
TOMBSTONES_FILE = "tombstones.npy"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Score = Annotated[float, Field(allow_inf_nan=False)]
# Checked as parts of the manifest; by themselves only where a release is written, so built there.
_CHECKED = ConfigDict(extra="forbid", strict=True, defer_build=True)


@dataclass(frozen=True, config=_CHECKED)
class Catalogue:
    """Where the listings came from.

    `sha256` is over the tables and the photos' names, sizes and versions.
    """

    name: str
    sha256: Sha256


@dataclass(frozen=True, config=_CHECKED)
class ExtractorInfo:
    """The model that embeds the queries: `size` in pixels a side, `width` in numbers.

    `precision_reason` says why `precision` is not int8, where it was to be.
    """

    backbone: str
    size: Annotated[int, Field(ge=32)]
    width: Annotated[int, Field(ge=2)]
    precision: str
    sha256: Sha256
    precision_reason: str = ""


@dataclass(frozen=True, config=_CHECKED)
class Measured:
    """What an index reached on `queries` photos that it did not have.

    Recall is against exact search, times are of one query on one thread, bytes are on disk.
    """

    recall_at_1: Share
    recall_at_10: Share
    p50_ms: Amount
    p95_ms: Amount
    bytes_per_photo: Amount
    build_seconds: Amount
    queries: Count


@dataclass(frozen=True, config=_CHECKED)
class SegmentInfo:
    """An index with the listings it covers; its files are names in the manifest's `files`.

    `dead_listings` of its `listings` are gone (tombstones). `embedded_in` is the precision of the
    extractor that embedded its photos. A small segment is not measured.
    """

    name: Name
    plan: str
    photos: Count
    listings: Count
    dead_listings: Count = 0
    embedded_in: str = "fp32"
    measured: Measured | None = None

    @property
    def index_file(self) -> str:
        return f"{self.name}/{INDEX_FILE}"

    @property
    def listings_file(self) -> str:
        return f"{self.name}/{LISTINGS_FILE}"

    @property
    def rows_file(self) -> str:
        return f"{self.name}/{ROWS_FILE}"

    @property
    def tombstones_file(self) -> str | None:
        return f"{self.name}/{TOMBSTONES_FILE}" if self.dead_listings else None

    @property
    def file_names(self) -> tuple[str, ...]:
        """All of its files."""
        tombstones = (self.tombstones_file,) if self.tombstones_file else ()
        return (self.index_file, self.listings_file, self.rows_file, *tombstones)


@dataclass(frozen=True, config=_CHECKED)
class Manifest:
    """Everything a search needs. Raises ManifestError through `from_json` where it does not fit.

    `samples` are prepared photos to search with, which the index may have or not.
    """

    schema_version: int
    release_id: Name
    created_at: str
    git_commit: str
    run_id: Name
    catalogue: Catalogue
    extractor: ExtractorInfo
    segments: Annotated[tuple[SegmentInfo, ...], Field(min_length=1)]
    categories: tuple[tuple[str, ...], ...]
    scores: dict[str, Score]
    files: dict[str, Blob]
    calibration: Calibration
    samples: tuple[Blob, ...]

    @property
    def path(self) -> str:
        return manifest_path(self.release_id)

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Those that it names itself; its listing files name the photos."""
        return (*self.files.values(), *self.samples)

    def to_json(self) -> bytes:
        return _ADAPTER.dump_json(self, indent=2)


def manifest_path(release_id: str) -> str:
    return f"releases/{release_id}.json"


_ADAPTER = TypeAdapter(Manifest)


def from_json(data: bytes, where: str) -> Manifest:
    """Reads and checks a manifest. `where` is its name for messages.

    Raises ManifestError, which says what was found and what was expected.
    """
    _check_version(data, where)
    try:
        manifest = _ADAPTER.validate_json(data)
    except ValidationError as error:
        raise ManifestError(f"{where} is not a complete manifest: {_first(error)}") from error
    _check_consistent(manifest, where)
    return manifest


def _check_version(data: bytes, where: str) -> None:
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{where} is not JSON: {error}") from error
    version = found.get("schema_version") if isinstance(found, dict) else None
    if version != SCHEMA_VERSION:
        raise ManifestError(
            f"{where} has schema version {version!r}, this software reads {SCHEMA_VERSION}. "
            "Update the software, publish the run again, or roll back to another release."
        )


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the manifest"
    return f"{place}: {first['msg']} (found {str(first['input'])[:80]!r})"


def _check_consistent(manifest: Manifest, where: str) -> None:
    wanted = [EXTRACTOR_FILE]
    for segment in manifest.segments:
        if segment.index_file in wanted:
            raise ManifestError(f"{where}: two segments are called {segment.name}.")
        wanted += segment.file_names
    for name in wanted:
        if name not in manifest.files:
            raise ManifestError(f"{where} names {name}, which its files do not have.")
    found = manifest.files[EXTRACTOR_FILE].sha256
    if found != manifest.extractor.sha256:
        raise ManifestError(
            f"{where}: extractor.sha256 is {manifest.extractor.sha256}, "
            f"its file {EXTRACTOR_FILE} has {found}."
        )
