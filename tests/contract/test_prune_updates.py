"""Pruning beside updates: what the next one reads stays, and none builds on what is gone."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hand_cleaned import Thing, tiny_extractor, write_clean, write_first
from pruned import Between, paths, prune, releases
from updates import COMPACT, FIRST, assert_is, bring

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.prune.blobs import NamedBlobs, path_of
from batch_jobs.prune.plan import Keep
from batch_jobs.prune.runs import Made, needed_runs
from batch_jobs.stage import Done
from release.errors import ConflictError, MarketplaceSearchError
from release.extractor import Extractor
from release.fetching import list_manifests, read_manifest, read_pointer
from release.manifest import EXTRACTOR_FILE, INDEX_FILE
from release.store import Store

NEW = FIRST | {"new": Thing(photos=(("photo-new", 50),))}
NEWER = NEW | {"newer": Thing(photos=(("photo-newer", 51),))}
OTHER = {"other": Thing(photos=(("photo-other", 60),))}
TWO_DAYS_S = 172_800


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    return tiny_extractor(tmp_path_factory.mktemp("extractor"))


def make_old(store: Store) -> None:
    """As if all of a folder had been written two days ago."""
    before = time.time() - TWO_DAYS_S
    for path in paths(store):
        os.utime(Path(store.url) / path, (before, before))


def test_after_a_prune_updates_go_on_and_embed_nothing_anew(
    store: Store, exact: Extractor, tmp_path: Path
) -> None:
    write_first(store, FIRST, exact, tmp_path / "first")
    bring(store, NEW, tmp_path / "cache")
    assert prune(store).releases.keys() == {"first"}
    assert bring(store, NEWER, tmp_path / "cache").counts["embedded"] == 1
    prune(store)
    assert_is(store, NEWER, exact, tmp_path)
    assert bring(store, NEWER, tmp_path / "cache", COMPACT).counts["embedded"] == 0
    prune(store)
    assert len(releases(store)) == 1
    assert_is(store, NEWER, exact, tmp_path)


def test_embeddings_of_before_the_base_go_with_their_runs(
    store: Store, exact: Extractor, tmp_path: Path
) -> None:
    write_first(store, FIRST, exact, tmp_path / "first")
    bring(store, NEW, tmp_path / "cache")
    time.sleep(1.1)  # a stage's end is told in seconds
    compact = bring(store, NEW, tmp_path / "cache", COMPACT).release
    prune(store)
    assert releases(store) == [compact]
    cleaned = write_clean(store, NEW).run_id
    assert set(store.folders("runs")) == {read_manifest(store, compact).run_id, cleaned}


def test_whenever_its_base_is_pruned_an_update_leaves_no_release_that_lacks_anything(
    local: Store, exact: Extractor, tmp_path: Path
) -> None:
    refused = set[str]()
    for number in range(1, 100):
        here = Store(f"{local.url}/{number}", create=True)
        write_first(here, FIRST, exact, tmp_path / f"first-{number}")
        make_old(here)

        def overtake(here: Store = here, scratch: str = f"other-{number}") -> None:
            bring(here, OTHER, tmp_path / scratch)
            try:
                prune(here, Keep(1))
            except ConflictError as error:
                refused.add("prune" if "prune gives way" in str(error) else str(error))

        between = Between(number, overtake)
        with between.installed():
            try:
                bring(here, NEW, tmp_path / f"cache-{number}")
            except MarketplaceSearchError as error:
                refused.add("update" if "was pruned meanwhile" in str(error) else str(error))
        assert_releases_show_their_photos(here)
        if not between.happened:
            break
    assert {"prune", "update"} <= refused
    assert number > 10


def assert_releases_show_their_photos(store: Store) -> None:
    """Of every release, whether or not it is current."""
    named, there = NamedBlobs(store), paths(store, "blobs")
    for manifest in list_manifests(store):
        named.add(manifest, lambda: None)
    assert {path_of(name) for name in named} <= there
    assert read_pointer(store)


def done(outputs: dict[str, str], ended: int = 0, **inputs: str) -> Done:
    return Done(inputs, {}, outputs, 1.0, f"2026-01-01T00:00:{ended:02}+00:00")


def test_the_model_that_embedded_stays_where_the_release_has_another(
    local: Store, exact: Extractor, tmp_path: Path
) -> None:
    write_first(local, FIRST, exact, tmp_path / "first")
    manifest = read_manifest(local, "first")
    own, index = manifest.extractor.sha256, manifest.files[f"base/{INDEX_FILE}"].sha256
    exported = {EXTRACTOR_FILE: own, FP32_FILE: "fp32"}
    made = [
        Made("exported", {"export": done(exported)}),
        Made("another", {"export": done({EXTRACTOR_FILE: "x", FP32_FILE: "y"})}),
        Made("before", {"embed": done({}, 1, extractor="fp32")}),
        Made("base", {"embed": done({}, 2, extractor="fp32"), "index": done({INDEX_FILE: index})}),
        Made("after", {"embed": done({}, 3, extractor="fp32")}),
        Made("of another", {"embed": done({}, 4, extractor="y")}),
        Made("first", {"publish": done({}, cleaned_in="cleaned")}),
    ]
    queried_in_int8 = replace(manifest, extractor=replace(manifest.extractor, precision="int8"))
    usual = {"first", "cleaned", "base", "after"}
    assert needed_runs([queried_in_int8], made) == usual | {"exported"}
    assert needed_runs([manifest], made) == usual
    without_base = [run for run in made if run.run_id != "base"]
    assert needed_runs([manifest], without_base) == {"first", "cleaned", "before", "after"}
    assert needed_runs([], made) == set()
