"""The segments of the updated release: older ones with more tombstones, and a small new one."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from batch_jobs import cleaned
from batch_jobs.publish_stage import BASE
from batch_jobs.stage import Done, StageFolder
from batch_jobs.tables import read_shards
from batch_jobs.update.base import OldSegment
from batch_jobs.update.small_index import small_index
from batch_jobs.update.work import Work
from release.blobs import blob_of
from release.listings import Photo
from release.manifest import LISTINGS_FILE, SegmentInfo
from release.segment import FILES, write_tombstones
from release.segment_writer import IndexedPhoto, write_segment

SEGMENTS_FILE = "segments.json"


def write_segments(work: Work, embedded: Done | None) -> Done:
    """Writes the new segment's files, tombstones of older ones, and segments.json (all of them).

    A segment without a live listing is left out.
    """
    folder = work.folder("index")
    inputs = work.inputs(embed=embedded.digest if embedded else None)
    if done := folder.begin(inputs):
        return done
    with tempfile.TemporaryDirectory() as scratch:
        infos = list(_older(work, folder, Path(scratch)))
        if embedded:
            infos.append(_new(work, folder, Path(scratch)))
    folder.write_json(SEGMENTS_FILE, [asdict(info) for info in infos])
    counts = {
        "segment": infos[-1].name if embedded else None,
        "plan": infos[-1].plan,
        "segments": len(infos),
        "photos": sum(info.photos for info in infos),
        "dead_listings": sum(info.dead_listings for info in infos),
    }
    return folder.finish(inputs, counts)


def _older(work: Work, folder: StageFolder, scratch: Path) -> Iterator[SegmentInfo]:
    for old in work.base.segments:
        dead = old.dead_with(work.changes.gone)
        if len(dead) == old.info.listings:
            continue
        info = replace(old.info, dead_listings=len(dead))
        if info.tombstones_file and info != old.info:
            path = scratch / "tombstones"
            write_tombstones(path, dead.tolist())
            folder.write(info.tombstones_file, path)
        yield info


def _new(work: Work, folder: StageFolder, scratch: Path) -> SegmentInfo:
    beside = _base(work)
    photos = list(_indexed(work.folder("embed")))
    listings = list(cleaned.listings(work.clean, work.changes.written))
    index = small_index(beside.files.index)
    write_segment(scratch / "new", listings, photos, index)
    # By what it shows: two segments of a release have no listing in common.
    name = f"s-{blob_of(scratch / 'new' / LISTINGS_FILE).sha256[:10]}"
    for file in FILES:
        folder.write(f"{name}/{file}", scratch / "new" / file)
    return SegmentInfo(
        name=name,
        plan=_small_plan(beside.info.plan),
        photos=len(photos),
        listings=len(listings),
        embedded_in=work.base.embedded_in,
    )


def _base(work: Work) -> OldSegment:
    return next(old for old in work.base.segments if old.info.name == BASE)


def _small_plan(base_plan: str) -> str:
    """The base's reduction, if it has one, and half precision; exact beside an exact one."""
    if base_plan == "Flat":
        return base_plan
    first = base_plan.split(",", maxsplit=1)[0]
    return f"{first},SQfp16" if first.startswith("SVD") else "SQfp16"


def _indexed(embed: StageFolder) -> Iterator[IndexedPhoto]:
    """Photos beside their own embeddings, of one row each."""
    for _, table in read_shards(embed, "embeddings-", [*cleaned.PHOTO_COLUMNS, "embedding"]):
        column = table["embedding"].combine_chunks()
        vectors = column.flatten().to_numpy().reshape(len(table), -1)
        photos = map(Photo, *(table[name].to_pylist() for name in cleaned.PHOTO_COLUMNS))
        yield from map(IndexedPhoto, photos, vectors)
