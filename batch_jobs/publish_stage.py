"""The publish stage: marketplace-search publish --run RUN"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from batch_jobs.index.photos import KEPT_OUT_FILE
from batch_jobs.samples import choose_samples
from batch_jobs.stage import Done, StageFolder, digest_of, git_commit, software
from batch_jobs.tables import read_shards
from release.blobs import Blob, blob_of, fetch_blob
from release.calibration import Calibration
from release.errors import JobError, ManifestError, NoReleaseError
from release.fetching import Pointer, read_manifest, read_pointer
from release.listings import Listings, Photo
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    Measured,
    SegmentInfo,
)
from release.publisher import publish
from release.segment import FILES
from release.store import Store

BASE = "base"
CALIBRATION_FILE, SPLIT_FILE = "calibration.json", "split.json"
PHOTOS_AT_ONCE = 256
FINDS_ITSELF = 0.99
_MADE_FROM = ("clean", "train", "export", "embed", "index")
_AGAIN = "Delete done.json beside it and run again."


def run(store: Store, run_id: str) -> Done:
    """Publishes the run's model, index, listings and photos, and makes the release current.

    Up to date only while that release is current: after a rollback this makes it current again.
    Raises ConflictError where another publish moved the pointer meanwhile, JobError where a file
    of a stage before is damaged or does not fit.
    """
    folder = StageFolder(store, run_id, "publish")
    stages = {name: folder.sibling(name) for name in _MADE_FROM}
    inputs = {name: stage.require().digest for name, stage in stages.items()}
    inputs["software"] = software()
    seen = read_pointer(store)
    if (done := folder.begin(inputs)) and _is_served(store, done, seen):
        return done
    gate(stages["index"].require().counts)
    with tempfile.TemporaryDirectory() as scratch:
        files = _files(stages, Path(scratch))
        manifest = _manifest(run_id, stages, {name: blob_of(path) for name, path in files.items()})
        publish(store, manifest, files, _photo_batches(stages["clean"]), seen)
    counts = {"release": manifest.release_id, "photos": manifest.segments[0].photos}
    return folder.finish(inputs, counts)


def _is_served(store: Store, done: Done, seen: Pointer | None) -> bool:
    """Whether the release is current and all that it is made of is still there.

    Raises DamagedBlobError where its listing file is damaged.
    """
    if seen is None or seen.release_id != done.counts["release"]:
        return False
    try:
        manifest = read_manifest(store, seen.release_id)
    except (NoReleaseError, ManifestError):
        return False
    sizes = {entry.path: entry.size_bytes for entry in store.list("blobs")}
    if any(sizes.get(blob.path) != blob.size_bytes for blob in manifest.blobs):
        return False
    with tempfile.TemporaryDirectory() as cache:
        return all(
            sizes.get(Blob(photo.sha256, photo.size_bytes).path) == photo.size_bytes
            for segment in manifest.segments
            for photo in _photos_of(store, manifest.files[segment.listings_file], Path(cache))
        )


def _photos_of(store: Store, listings_file: Blob, cache: Path) -> Iterator[Photo]:
    """What a segment's listing file says of its photos, whose own bytes need not be read."""
    with closing(Listings(fetch_blob(store, listings_file, cache))) as listings:
        yield from listings.all_photos()


def gate(counts: dict[str, Any]) -> None:
    """Refuses an index in which photos do not find themselves."""
    if counts["finds_itself"] < FINDS_ITSELF:
        raise JobError(
            f"Only {counts['finds_itself']:.1%} of the indexed photos find themselves first, at "
            f"least {FINDS_ITSELF:.0%} must. Index and embeddings do not fit: run `embed` again."
        )


def _files(stages: dict[str, StageFolder], scratch: Path) -> dict[str, Path]:
    sources = {
        EXTRACTOR_FILE: (stages["export"], EXTRACTOR_FILE),
        **{f"{BASE}/{name}": (stages["index"], name) for name in FILES},
    }
    return {name: checked_file(*source, scratch) for name, source in sources.items()}


def checked_file(stage: StageFolder, name: str, scratch: Path) -> Path:
    """An output of a finished stage on this disk, if need be in `scratch`.

    Raises JobError where it is not what the stage wrote.
    """
    path = stage.store.local(stage.path(name)) or scratch / name.replace("/", "-")
    if not path.exists():
        path.write_bytes(stage.read(name))
    if blob_of(path).sha256 != stage.require().outputs[name]:
        raise JobError(f"{stage.store.where(stage.path(name))} is damaged. {_AGAIN}")
    return path


def _manifest(run_id: str, stages: dict[str, StageFolder], files: dict[str, Blob]) -> Manifest:
    cleaned, network = stages["clean"].require(), json.loads(_read(stages["export"], "export.json"))
    calibration = _calibration(stages["train"])
    samples = _samples(stages)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        release_id=f"{run_id}-{content_digest(files, calibration, samples)}",
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        git_commit=git_commit(),
        run_id=run_id,
        catalogue=Catalogue(cleaned.inputs["catalogue"], cleaned.inputs["fingerprint"]),
        extractor=_extractor(network, files[EXTRACTOR_FILE]),
        segments=(_segment(stages["index"].require().counts, stages["embed"].require().counts),),
        categories=tuple(tuple(path) for path in network["categories"]),
        scores=_scores(stages["train"].require().counts),
        files=files,
        calibration=calibration,
        samples=samples,
    )


def content_digest(
    files: Mapping[str, Blob], calibration: Calibration, samples: Sequence[Blob]
) -> str:
    """The end of a release's id: another one where anything that it answers with is another.

    What a similarity means is part of every answer.
    """
    content = {name: blob.sha256 for name, blob in files.items()}
    shown = [blob.sha256 for blob in samples]
    return digest_of({**content, "calibration": asdict(calibration), "samples": shown})[:10]


def _samples(stages: dict[str, StageFolder]) -> tuple[Blob, ...]:
    kept_out = json.loads(_read(stages["index"], KEPT_OUT_FILE))
    parts = json.loads(_read(stages["train"], SPLIT_FILE))
    return choose_samples(stages["clean"], kept_out, parts)


def _calibration(train: StageFolder) -> Calibration:
    try:
        return TypeAdapter(Calibration).validate_json(_read(train, CALIBRATION_FILE))
    except ValidationError as error:
        where, first = train.store.where(train.path(CALIBRATION_FILE)), error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise JobError(f"{where} does not fit: {place}: {first['msg']}. {_AGAIN}") from error


def _read(stage: StageFolder, name: str) -> bytes:
    """An output of a stage. Raises JobError where it is not what the stage wrote."""
    wanted = stage.require().outputs.get(name)
    where = stage.store.where(stage.path(name))
    if wanted is None or not stage.has(name):
        raise JobError(f"{where} is missing. {_AGAIN}")
    data = stage.read(name)
    if blob_of(data).sha256 != wanted:
        raise JobError(f"{where} is damaged. {_AGAIN}")
    return data


def _extractor(network: dict[str, Any], file: Blob) -> ExtractorInfo:
    return ExtractorInfo(
        backbone=network["backbone"],
        size=network["size"],
        width=network["width"],
        precision=network["precision"],
        sha256=file.sha256,
        precision_reason=network.get("precision_reason") or "",
    )


def _segment(indexed: dict[str, Any], embedded: dict[str, Any]) -> SegmentInfo:
    return SegmentInfo(
        name=BASE,
        plan=indexed["plan"],
        photos=indexed["photos"],
        listings=indexed["listings"],
        embedded_in=embedded.get("precision", "fp32"),
        measured=Measured(**{one.name: indexed[one.name] for one in fields(Measured)}),
    )


def _scores(trained: dict[str, Any]) -> dict[str, float]:
    """What training measured, without what it could not."""
    scores = {**trained["trained"], **trained.get("calibration", {})}
    scores |= {f"untrained_{name}": value for name, value in trained["untrained"].items()}
    return {name: value for name, value in scores.items() if value is not None}


def _photo_batches(clean: StageFolder) -> Iterator[list[bytes]]:
    for _, table in read_shards(clean, "photos-", ["photo"]):
        for batch in table.to_batches(PHOTOS_AT_ONCE):
            yield batch.column("photo").to_pylist()
