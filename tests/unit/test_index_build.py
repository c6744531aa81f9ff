"""Every plan finds what exact search finds, as measured; shards of any number make one index."""

from pathlib import Path

import faiss
import numpy as np
import pytest
from planned import WIDTH, clustered, source_of

from batch_jobs.index import prepare as preparing
from batch_jobs.index import sample, source
from batch_jobs.index.build import Built, build_base, merge
from batch_jobs.index.candidates import efforts
from batch_jobs.index.choose import Budget
from batch_jobs.index.encode import assemble, assign, encode, has_lists
from batch_jobs.index.plan import Effort, Plan
from batch_jobs.index.prepare import Prepared, prepare
from batch_jobs.index.shards import Part, encode_shard
from batch_jobs.index.train import (
    learn_centroids,
    learn_reduction,
    reduced,
    set_effort,
    train,
)
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard
from release.errors import JobError
from release.index_kinds import kind_of
from release.vector_index import split

SMALL = 3_000
TIGHT = Budget(0.4)  # exact search takes 0.6
QUIET = Progress()
PLANS = [
    Plan("Flat"),
    Plan("SQfp16", 16),
    Plan("SQfp16", 16, 32),
    Plan("SQ8", 16, 32),
    Plan("SQ6", 16, 32),
    Plan("SQ4", 16, 32),
    Plan("PQ", 16, 32),
    Plan("SQfp16", 16, links=16),
]


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK_ROWS", 256)


def content(built: Built) -> bytes:
    return bytes(faiss.serialize_index(built.index))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_an_index_of_each_plan_is_one_that_a_segment_may_have(plan: Plan, tmp_path: Path) -> None:
    embeddings = clustered(SMALL)
    reduction = learn_reduction(embeddings, WIDTH)
    vectors = reduced(embeddings, reduction, plan.dimensions)
    centroids = learn_centroids(vectors, plan.lists or 1)
    empty = train(plan, WIDTH, reduction, vectors, centroids)
    codes = encode(empty, vectors, assign(empty, vectors))
    index = assemble(empty, codes, np.arange(SMALL))
    most = list(efforts(plan))
    set_effort(index, most[-1])
    faiss.write_index(index, str(tmp_path / "index"))
    read = faiss.read_index(str(tmp_path / "index"))
    steps, part = split(read)
    assert index.ntotal == SMALL
    assert len(steps) == (2 if plan.dimensions else 0)
    kind_of(part, codes.lists, "index")  # raises for one that no segment has
    exact = np.argsort(-embeddings[:100] @ embeddings.T, axis=1)[:, 0]
    found = index.search(embeddings[:100], 10)[1]
    assert (found == exact[:, None]).any(axis=1).mean() > 0.95
    written = (tmp_path / "index").stat().st_size / SMALL
    assert plan.bytes_per_photo(SMALL, WIDTH) - 16 == pytest.approx(written, rel=0.1)


@pytest.mark.parametrize("plan", [plan for plan in PLANS if plan.lists], ids=lambda plan: plan.name)
def test_codes_are_those_that_faiss_would_add_by_itself(plan: Plan) -> None:
    vectors = reduced(clustered(SMALL), np.eye(WIDTH, dtype=np.float32), 16)
    empty = train(plan, WIDTH, np.eye(WIDTH, dtype=np.float32), vectors, vectors[:32])
    index = assemble(empty, encode(empty, vectors, assign(empty, vectors)), np.arange(SMALL))
    alone = faiss.deserialize_index(faiss.serialize_index(empty))
    split(alone)[1].add(vectors)
    alone.ntotal = SMALL
    queries = clustered(50, seed=5)
    for each in (index, alone):
        set_effort(each, Effort(8, 4))
    same = index.search(queries, 10)[1] == alone.search(queries, 10)[1]
    assert same.mean() > 0.99  # equal similarities may stand in another order


@pytest.mark.parametrize("count", [1, 2, 3, 19, 150])
def test_the_smallest_catalogues_are_exact(count: int, tmp_path: Path) -> None:
    built = build_base(source_of(count), Budget(1), tmp_path, QUIET)
    assert (built.trial.plan.name, built.index.ntotal, built.lists) == ("Flat", count, None)
    assert (built.trial.recall_at_10, built.finds_itself) == (1.0, 1.0)
    assert built.queries == max(1, count // 10)


def test_no_photo_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no photo to index"):
        build_base(source_of(0), Budget(1), tmp_path, QUIET)


def test_rows_are_the_ranks_of_the_keys(tmp_path: Path) -> None:
    photos = source_of(300)
    built = build_base(photos, Budget(1), tmp_path, QUIET)
    every = np.arange(300)
    assert (built.index.search(photos.take(every), 1)[1][:, 0] == every).all()
    block = photos.block(1)
    assert (photos.take(block.rows) == block.embeddings).all()


def test_a_small_budget_gets_a_plan_that_is_measured_without_its_queries(tmp_path: Path) -> None:
    built = build_base(source_of(SMALL), TIGHT, tmp_path, QUIET)
    assert "SVD" in built.trial.plan.name
    assert built.trial.measured_on == SMALL - built.queries
    assert built.trial.recall_at_10 >= 0.98
    assert built.index.ntotal == SMALL  # the queries are in what is published
    assert built.finds_itself > 0.99
    assert built.trial.bytes_per_photo * SMALL <= 1e6 * TIGHT.memory_mb
    assert 0 < built.trial.similarity_error < 0.1


def test_a_build_says_its_measured_recall_as_a_plain_computation_does(tmp_path: Path) -> None:
    photos = source_of(SMALL)
    prepared = prepare(photos, TIGHT, QUIET)
    built = merge(photos, prepared, [encode_shard(photos, prepared, Shard(), QUIET)], tmp_path)
    embeddings = photos.take(np.arange(SMALL))
    queries = embeddings[prepared.query_rows]
    kept = np.setdiff1d(np.arange(SMALL), prepared.query_rows)
    exact = np.sort(queries @ embeddings[kept].T, axis=1)[:, -10:]
    found = built.index.search(queries, 40)[1]
    rights = []
    for query, rows, wanted in zip(queries, found, exact, strict=True):
        own = [row for row in rows if row in set(kept.tolist())][:10]
        rights.append((embeddings[own] @ query >= wanted[0] - 1e-6).mean())
    assert built.trial.recall_at_10 == pytest.approx(np.mean(rights), abs=0.01)


@pytest.mark.parametrize("budget", [TIGHT, Budget(10), Budget(0.3, 0.9)], ids=str)
def test_any_number_of_shards_gives_the_bytes_of_one(budget: Budget, tmp_path: Path) -> None:
    photos = source_of(SMALL)
    prepared = prepare(photos, budget, QUIET)
    made = []
    for count in (1, 3, 20):  # of 12 blocks
        given = Prepared.from_bytes(prepared.to_bytes())
        shards = [Shard(number, count) for number in range(count)]
        parts = [encode_shard(photos, given, shard, QUIET) for shard in shards]
        again = (Part.from_bytes(part.to_bytes()) for part in reversed(parts))
        folder = tmp_path / str(count)
        folder.mkdir()
        made.append(merge(photos, given, again, folder))
    assert len({content(built) for built in made}) == 1
    assert len({built.trial.recall_at_10 for built in made}) == 1
    first = made[0]
    if has_lists(first.index):
        assert all((built.lists == first.lists).all() for built in made)


def test_plans_are_chosen_on_a_sample_and_confirmed_on_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 1_500)
    photos = source_of(SMALL)
    built = build_base(photos, TIGHT, tmp_path, QUIET)
    on = {trial.measured_on for trial in built.trials}
    assert built.trial.measured_on == SMALL - built.queries
    assert len(on) == 2  # the sample and the whole
    assert built.trial.recall_at_10 >= 0.98


def test_the_same_photos_give_the_same_index(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(content(build_base(source_of(SMALL), TIGHT, tmp_path / name, QUIET)))
    assert made[0] == made[1]


def test_copies_count_as_the_photo(tmp_path: Path) -> None:
    embeddings = np.repeat(clustered(20), 30, axis=0)
    copies = source.ArraySource(embeddings, np.arange(600))
    numbers = np.repeat(np.arange(20), 30)
    built = build_base(copies, Budget(10), tmp_path, QUIET, numbers)
    assert (built.trial.recall_at_10, built.finds_itself) == (1.0, 1.0)


def test_an_index_beside_the_wrong_embeddings_is_noticed(tmp_path: Path) -> None:
    class Shuffled(source.ArraySource):
        """Gives other embeddings when it is asked once more."""

        asked = 0

        def block(self, number: int) -> source.Block:
            self.asked += 1
            block = super().block(number)
            if self.asked <= 2:
                return block
            return source.Block(block.rows, block.embeddings[::-1])

    mixed = Shuffled(clustered(200), np.arange(200))
    assert build_base(mixed, Budget(10), tmp_path, QUIET).finds_itself < 0.1


def test_a_reduction_has_no_more_dimensions_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "MOST_DIMENSIONS", 32)
    prepared = prepare(source_of(SMALL), Budget(0.4, 1.0), QUIET)  # no recall is enough
    tried = [trial.plan.dimensions for trial in prepared.trials]
    assert max(tried) <= 32
