"""The index stage: marketplace-search index --run RUN [--memory-mb N] [--shard I --shards N]"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from batch_jobs.cleaned import listings
from batch_jobs.index.build import Beside, Built, build_base, merge
from batch_jobs.index.choose import Budget, Trial, trial_of
from batch_jobs.index.page import write_plan
from batch_jobs.index.photos import KEPT_OUT_FILE, copies_of, photos_of
from batch_jobs.index.prepare import Prepared, prepare
from batch_jobs.index.shards import Part, encode_shard
from batch_jobs.index.source import RunSource
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Inputs, Shard, StageFolder, digest_of, software
from release.errors import ConflictError, JobError, MissingObjectError
from release.listings import TABLES_VERSION, Listing, Photo
from release.segment import FILES
from release.segment_writer import write_segment_files
from release.store import Store

_PREPARED, _PART, _MEASURED = "prepared-", "part-", "measured-"


@dataclass(frozen=True)
class IndexOptions:
    """`keep_out` photos of as many held-out listings are left out of the index, to search with."""

    keep_out: int = 0
    budget: Budget = field(default_factory=Budget)
    shard: Shard = field(default_factory=Shard)

    def __post_init__(self) -> None:
        if self.keep_out < 0:
            raise JobError(f"--keep-out is {self.keep_out}; it must be at least 0.")


@dataclass(frozen=True)
class _Work:
    """A run's index stage, its inputs known."""

    folder: StageFolder
    inputs: Inputs
    options: IndexOptions
    photos: list[Photo]  # all of the index
    kept_out: Mapping[str, str]  # photo to listing
    source: RunSource
    progress: Progress

    @property
    def made_from(self) -> str:
        """Shards run side by side, so none empties the folder: names say what files are made of."""
        return digest_of(self.inputs)[:10]


def run(
    store: Store, run_id: str, options: IndexOptions, progress: Progress | None = None
) -> Done | None:
    """Writes index.faiss, listings.sqlite, rows.npy, and kept_out.json (photos to search with).

    Beside them, and no outputs as they tell of times: plan.html and plan.json. Gives None where
    other shards are still to be done; the last one finishes the stage.
    """
    folder = StageFolder(store, run_id, "index")
    inputs = _inputs(folder, options)
    sharded = options.shard.count > 1
    if done := folder.up_to_date(inputs) if sharded else folder.begin(inputs):
        return done
    work = _work(folder, inputs, options, progress or Progress())
    with tempfile.TemporaryDirectory() as scratch:
        if sharded:
            return _shard_or_done(work, Path(scratch))
        return _finish(work, _whole(work, Path(scratch)))


def _inputs(folder: StageFolder, options: IndexOptions) -> Inputs:
    before = {name: folder.sibling(name).require().digest for name in ("clean", "train", "embed")}
    own = {"keep_out": options.keep_out, "budget": asdict(options.budget)}
    own["tables"] = TABLES_VERSION
    return {**before, **own, "software": software()}


def _work(folder: StageFolder, inputs: Inputs, options: IndexOptions, progress: Progress) -> _Work:
    embed = folder.sibling("embed")
    every = list(photos_of(embed))
    kept_out = _choose_kept_out(folder.sibling("train"), every, options.keep_out)
    photos = [photo for photo in every if photo.image_id not in kept_out]
    return _Work(folder, inputs, options, photos, kept_out, RunSource(embed, kept_out), progress)


def _whole(work: _Work, scratch: Path) -> Built:
    budget, copies = work.options.budget, copies_of(work.photos)
    return build_base(work.source, budget, scratch, work.progress, copies)


def _shard_or_done(work: _Work, scratch: Path) -> Done | None:
    """Two shards that end side by side both see all parts; the first to finish deletes them."""
    try:
        built = _shard(work, scratch)
    except MissingObjectError:
        if not work.folder.up_to_date(work.inputs):
            raise
        built = None
    if done := work.folder.up_to_date(work.inputs):
        _delete_parts(work.folder)
        return done
    if built is None:
        return None
    work.folder.reopen(work.inputs)  # from here on, files of other inputs are written over
    return _finish(work, built)


def _shard(work: _Work, scratch: Path) -> Built | None:
    """This shard's part; the index too where all others are there."""
    folder, shard = work.folder, work.options.shard
    prepared = _prepared(work)
    names = [f"{_PART}{work.made_from}-{n}-of-{shard.count}.npz" for n in range(shard.count)]
    if not folder.has(names[shard.index]):
        part = encode_shard(work.source, prepared, shard, work.progress)
        folder.store.write(folder.path(names[shard.index]), part.to_bytes())
    if not set(names) <= set(folder.names(_PART)):
        return None
    parts = (Part.from_bytes(folder.read(name)) for name in names)
    beside = Beside(copies_of(work.photos), partial(_settled, work))
    return merge(work.source, prepared, parts, scratch, beside)


def _prepared(work: _Work) -> Prepared:
    """What the first shard to come has chosen by what it measured, and all others go by."""
    name = f"{_PREPARED}{work.made_from}.npz"
    if not work.folder.has(name):
        mine = prepare(work.source, work.options.budget, work.progress)
        _write_first(work, name, mine.to_bytes())
    return Prepared.from_bytes(work.folder.read(name))


def _settled(work: _Work, measured: Sequence[Trial]) -> list[Trial]:
    """What the first shard to merge has measured: by other times others might choose otherwise."""
    name = f"{_MEASURED}{work.made_from}.json"
    _write_first(work, name, json.dumps([asdict(trial) for trial in measured]).encode())
    return [trial_of(told) for told in json.loads(work.folder.read(name))]


def _write_first(work: _Work, name: str, data: bytes) -> None:
    try:
        work.folder.store.write_once(work.folder.path(name), data)
    except ConflictError:
        work.progress.say("index: another shard has measured the plans; its figures count")


def _delete_parts(folder: StageFolder) -> None:
    left = [name for kind in (_PREPARED, _PART, _MEASURED) for name in folder.names(kind)]
    folder.store.delete([folder.path(name) for name in left])


def _finish(work: _Work, built: Built) -> Done:
    folder = work.folder
    shown = list(listings(folder.sibling("clean")))
    _write_segment(folder, shown, work.photos, built)
    rows = [{"image_id": image, "product_id": listing} for image, listing in work.kept_out.items()]
    folder.write_json(KEPT_OUT_FILE, rows)
    write_plan(folder, built, len(work.photos), work.options.budget)
    done = folder.finish(work.inputs, _counts(built, work, len(shown)))
    _delete_parts(folder)
    return done


def _write_segment(
    folder: StageFolder, shown: Sequence[Listing], photos: Sequence[Photo], built: Built
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        write_segment_files(path, shown, photos, built.index, built.lists)
        for name in FILES:
            folder.write(name, path / name)


def _counts(built: Built, work: _Work, listing_count: int) -> dict[str, Any]:
    return {
        "plan": built.trial.plan.name,
        "effort": str(built.trial.effort),
        "photos": len(work.photos),
        "listings": listing_count,
        "kept_out": len(work.kept_out),
        **built.measured(),
        "similarity_error": built.trial.similarity_error,
        "finds_itself": built.finds_itself,
        "within_budget": built.meets,
        "why": built.why,
    }


def _choose_kept_out(train: StageFolder, photos: Sequence[Photo], count: int) -> dict[str, str]:
    """One photo each of held-out listings that have several and share none; image to listing."""
    if not count:
        return {}
    parts = json.loads(train.read("split.json"))
    by_listing: dict[str, list[Photo]] = {}
    uses: dict[str, int] = {}
    for photo in photos:
        uses[photo.sha256] = uses.get(photo.sha256, 0) + 1
        if parts[photo.product_id] == "test":
            by_listing.setdefault(photo.product_id, []).append(photo)
    kept_out: dict[str, str] = {}
    for product_id, own in sorted(by_listing.items()):
        single = [photo.image_id for photo in own if uses[photo.sha256] == 1]
        if len(kept_out) < count and len(own) > 1 and single:
            kept_out[min(single)] = product_id
    return kept_out
