"""From a catalogue to a release: repeatable, resumable, every vector with its own photo."""

import json
import random
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_catalogue import DrawnCatalogue
from whole_way import OPTIONS, RUN_ID, SmallRun, run_small

from batch_jobs import embed_stage, stage_lines
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import STAGES, Shard, StageFolder
from batch_jobs.tables import PHOTOS, read_shards, write_table
from release.blobs import Blob
from release.errors import UnknownIdError
from release.fetching import read_manifest
from release.pixels import prepare
from release.reader import Release, open_current
from release.store import Store


@pytest.fixture(scope="session")
def release(small_run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return open_current(small_run.store, tmp_path_factory.mktemp("cache"))


def test_every_stage_is_done_once_and_up_to_date_the_second_time(
    small_run: SmallRun, catalogue: DrawnCatalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {entry.path: entry.version for entry in small_run.store.list("")}
    again = run_small(small_run.url, catalogue.folder)
    assert {entry.path: entry.version for entry in small_run.store.list("")} == before
    assert again.release_id == small_run.release_id
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(STAGES)
    assert all(line.endswith(": up to date") for line in lines)


def test_each_photo_of_the_release_finds_itself_and_its_own_listing(
    small_run: SmallRun, release: Release, catalogue: DrawnCatalogue
) -> None:
    """From the original file to the listing answered, from the stored photo to itself."""
    index = StageFolder(small_run.store, RUN_ID, "index")
    kept_out = {row["image_id"] for row in json.loads(index.read("kept_out.json"))}
    assert len(kept_out) == 2
    listings_found = []
    for image_id in catalogue.listing_of.keys() - kept_out:
        photo = release.search.photo(image_id)
        stored = small_run.store.read(Blob(photo.sha256, photo.size_bytes).path)
        first = release.search.search_photos(release.extract(stored).embedding, 1)[0][0]
        assert (first.photo.image_id, first.similarity > 0.9999) == (image_id, True)
        original = release.extract(catalogue.photo(image_id).read_bytes()).embedding
        hit = release.search.search_listings(original, 1)[0]
        listings_found.append(hit.listing.product_id == catalogue.listing_of[image_id])
    assert np.mean(listings_found) >= 0.9  # drawings of one kind look alike at 96 pixels


def test_a_photo_that_is_not_in_the_index_is_searched_with_all_the_same(
    small_run: SmallRun, release: Release, catalogue: DrawnCatalogue
) -> None:
    index = StageFolder(small_run.store, RUN_ID, "index")
    for row in json.loads(index.read("kept_out.json")):
        photo = catalogue.photo(row["image_id"]).read_bytes()
        found = release.search.search(release.extract(photo).embedding, 40)[0]
        assert row["image_id"] not in found
        assert len(found) == 40


def test_the_manifest_tells_how_the_release_was_made(small_run: SmallRun) -> None:
    manifest = read_manifest(small_run.store, small_run.release_id)
    assert manifest.run_id == RUN_ID
    assert manifest.extractor.backbone == "efficientnet_lite0"
    assert (manifest.extractor.size, manifest.extractor.width) == (96, 1000)
    assert manifest.segments[0].photos == 14 * 3 - 2
    measured = manifest.segments[0].measured
    assert measured
    assert measured.recall_at_10 == 1.0
    assert ("Home", "Lamps") in manifest.categories
    assert "sibling_recall_at_1" in manifest.scores


def test_samples_are_the_photos_that_were_kept_out_of_the_index(
    small_run: SmallRun, release: Release, catalogue: DrawnCatalogue
) -> None:
    kept_out = json.loads(StageFolder(small_run.store, RUN_ID, "index").read("kept_out.json"))
    samples = read_manifest(small_run.store, small_run.release_id).samples
    assert len(samples) == len(kept_out) == 2
    for blob, row in zip(samples, kept_out, strict=True):
        features = release.extract(small_run.store.read(blob.path)).embedding
        (hit, *_) = release.search.search_listings(features, 1)
        assert catalogue.listing_of[row["image_id"]] == row["product_id"]
        assert hit.listing.product_id == row["product_id"]
        with pytest.raises(UnknownIdError):
            release.search.photo(row["image_id"])


def test_every_photo_of_the_listing_table_is_a_blob_of_its_pixels(
    small_run: SmallRun, release: Release, catalogue: DrawnCatalogue
) -> None:
    for product_id in catalogue.product_ids:
        for photo in release.search.segments[0].listings.photos_of(product_id):
            stored = small_run.store.read(Blob(photo.sha256, photo.size_bytes).path)
            original = prepare(catalogue.photo(photo.image_id).read_bytes(), 96).pixels
            difference = np.abs(prepare(stored, 96).pixels.astype(int) - original.astype(int))
            assert difference.mean() < 3


def copy_of(run: SmallRun, tmp_path: Path, *without: str) -> Store:
    """A store like the run's, but for some stages and all that was published."""
    folder = tmp_path / "store"
    shutil.copytree(Path(run.url), folder)
    for stage in without:
        shutil.rmtree(folder / "runs" / RUN_ID / stage)
    return Store(str(folder))


def test_shards_of_embeddings_may_be_made_in_any_order_and_twice(
    small_run: SmallRun, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path, "embed", "index", "publish")
    _cut_into_files(StageFolder(store, RUN_ID, "clean"), 5)
    embed = StageFolder(store, RUN_ID, "embed")
    embed.store.write(embed.path("embeddings-0123456789-00000.parquet"), b"of another extractor")
    for index in (2, 0, 2, 1):
        done = embed_stage.run(store, RUN_ID, Shard(index, 3), Progress())
    assert done is not None
    precision = small_run.done["export"].counts["precision"]
    assert done.counts == {
        "photos": 42,
        "embedded": 42,
        "taken_over": 0,
        "files": 5,
        "precision": precision,
    }
    assert len(embed.names("embeddings-")) == 5
    wanted = dict(embeddings_of(StageFolder(small_run.store, RUN_ID, "embed")))
    found = dict(embeddings_of(embed))
    assert found.keys() == wanted.keys()
    for image_id, (product_id, embedding) in wanted.items():
        assert found[image_id][0] == product_id
        np.testing.assert_allclose(found[image_id][1], embedding, atol=1e-5)


def _cut_into_files(clean: StageFolder, count: int) -> None:
    """The same photos, shuffled, in more files; what was trained on them counts as before."""
    done = clean.require()
    (_, table), *_ = read_shards(clean, "photos-")
    rows = table.to_pylist()
    random.Random(0).shuffle(rows)
    for number in range(count):
        write_table(clean, f"photos-{number:05}.parquet", rows[number::count], PHOTOS)
    clean.keep("products.parquet")
    digest = clean.finish(done.inputs, done.counts).digest
    for stage in (clean.sibling("train"), clean.sibling("export")):
        text = stage.read("done.json").decode().replace(done.digest, digest)
        stage.store.write(stage.path("done.json"), text.encode())


def embeddings_of(folder: StageFolder) -> list[tuple[str, tuple[str, list[float]]]]:
    return [
        (row["image_id"], (row["product_id"], row["embedding"]))
        for _, table in read_shards(folder, "embeddings-")
        for row in table.to_pylist()
    ]


class StoppedError(BaseException):
    """Stands for the kill of a process: nothing that runs may catch it."""


class DyingStore(Store):
    """Dies before its n-th write."""

    writes_left = 10**9

    def _count(self) -> None:
        self.writes_left -= 1
        if self.writes_left < 0:
            raise StoppedError

    def write(self, path: str, data: bytes | Path, content_type: str | None = None) -> str:
        self._count()
        return super().write(path, data, content_type)

    def write_once(self, path: str, data: bytes | Path, content_type: str | None = None) -> str:
        self._count()
        return super().write_once(path, data, content_type)

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._count()
            super().delete([path])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_before_every_single_write_it_still_makes_the_same_release(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    """Each attempt gets a few writes further than the one before, across all stages."""
    store = DyingStore(str(tmp_path / "store"), create=True)
    for attempt in range(200):
        store.writes_left = 2 if attempt % 2 else 1
        if attempt > 60:
            store.writes_left = 30  # the photos' blobs, which are many and alike
        try:
            finished = run_small(store.url, catalogue.folder, store=store)
        except StoppedError:
            continue
        break
    assert attempt > 15
    assert finished.release_id == small_run.release_id


def test_another_option_makes_its_stage_and_those_after_it_again(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    changed = replace(OPTIONS, index=IndexOptions(keep_out=0))
    done = run_small(store.url, catalogue.folder, changed, store).done
    assert [name for name in STAGES if done[name].up_to_date] == [
        "clean",
        "train",
        "export",
        "embed",
    ]
    assert done["index"].counts["photos"] == 42


def test_the_stages_run_in_the_order_of_their_names(small_run: SmallRun) -> None:
    assert tuple(small_run.done) == STAGES
    assert set(stage_lines._DESCRIPTIONS) == set(STAGES)
