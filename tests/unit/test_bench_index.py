"""The benchmark of the index is right about its data, its recall and its verdicts."""

from pathlib import Path

import index_data
import index_measures
import numpy as np
import pytest
from index_data import Data, draw, exact_top, from_run
from index_measures import ChildError, Engine, Point, beats, in_child, recall

from batch_jobs.stage import StageFolder
from batch_jobs.tables import embeddings_schema, write_table
from release.store import Store


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return draw(tmp_path_factory.mktemp("drawn"), 1500, 30)


def test_the_drawn_embeddings_are_of_unit_norm_and_the_queries_not_among_them(data: Data) -> None:
    embeddings, queries = data.embeddings, data.queries
    assert embeddings.shape == (1500, 1000)
    assert embeddings.dtype == np.float32
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert len(set(data.image_ids)) == len(set(data.keys.tolist())) == 1500
    assert (queries @ embeddings.T).max() < 0.999


def test_the_drawn_embeddings_lie_around_a_centre_for_fifty_of_them(data: Data) -> None:
    """Two of one centre have a cosine of 64 / (64 + 64 * 0.36 + 1), two of others about 0."""
    cosines = data.embeddings @ data.embeddings.T
    beside = cosines > 0.5
    near = cosines[beside & ~np.eye(len(cosines), dtype=np.bool_)]
    assert abs(near.mean() - 64 / (64 * 1.36 + 1)) < 0.03
    assert 30 < beside.sum(axis=1).mean() < 75


def test_the_same_seed_draws_the_same_in_blocks_of_any_number(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert np.array_equal(draw(tmp_path, 1500, 30).embeddings, data.embeddings)
    whole = exact_top(data.embeddings, data.queries, 10)
    monkeypatch.setattr(index_data, "BLOCK", 7)
    in_blocks = exact_top(data.embeddings, data.queries, 10)
    assert np.allclose(whole[0], in_blocks[0], atol=1e-6)
    assert np.array_equal(whole[1], in_blocks[1])


def test_of_a_run_a_tenth_of_the_photos_at_most_is_kept_out_and_asks(
    data: Data, tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    embed = StageFolder(store, "run", "embed")
    for shard, places in enumerate((range(70), range(70, 100))):
        rows = [
            {
                "image_id": data.image_ids[place],
                "product_id": "listing",
                "pixel_sha256": "0" * 64,
                "photo_sha256": "0" * 64,
                "photo_bytes": 1,
                "embedding": data.embeddings[place],
            }
            for place in places
        ]
        write_table(embed, f"embeddings-{shard}.parquet", rows, embeddings_schema(1000))
    embed.finish({}, {})
    found = from_run(tmp_path, store, "run", 1000)
    assert found.embeddings.shape == (90, 1000)
    assert found.queries.shape == (10, 1000)
    every = dict(zip(data.image_ids, data.embeddings, strict=False))
    assert all(
        np.array_equal(every[image_id], embedding)
        for image_id, embedding in zip(found.image_ids, found.embeddings, strict=True)
    )
    assert (found.queries @ found.embeddings.T).max() < 0.999


def test_exact_search_among_few_gives_those_few(data: Data) -> None:
    mask = np.zeros(1500, dtype=np.bool_)
    mask[[3, 1200, 77]] = True
    similarities, rows = exact_top(data.embeddings, data.queries, 10, mask)
    assert (np.sort(rows[:, :3], axis=1) == [3, 77, 1200]).all()
    assert np.isinf(similarities[:, 3:]).all()
    found = np.full((30, 10), -1)
    found[:, :2] = rows[:, :2]
    assert recall(found, data.embeddings, data.queries, similarities) == pytest.approx(2 / 3)


def test_recall_counts_a_row_once_and_an_equal_embedding_as_right(data: Data) -> None:
    embeddings = np.concatenate([data.embeddings, data.embeddings])  # every photo posted twice
    similarities, rows = exact_top(embeddings, data.queries, 10)
    assert recall(rows, embeddings, data.queries, similarities) == 1
    assert recall((rows + 1500) % 3000, embeddings, data.queries, similarities) == 1
    one = np.repeat(rows[:, :1], 10, axis=1)
    assert recall(one, embeddings, data.queries, similarities) == pytest.approx(0.1)


def engine(recall_at_10: float, bytes_per_photo: float, p50_ms: float) -> Engine:
    point = Point("nprobe 8", recall_at_10, p50_ms, 2 * p50_ms)
    return Engine("one", (point,), bytes_per_photo, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("peer", "wins"),
    [
        (engine(0.98, 99, 0.9), True),
        (engine(0.9799, 99, 0.9), True),  # the same recall, as near as a thousand queries tell
        (engine(0.97, 99, 0.9), False),  # never reached our recall
        (engine(0.99, 101, 0.1), False),  # faster alone
        (engine(0.99, 50, 1.1), False),  # smaller alone
        (engine(0.98, 100, 1.0), False),
    ],
)
def test_a_peer_wins_by_bytes_and_latency_at_our_recall(peer: Engine, wins: bool) -> None:
    assert beats(peer, engine(0.98, 100, 1.0)) is wins


def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_child(index_measures.peak_mb, one_core=True) > 1
    with pytest.raises(ChildError, match="stopped after 0 s"):
        in_child(index_measures.time.sleep, 60, timeout_s=0.01)
    with pytest.raises(ChildError, match="code 3"):
        in_child(exit, 3)
