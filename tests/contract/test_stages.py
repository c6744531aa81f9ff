"""Stages know what they were made from: nothing stale is used, nothing damaged is published."""

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from test_whole_way import DyingStore, StoppedError, copy_of
from whole_way import OPTIONS, RUN_ID, SmallRun, run_small

from batch_jobs import index_stage, publish_stage
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.train.job import weights_digest
from release.blobs import Blob
from release.errors import JobError
from release.fetching import read_manifest, read_pointer
from release.publisher import make_current
from release.reader import open_current
from release.store import Store


def current(store: Store) -> str | None:
    pointer = read_pointer(store)
    return pointer.release_id if pointer else None


def test_a_stage_made_from_an_older_one_is_not_used(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    folder = str(catalogue.folder)
    clean_stage.run(store, folder, CleanOptions(size=64), RUN_ID, Progress())
    with pytest.raises(JobError, match="train stage of run small was made from another clean"):
        index_stage.run(store, RUN_ID, IndexOptions())
    with pytest.raises(JobError, match="marketplace-search train --run small"):
        publish_stage.run(store, RUN_ID)


def test_a_folder_that_was_being_emptied_when_killed_is_begun_afresh(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    url = copy_of(small_run, tmp_path).url
    dying, folder = DyingStore(url), str(catalogue.folder)
    dying.writes_left = 3
    with pytest.raises(StoppedError):
        clean_stage.run(dying, folder, CleanOptions(size=64), RUN_ID, Progress())
    done = clean_stage.run(Store(url), folder, OPTIONS.clean, RUN_ID, Progress())
    assert done.outputs == small_run.done["clean"].outputs


def test_a_damaged_done_file_is_named(small_run: SmallRun, tmp_path: Path) -> None:
    store = copy_of(small_run, tmp_path)
    store.write(f"runs/{RUN_ID}/export/done.json", b"{")
    with pytest.raises(JobError, match=r"export/done.json is damaged"):
        publish_stage.run(store, RUN_ID)


def test_a_damaged_output_is_not_published(small_run: SmallRun, tmp_path: Path) -> None:
    store = copy_of(small_run, tmp_path, "publish")
    path = f"runs/{RUN_ID}/index/index.faiss"
    store.write(path, store.read(path)[:-200] + bytes(200))
    before = current(store)
    with pytest.raises(JobError, match=r"index/index.faiss is damaged"):
        publish_stage.run(store, RUN_ID)
    assert current(store) == before


def test_an_index_whose_photos_do_not_find_themselves_is_not_published(
    small_run: SmallRun, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path, "publish")
    index = StageFolder(store, RUN_ID, "index")
    text = index.read("done.json").decode().replace('"finds_itself": 1.0', '"finds_itself": 0.98')
    store.write(index.path("done.json"), text.encode())
    with pytest.raises(JobError, match=r"Only 98.0% of the indexed photos find themselves first"):
        publish_stage.run(store, RUN_ID)


@pytest.mark.parametrize("what", ["extractor", "photo", "pointer"])
def test_what_was_deleted_is_published_again(
    small_run: SmallRun, tmp_path: Path, what: str
) -> None:
    store = copy_of(small_run, tmp_path)
    release = open_current(store, tmp_path)
    photo = release.search.search_photos(release.search.features_of(_listing(release)), 1)[0][
        0
    ].photo
    path = {
        "extractor": release.manifest.files["extractor.onnx"].path,
        "photo": Blob(photo.sha256, photo.size_bytes).path,
        "pointer": "current.json",
    }[what]
    store.delete([path])
    assert not publish_stage.run(store, RUN_ID).up_to_date
    assert store.stat(path)
    assert current(store) == small_run.release_id
    assert publish_stage.run(store, RUN_ID).up_to_date


def _listing(release: object) -> str:
    return release.search.segments[0].listings.product_ids()[0]  # type: ignore[attr-defined]


def test_publishing_makes_the_run_current_again_after_another_was(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    other = replace(OPTIONS, index=IndexOptions(keep_out=0))
    second = run_small(store.url, catalogue.folder, other, store).release_id
    assert current(store) == second
    make_current(store, small_run.release_id, read_pointer(store))  # a rollback
    assert not publish_stage.run(store, RUN_ID).up_to_date
    assert current(store) == second


def test_the_manifest_has_the_scores_beside_the_untrained_ones(small_run: SmallRun) -> None:
    scores = read_manifest(small_run.store, small_run.release_id).scores
    assert {"sibling_recall_at_1", "untrained_sibling_recall_at_1"} <= scores.keys()


def test_a_weights_file_is_known_by_its_content(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"one")
    one = weights_digest(str(weights))
    weights.write_bytes(b"two")
    assert weights_digest(str(weights)) != one
    assert weights_digest("default") is None


def test_a_run_is_of_one_catalogue(small_run: SmallRun, tmp_path: Path) -> None:
    store = copy_of(small_run, tmp_path)
    other = draw_catalogue(tmp_path / "other", listings=2, photos=1)
    with pytest.raises(JobError, match="Run small is of the catalogue 'drawn', not of 'other'"):
        clean_stage.run(store, str(other.folder), OPTIONS.clean, RUN_ID, Progress())
