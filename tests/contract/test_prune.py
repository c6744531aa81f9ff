"""Pruning: what goes and what stays, that it says so first, and that it can be killed."""

from datetime import UTC, datetime, timedelta

import pytest
from killed_writes import dies
from pruned import (
    ALL_OLD,
    KEEP_ONE,
    Between,
    assert_whole,
    blobs_of,
    dead_at_once,
    paths,
    prune,
    publish_as,
    releases,
)
from small_release import SmallRelease, build
from typer.testing import CliRunner

from batch_jobs.cli import app
from batch_jobs.prune import job
from batch_jobs.prune.lines import lines_of
from batch_jobs.prune.plan import Keep, Plan
from batch_jobs.stage import StageFolder
from release.blobs import write_blob
from release.errors import DamagedBlobError, JobError, ManifestError, NoReleaseError
from release.fetching import POINTER, read_manifest, read_pointer
from release.publisher import make_current
from release.store import Store

YOUNG = Keep(1, timedelta(hours=1))
NAMES = "abcd"


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SmallRelease]:
    """Four releases with photos of their own and one network."""
    folder = tmp_path_factory.mktemp("releases")
    return {
        name: build(str(folder / name), name, seed, listing_count=1)
        for seed, name in enumerate(NAMES, 10)
    }


@pytest.fixture
def full(store: Store, made_of: dict[str, SmallRelease]) -> Store:
    """a to d were published, each with a run; it was rolled back to a; odds and ends lie about."""
    for number, (name, small) in enumerate(made_of.items()):
        publish_as(store, small, name, number)
        StageFolder(store, f"run-{name}", "publish").finish({}, {"release": name})
    make_current(store, "a", read_pointer(store))
    store.write("runs/unfinished/train/checkpoint.pt", b"half")
    store.write("runs/run-b/failures/x-train.json", b"{}")
    store.write(f"blobs/{'0' * 64}", b"of a publish that died")
    store.write("blobs/readme.txt", b"not ours")
    store.write("plans/x.json", b"{}")
    store.write("catalogues/mine/_READY", b"")
    return store


def test_the_current_and_the_newest_releases_stay_with_all_they_need(
    full: Store, made_of: dict[str, SmallRelease]
) -> None:
    before = paths(full)
    prune(full)
    assert releases(full) == ["a", "d"]
    assert_whole(full, made_of)
    kept = blobs_of(made_of["a"]) | blobs_of(made_of["d"])
    assert paths(full, "blobs") == kept | {"blobs/readme.txt"}
    assert set(full.folders("runs")) == {"run-a", "run-d"}
    assert paths(full, "plans") == set()
    assert {POINTER, "catalogues/mine/_READY"} <= paths(full) < before


def test_samples_of_kept_releases_stay_though_no_listing_shows_them(
    full: Store, made_of: dict[str, SmallRelease]
) -> None:
    small, samples = made_of["a"], {}
    for number, name in enumerate(("e", "f", "g"), len(NAMES)):
        photo = write_blob(full, f"a sample of {name}".encode())
        samples[name] = photo.path
        publish_as(full, small, name, number, samples=(photo,))
    make_current(full, "e", read_pointer(full))
    prune(full)
    assert releases(full) == ["e", "g"]
    assert {samples["e"], samples["g"]} <= paths(full, "blobs")
    assert samples["f"] not in paths(full, "blobs")


def test_without_delete_nothing_is_written_and_all_is_said(full: Store) -> None:
    before = {entry.path: entry.version for entry in full.list("")}
    plan = job.plan(full, KEEP_ONE)
    assert {entry.path: entry.version for entry in full.list("")} == before
    assert set(plan.releases) == {"b", "c"}
    assert set(plan.runs) == {"run-b", "run-c", "unfinished"}
    lines = list(lines_of(plan, deleted=False))
    assert [line.split()[0] for line in lines[:5]] == ["release"] * 2 + ["run"] * 3
    assert lines[5].startswith("prune    2 of 4 releases, 3 of 5 runs, ")
    assert "and 1 plans would go" in lines[5]
    assert lines[6] == "Nothing was deleted. To delete it, give --delete as well."
    assert prune(full).blobs == plan.blobs


def test_what_is_young_stays(full: Store) -> None:
    before = paths(full)
    assert not prune(full, YOUNG)
    assert paths(full) == before


def test_what_was_written_since_it_first_looked_stays(full: Store) -> None:
    late = {f"blobs/{'1' * 64}", "runs/begun-late/clean/begun.json", "plans/late.json"}

    def write_late() -> None:
        for path in late:
            full.write(path, b"late")

    with Between(1, write_late).installed():
        assert prune(full).releases.keys() == {"b", "c"}
    assert late <= paths(full)


def test_as_many_as_are_asked_for_stay(full: Store, made_of: dict[str, SmallRelease]) -> None:
    assert set(prune(full, Keep(2, ALL_OLD)).releases) == {"b"}
    assert releases(full) == ["a", "c", "d"]
    assert_whole(full, made_of)


def test_twice_is_as_once(full: Store) -> None:
    assert prune(full)
    after = paths(full)
    assert not prune(full)
    assert paths(full) == after


def test_an_empty_store_has_nothing_to_prune(store: Store) -> None:
    assert not prune(store)


def test_a_release_that_went_is_refused_by_name(full: Store) -> None:
    prune(full)
    with pytest.raises(NoReleaseError, match="has no release 'b'"):
        make_current(full, "b", read_pointer(full))


def test_nothing_goes_where_a_manifest_cannot_be_read(full: Store) -> None:
    full.write("releases/c.json", b"{}")
    before = paths(full)
    with pytest.raises(ManifestError, match=r"releases/c\.json.*nothing was deleted.*delete that"):
        prune(full)
    assert paths(full) == before


def test_nothing_goes_where_the_current_release_has_no_manifest(full: Store) -> None:
    full.delete(["releases/a.json"])
    before = paths(full)
    with pytest.raises(ManifestError, match=r"current release a has no .*nothing was deleted"):
        prune(full)
    assert paths(full) == before


def test_nothing_goes_where_the_photos_of_a_release_cannot_be_known(full: Store) -> None:
    blob = read_manifest(full, "d").files["base/listings.sqlite"]
    full.write(blob.path, b"x" * blob.size_bytes)
    before = paths(full)
    with pytest.raises(DamagedBlobError, match=f"blobs/{blob.sha256} is damaged"):
        prune(full)
    assert paths(full) == before


def test_nothing_goes_where_a_stage_cannot_be_read(full: Store) -> None:
    full.write("runs/unfinished/embed/done.json", b"{")
    before = paths(full)
    with pytest.raises(JobError, match=r"runs/unfinished/embed/done\.json is damaged"):
        prune(full)
    assert paths(full) == before


def test_killed_before_any_write_what_stays_is_whole_and_the_next_one_ends_it(
    full: Store, made_of: dict[str, SmallRelease]
) -> None:
    everything = {path: full.read(path) for path in paths(full)}
    for deaths in range(100):
        full.delete(paths(full) - everything.keys())
        for path in everything.keys() - paths(full):
            full.write(path, everything[path])
        if not dies(deaths, lambda: prune(full)):
            break
        assert_whole(full, made_of)
        with dead_at_once():
            went = prune(full)
        assert releases(full) == ["a", "d"]
        assert_whole(full, made_of)
        assert not (went and any(path.endswith(".pruning") for path in paths(full)))
    assert deaths > 10


def test_where_there_is_no_release_nothing_is_taken_for_ours(store: Store) -> None:
    store.write("runs/theirs/events.out", b"x")
    with pytest.raises(JobError, match="whether it is a store at all"):
        prune(store)
    assert paths(store) == {"runs/theirs/events.out"}


def test_killed_in_a_run_no_stage_is_left_that_counts_as_done(
    store: Store, made_of: dict[str, SmallRelease]
) -> None:
    publish_as(store, made_of["a"], "a", 1)
    folder = StageFolder(store, "whole", "clean")
    for name in ("a.parquet", "b.parquet", "x.parquet"):  # before and after done.json
        folder.write(name, b"x")
    folder.finish({}, {})
    partly = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "BATCH", 1)
        for deaths in range(100):
            if not dies(deaths, lambda: prune(store)):
                break
            if done := folder.done():
                assert set(folder.names()) > set(done.outputs)
            elif folder.names():
                partly += 1
            store.delete(path for path in paths(store) if path.endswith(".pruning"))
    assert partly
    assert not folder.names()


def test_odd_choices_are_refused() -> None:
    with pytest.raises(JobError, match=r"--keep 0 .*keep 1 release or more"):
        Keep(0)


def test_the_command_says_it_and_does_it(local: Store, made_of: dict[str, SmallRelease]) -> None:
    for number, (name, small) in enumerate(made_of.items()):
        publish_as(local, small, name, number)
    arguments = ["prune", "--store", local.url, "--keep", "1", "--older-than", "0"]
    said = CliRunner().invoke(app, arguments)
    assert said.stdout.endswith("To delete it, give --delete as well.\n")
    assert releases(local) == list(NAMES)
    done = CliRunner().invoke(app, [*arguments, "--delete"])
    assert "prune    3 of 4 releases, 0 of 0 runs" in done.stdout
    assert "deleted: " in done.stdout
    assert releases(local) == ["d"]


def test_many_names_are_counted() -> None:
    runs = {f"run-{number:03}": 2_000_000 for number in range(30)}
    kept = {"releases": 0, "runs": 0, "blobs": 0}
    plan = Plan({}, runs, {}, {}, datetime.now(UTC), kept)
    lines = list(lines_of(plan, deleted=True))
    assert lines[0] == "run      run-000  2.0 MB"
    assert lines[-2:] == [
        "run      and 10 more",
        "prune    0 of 0 releases, 30 of 30 runs, 0 of 0 blobs and 0 plans deleted: 60.0 MB",
    ]
