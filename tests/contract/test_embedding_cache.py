"""Embeddings that a model file made in any run: each photo gets its own, the newest counts."""

import numpy as np
import pyarrow as pa
import pytest
from hand_embedded import MODEL, embed, jpeg, make_run, row
from small_release import SIZE

from batch_jobs import embed_stage
from batch_jobs.embed_stage import embed_photos
from batch_jobs.embeddings import EmbeddingCache
from batch_jobs.extraction import ParallelExtractor
from batch_jobs.progress import Progress
from batch_jobs.tables import PHOTOS
from release.blobs import blob_of
from release.pixels import prepare
from release.store import Store


def test_the_newest_run_counts(local: Store, extractor: ParallelExtractor) -> None:
    sha256 = blob_of(MODEL).sha256
    for run_id, finished_at in (("b", "2026-01-02"), ("a", "2026-01-03"), ("c", "2026-01-01")):
        folder = make_run(local, run_id, [range(2)])
        embed(folder)
        text = folder.read("done.json").decode()
        when = folder.require().finished_at
        local.write(folder.path("done.json"), text.replace(when, finished_at).encode())
    cache = EmbeddingCache(local, sha256, Progress())
    assert [folder.run_id for folder, _ in cache._files] == ["a", "b", "c"]
    pixels = str(row(0)["pixel_sha256"])
    assert set(cache._index.places([pixels])) == {0}


def test_a_cache_gives_each_photo_its_own_embedding(
    store: Store, extractor: ParallelExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_stage, "GROUP_ROWS", 4)
    embed(make_run(store, "a", [range(11), range(11, 30)]))
    cache = EmbeddingCache(store, blob_of(MODEL).sha256, Progress())
    seeds = [29, 0, 5, 40, 11, 10, 5, 3]
    found = cache.find([str(row(seed)["pixel_sha256"]) for seed in seeds])
    assert len(found) == 6
    for seed in set(seeds) - {40}:
        wanted = extractor.extractor.extract(prepare(jpeg(seed), SIZE).pixels[None]).embedding[0]
        np.testing.assert_allclose(found[str(row(seed)["pixel_sha256"])], wanted, atol=1e-6)
    assert cache.find(["", "x" * 64]) == {}
    assert EmbeddingCache(store, "0" * 64, Progress()).find(list(found)) == {}


def test_two_texts_of_one_hash_are_not_mixed_up(
    local: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(make_run(local, "a", [range(5)]))
    monkeypatch.setattr(
        "batch_jobs.embeddings._hashes_of", lambda texts: np.zeros(len(texts), np.int64)
    )
    cache = EmbeddingCache(local, blob_of(MODEL).sha256, Progress())
    assert cache.find([str(row(3)["pixel_sha256"])]) == {}
    assert len(cache.find([str(row(0)["pixel_sha256"])])) == 1


def test_photos_of_no_certain_run_are_embedded_in_their_order(
    local: Store, extractor: ParallelExtractor
) -> None:
    embed(make_run(local, "a", [range(5)]))
    cache = EmbeddingCache(local, blob_of(MODEL).sha256, Progress())
    some = [pa.Table.from_pylist([row(seed)], schema=PHOTOS) for seed in (9, 2, 8, 0)]
    embedded = embed_photos(pa.concat_tables(some), cache, extractor)
    assert embedded.counts == {"photos": 4, "embedded": 2, "taken_over": 2}
    assert embedded.table["image_id"].to_pylist() == ["i9", "i2", "i8", "i0"]
    nothing = embed_photos(PHOTOS.empty_table(), cache, extractor)
    assert nothing.counts == {"photos": 0, "embedded": 0, "taken_over": 0}
    assert nothing.table.schema == embedded.table.schema
