"""Publishes the updated release: the old manifest with other segments, and only new blobs."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from batch_jobs.publish_stage import checked_file, content_digest
from batch_jobs.samples import those_still_there
from batch_jobs.stage import Done, StageFolder, git_commit
from batch_jobs.tables import read_shards, read_table
from batch_jobs.update.segments import SEGMENTS_FILE
from batch_jobs.update.work import Work
from release.blobs import Blob, blob_of
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    Manifest,
    SegmentInfo,
)
from release.publisher import PHOTO_WRITERS, publish

PHOTOS_AT_ONCE = 256
_PHOTO = ["product_id", "photo_sha256", "photo_bytes"]


def publish_update(work: Work) -> Done:
    """Writes what is new and makes the updated release current.

    Raises ConflictError where another publish moved the pointer since the update was begun.
    """
    index, folder = work.folder("index"), work.folder("publish")
    inputs = work.inputs(index=index.require().digest)
    folder.begin(inputs)
    with tempfile.TemporaryDirectory() as scratch:
        files = _new_files(index, Path(scratch))
        manifest = _manifest(work, {name: blob_of(path) for name, path in files.items()})
        publish(work.base.store, manifest, files, _new_photos(work), work.base.pointer)
    return folder.finish(inputs, {"release": manifest.release_id})


def _new_files(index: StageFolder, scratch: Path) -> dict[str, Path]:
    """The index stage's files of segments, on this disk."""
    names = [name for name in index.require().outputs if "/" in name]
    return {name: checked_file(index, name, scratch) for name in names}


def _manifest(work: Work, new: dict[str, Blob]) -> Manifest:
    old, cleaning = work.base.manifest, work.clean.require()
    text = work.folder("index").read(SEGMENTS_FILE)
    segments = TypeAdapter(tuple[SegmentInfo, ...]).validate_json(text)
    there = {**old.files, **new}
    names = [name for segment in segments for name in segment.file_names]
    files = {name: there[name] for name in (EXTRACTOR_FILE, *names)}
    samples = those_still_there(work.clean, old.samples)
    return replace(
        old,
        schema_version=SCHEMA_VERSION,
        release_id=f"{work.run_id}-{content_digest(files, old.calibration, samples)}",
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        git_commit=git_commit(),
        run_id=work.run_id,
        catalogue=Catalogue(cleaning.inputs["catalogue"], cleaning.inputs["fingerprint"]),
        segments=segments,
        files=files,
        samples=samples,
    )


def _new_photos(work: Work) -> Iterator[list[bytes]]:
    """The prepared photos of added and changed listings that the store lacks as blobs."""
    written = pa.array(sorted(work.changes.written), pa.string())
    for name, table in read_shards(work.clean, "photos-", _PHOTO):
        mine = table.filter(pc.is_in(table["product_id"], value_set=written))
        columns = (mine[column].to_pylist() for column in _PHOTO[1:])
        lacking = _lacking(work, {Blob(*row) for row in zip(*columns, strict=True)})
        if lacking:
            yield from _photos(work.clean, name, lacking)


def _lacking(work: Work, blobs: set[Blob]) -> set[str]:
    def is_lacking(blob: Blob) -> bool:
        entry = work.base.store.stat(blob.path)
        return entry is None or entry.size_bytes != blob.size_bytes

    with ThreadPoolExecutor(PHOTO_WRITERS) as pool:
        answers = pool.map(is_lacking, blobs)
        return {blob.sha256 for blob, lacks in zip(blobs, answers, strict=True) if lacks}


def _photos(clean: StageFolder, name: str, sha256s: set[str]) -> Iterator[list[bytes]]:
    table = read_table(clean, name, ["photo_sha256", "photo"])
    wanted = pa.array(sorted(sha256s), pa.string())
    for batch in table.filter(pc.is_in(table["photo_sha256"], value_set=wanted)).to_batches(
        PHOTOS_AT_ONCE
    ):
        yield batch.column("photo").to_pylist()
