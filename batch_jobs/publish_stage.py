"""The publish stage: marketplace-search publish --run RUN"""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch_jobs.stage import Done, StageFolder, digest_of, git_commit, software
from batch_jobs.tables import read_shards
from release.blobs import Blob, blob_of
from release.errors import JobError, ManifestError, NoReleaseError
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    SegmentInfo,
)
from release.publisher import publish
from release.reader import Pointer, read_manifest, read_pointer
from release.segment import INDEX_FILE, LISTINGS_FILE
from release.store import Store

BASE = "base"
PHOTOS_AT_ONCE = 256
FINDS_ITSELF = 0.99


def run(store: Store, run_id: str) -> Done:
    """Publishes the run's model, index, listings and photos, and makes the release current.

    Up to date only while that release is current: after a rollback this makes it current again.
    Raises ConflictError where another publish moved the pointer meanwhile, JobError where a file
    of a stage before is damaged or does not fit.
    """
    folder = StageFolder(store, run_id, "publish")
    stages = {name: folder.sibling(name) for name in ("clean", "train", "export", "index")}
    inputs = {name: stage.require().digest for name, stage in stages.items()}
    inputs["software"] = software()
    seen = read_pointer(store)
    if (done := folder.begin(inputs)) and _is_served(store, done, seen):
        return done
    _gate(stages["index"].require().counts)
    with tempfile.TemporaryDirectory() as scratch:
        files = _files(stages, Path(scratch))
        manifest = _manifest(run_id, stages, {name: blob_of(path) for name, path in files.items()})
        publish(store, manifest, files, _photo_batches(stages["clean"]), seen)
    counts = {"release": manifest.release_id, "photos": manifest.segments[0].photos}
    return folder.finish(inputs, counts)


def _is_served(store: Store, done: Done, seen: Pointer | None) -> bool:
    """Whether the release is current and all that it is made of is still there."""
    if seen is None or seen.release_id != done.counts["release"]:
        return False
    try:
        manifest = read_manifest(store, seen.release_id)
    except (NoReleaseError, ManifestError):
        return False
    sizes = {entry.path: entry.size_bytes for entry in store.list("blobs")}
    whole = all(sizes.get(blob.path) == blob.size_bytes for blob in manifest.files.values())
    photos = StageFolder(store, manifest.run_id, "clean")
    return whole and all(
        sizes.get(blob_of(photo).path) == len(photo)
        for batch in _photo_batches(photos)
        for photo in batch
    )


def _gate(counts: dict[str, Any]) -> None:
    """Refuses an index in which photos do not find themselves."""
    if counts["finds_itself"] < FINDS_ITSELF:
        raise JobError(
            f"Only {counts['finds_itself']:.1%} of the indexed photos find themselves first, at "
            f"least {FINDS_ITSELF:.0%} must. Index and embeddings do not fit: run `embed` again."
        )


def _files(stages: dict[str, StageFolder], scratch: Path) -> dict[str, Path]:
    sources = {
        EXTRACTOR_FILE: (stages["export"], EXTRACTOR_FILE),
        f"{BASE}/{INDEX_FILE}": (stages["index"], INDEX_FILE),
        f"{BASE}/{LISTINGS_FILE}": (stages["index"], LISTINGS_FILE),
    }
    files = {}
    for name, (stage, file) in sources.items():
        files[name] = stage.store.local(stage.path(file)) or scratch / file
        if not files[name].exists():
            files[name].write_bytes(stage.read(file))
        if blob_of(files[name]).sha256 != stage.require().outputs[file]:
            where = stage.store.where(stage.path(file))
            raise JobError(f"{where} is damaged. Delete done.json beside it and run again.")
    return files


def _manifest(run_id: str, stages: dict[str, StageFolder], files: dict[str, Blob]) -> Manifest:
    cleaned, indexed = stages["clean"].require(), stages["index"].require()
    network = json.loads(stages["export"].read("export.json"))
    measured = stages["train"].require().counts
    scores = {**measured["trained"]}
    scores |= {f"untrained_{name}": value for name, value in measured["untrained"].items()}
    catalogue = Catalogue(cleaned.inputs["catalogue"], cleaned.inputs["fingerprint"])
    content = digest_of({name: blob.sha256 for name, blob in files.items()})
    return Manifest(
        schema_version=SCHEMA_VERSION,
        release_id=f"{run_id}-{content[:10]}",
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        git_commit=git_commit(),
        run_id=run_id,
        catalogue=catalogue,
        extractor=ExtractorInfo(
            backbone=network["backbone"],
            size=network["size"],
            width=network["width"],
            precision=network["precision"],
            sha256=files[EXTRACTOR_FILE].sha256,
        ),
        segments=(_segment(indexed.counts),),
        categories=tuple(tuple(path) for path in network["categories"]),
        scores={name: value for name, value in scores.items() if value is not None},
        files=files,
    )


def _segment(counts: dict[str, Any]) -> SegmentInfo:
    return SegmentInfo(
        name=BASE,
        plan=counts["plan"],
        photos=counts["photos"],
        listings=counts["listings"],
        recall_at_10=counts["recall_at_10"],
    )


def _photo_batches(clean: StageFolder) -> Iterator[list[bytes]]:
    for _, table in read_shards(clean, "photos-", ["photo"]):
        for batch in table.to_batches(PHOTOS_AT_ONCE):
            yield batch.column("photo").to_pylist()
