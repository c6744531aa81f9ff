"""Updates: after any of them, the release answers as an index of the final catalogue does."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hand_cleaned import (
    FIRST_RUN,
    NAME,
    Thing,
    jpeg,
    samples_of,
    tiny_extractor,
    write_clean,
    write_first,
)
from killed_writes import KilledError, dies
from updates import COMPACT, FIRST, NEVER, assert_is, bring

from batch_jobs.index.choose import Budget
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.update import job
from batch_jobs.update.base import find_base
from batch_jobs.update.budget import budget_of
from batch_jobs.update.compaction import UpdateOptions
from batch_jobs.update.job import update
from release.errors import ConflictError, JobError
from release.extractor import Extractor
from release.fetching import read_manifest, read_pointer
from release.publisher import make_current
from release.reader import open_current
from release.store import Store


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    return tiny_extractor(tmp_path_factory.mktemp("extractor"))


@pytest.fixture
def store(tmp_path: Path, extractor: Extractor) -> Store:
    """A store with a release of FIRST."""
    opened = Store(str(tmp_path / "store"), create=True)
    write_first(opened, FIRST, extractor, tmp_path / "first")
    return opened


def test_added_changed_and_removed_listings_become_a_small_segment_and_tombstones(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state = dict(FIRST)
    del state["listing-0"]
    state["listing-1"] = replace(FIRST["listing-1"], price=99.0)
    state["new"] = Thing("Sofa", None, (("photo-new", 50),))
    updated = bring(store, state, tmp_path)
    changes = updated.changes
    assert (changes.added, changes.changed, changes.removed) == (
        {"new"},
        {"listing-1"},
        {"listing-0"},
    )
    assert (updated.counts["embedded"], updated.counts["taken_over"]) == (1, 2)
    manifest = read_manifest(store, updated.release)
    base, small = manifest.segments
    assert (base.name, base.dead_listings, small.photos, small.listings) == ("base", 2, 3, 2)
    old = read_manifest(store, "first")
    same = {name for name, blob in manifest.files.items() if old.files.get(name) == blob}
    assert same == old.files.keys()
    assert (manifest.scores, manifest.calibration) == (old.scores, old.calibration)
    assert_is(store, state, extractor, tmp_path)


def test_samples_stay_but_for_photos_that_the_catalogue_has_no_more(
    store: Store, tmp_path: Path
) -> None:
    first, third = samples_of([jpeg(0), jpeg(1), jpeg(2)])
    assert read_manifest(store, "first").samples == (first, third)
    cheaper = FIRST | {"listing-0": replace(FIRST["listing-0"], price=1.0)}
    updated = bring(store, cheaper, tmp_path)
    assert read_manifest(store, updated.release).samples == (first, third)
    gone = {name: thing for name, thing in cheaper.items() if name != "listing-0"}
    updated = bring(store, gone, tmp_path)
    assert read_manifest(store, updated.release).samples == (third,)


def test_a_changed_price_embeds_nothing_and_needs_no_photo(
    store: Store, extractor: Extractor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = FIRST | {"listing-3": replace(FIRST["listing-3"], price=1.0)}
    before = set(Path(store.url).joinpath("blobs").iterdir())
    updated = bring(store, state, tmp_path)
    assert (updated.counts["embedded"], updated.counts["taken_over"]) == (0, 2)
    new = set(Path(store.url).joinpath("blobs").iterdir()) - before
    assert len(new) == len(("index", "listings", "rows", "tombstones"))
    assert_is(store, state, extractor, tmp_path)


def test_nothing_changed_is_up_to_date_and_no_release(store: Store, tmp_path: Path) -> None:
    updated = bring(store, dict(reversed(FIRST.items())), tmp_path)
    assert (updated.up_to_date, updated.release) == (True, "first")
    assert not bring(store, FIRST, tmp_path, COMPACT).counts
    assert len(list(store.list("releases"))) == 1


def test_photos_that_were_embedded_once_are_not_embedded_again(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
    assert bring(store, state, tmp_path).counts["embedded"] == 1
    assert bring(store, FIRST, tmp_path).counts["embedded"] == 0
    again = FIRST | {"other": Thing(photos=(("another-id", 50),))}
    updated = bring(store, again, tmp_path)
    assert (updated.counts["embedded"], updated.counts["taken_over"]) == (0, 1)
    assert_is(store, again, extractor, tmp_path)


def test_a_segment_without_a_live_listing_is_dropped(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    bring(store, FIRST | {"new": Thing(photos=(("photo-new", 50),))}, tmp_path)
    manifest = read_manifest(store, bring(store, FIRST, tmp_path).release)
    assert [segment.name for segment in manifest.segments] == ["base"]
    assert manifest.segments[0].dead_listings == 0
    assert manifest.files == read_manifest(store, "first").files
    assert_is(store, FIRST, extractor, tmp_path)


def test_an_empty_catalogue_leaves_the_release(store: Store, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"no listing with a photo any more.*Release first stays"):
        bring(store, {"listing-0": Thing()}, tmp_path)


@pytest.mark.parametrize(
    "options", [UpdateOptions(compact=True, share=1e9), UpdateOptions(share=0.1)]
)
def test_compaction_makes_one_base_and_embeds_only_what_is_new(
    store: Store, extractor: Extractor, tmp_path: Path, options: UpdateOptions
) -> None:
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
    del state["listing-2"]
    updated = bring(store, state, tmp_path, options)
    assert (updated.counts["embedded"], updated.counts["taken_over"]) == (1, 14)
    (base,) = read_manifest(store, updated.release).segments
    assert (base.name, base.photos, base.listings, base.dead_listings) == ("base", 15, 8, 0)
    assert_is(store, state, extractor, tmp_path)


def test_compaction_has_the_budget_of_the_base_before(store: Store, tmp_path: Path) -> None:
    base = find_base(store, NAME, tmp_path)
    assert budget_of(base) == Budget()
    index = StageFolder(store, FIRST_RUN, "index")
    index.write("index.faiss", base.file("base/index.faiss"))
    given = Budget(memory_mb=77, recall=0.9, p95_ms=3)
    index.finish({"budget": asdict(given)}, {})
    assert budget_of(base) == given
    bring(store, FIRST | {"new": Thing(photos=(("photo-new", 50),))}, tmp_path, COMPACT)
    store.delete([index.path("done.json")])
    assert budget_of(find_base(store, NAME, tmp_path)) == given


def test_more_than_sixteen_segments_are_compacted(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state, counts = dict(FIRST), []
    for number in range(17):
        state[f"new-{number}"] = Thing(photos=((f"photo-new-{number}", 50 + number),))
        updated = bring(store, state, tmp_path)
        counts.append(len(read_manifest(store, updated.release).segments))
    assert counts == [*range(2, 17), 1, 2]
    assert_is(store, state, extractor, tmp_path)


def test_without_its_base_a_release_gets_a_new_one(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state = {"new": Thing(photos=(("photo-new", 50),))}
    (base,) = read_manifest(store, bring(store, state, tmp_path).release).segments
    assert base.name == "base"
    assert_is(store, state, extractor, tmp_path)


def test_after_a_rollback_the_comparison_is_with_that_release(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
    first = bring(store, state, tmp_path).release
    make_current(store, "first", read_pointer(store))
    assert bring(store, state, tmp_path).release == first
    assert_is(store, state, extractor, tmp_path)


def test_another_catalogue_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"is of the catalogue 'hand', not of 'other'.*search run"):
        find_base(store, "other", tmp_path)
    empty = Store(str(tmp_path / "empty"), create=True)
    with pytest.raises(JobError, match=r"no release that could be updated.*search run"):
        find_base(empty, NAME, tmp_path)


def test_another_publish_meanwhile_is_told_and_the_next_update_compares_with_it(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    mine = FIRST | {"mine": Thing(photos=(("photo-mine", 50),))}
    theirs = FIRST | {"theirs": Thing(photos=(("photo-theirs", 51),))}
    before = find_base(store, NAME, tmp_path)
    won = bring(store, theirs, tmp_path).release
    with pytest.raises(ConflictError, match=f"Another publish made {won} current meanwhile"):
        update(before, write_clean(store, mine), NEVER, Progress())
    updated = bring(store, mine, tmp_path)
    assert (updated.changes.added, updated.changes.removed) == ({"mine"}, {"theirs"})
    assert_is(store, mine, extractor, tmp_path)


@pytest.mark.parametrize("options", [NEVER, COMPACT], ids=["small segment", "compaction"])
def test_killed_before_any_write_the_old_release_serves_and_the_update_goes_on(
    store: Store, extractor: Extractor, tmp_path: Path, options: UpdateOptions
) -> None:
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),)), "listing-2": Thing("Sofa")}
    write_clean(store, state)
    deaths, releases = 0, set[str]()
    while True:
        here = Store(str(shutil.copytree(store.url, tmp_path / f"killed-{deaths}")))
        if not dies(deaths, lambda here=here: bring(here, state, tmp_path / "cache", options)):
            break
        pointer = read_pointer(here)
        assert pointer
        assert_is(here, FIRST if pointer.release_id == "first" else state, extractor, tmp_path)
        releases.add(bring(here, state, tmp_path / "cache", options).release)
        assert_is(here, state, extractor, tmp_path)
        deaths += 1
    assert deaths > 10
    assert len(releases) == 1


def test_embeddings_of_a_killed_update_are_taken_over_when_asked_otherwise(
    store: Store, extractor: Extractor, tmp_path: Path
) -> None:
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "write_segments", lambda *_: (_ for _ in ()).throw(KilledError))
        with pytest.raises(KilledError):
            bring(store, state, tmp_path)
    assert bring(store, state, tmp_path, COMPACT).counts["embedded"] == 0
    assert_is(store, state, extractor, tmp_path)


def test_whoever_serves_reads_only_what_is_new(
    store: Store, tmp_path: Path, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Store(s3_url, create=True)
    for entry in list(store.list("")):
        bucket.write(entry.path, store.read(entry.path))
    open_current(bucket, tmp_path / "function")
    state = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
    updated = bring(bucket, state, tmp_path / "update")
    read, small = [], read_manifest(bucket, updated.release).segments[1]
    whole = Store.read_chunks
    monkeypatch.setattr(
        Store, "read_chunks", lambda self, path, size: read.append(path) or whole(self, path, size)
    )
    release = open_current(bucket, tmp_path / "function")
    assert release.search.photo_count == 17
    files = release.manifest.files
    assert sorted(read) == sorted(files[name].path for name in small.file_names)
