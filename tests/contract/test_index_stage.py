"""The index stage: one plan for all shards, the same files from any number of them, a page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planned import WIDTH, clustered

from batch_jobs import index_stage
from batch_jobs.index import trials
from batch_jobs.index.choose import Budget
from batch_jobs.index_stage import IndexOptions
from batch_jobs.stage import Done, Shard, StageFolder
from batch_jobs.stage_lines import print_line
from batch_jobs.tables import PRODUCTS, embeddings_schema, write_table
from release.faiss_search import FaissSearch
from release.segment import FILES, Segment, files_in
from release.store import Store

RUN, PHOTOS, FILES_OF_PHOTOS = "many", 1_200, 5
TIGHT = Budget(0.15)  # exact search takes 0.24


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A run that is embedded: two photos a listing, every tenth listing in the test part."""
    opened = Store(f"{tmp_path}/store", create=True)
    clean = StageFolder(opened, RUN, "clean")
    write_table(clean, "products.parquet", [_product(n) for n in range(PHOTOS // 2)], PRODUCTS)
    cleaned = clean.finish({}, {})
    train = clean.sibling("train")
    parts = {f"p{n}": "train" if n % 10 else "test" for n in range(PHOTOS // 2)}
    train.write_json("split.json", parts)
    trained = train.finish({"clean": cleaned.digest}, {})
    embed = clean.sibling("embed")
    for number, rows in enumerate(np.array_split(np.arange(PHOTOS), FILES_OF_PHOTOS)):
        photos = [_photo(row, vector) for row, vector in zip(rows, _vectors()[rows], strict=True)]
        write_table(embed, f"embeddings-{number}.parquet", photos, embeddings_schema(WIDTH))
    embed.finish({"clean": cleaned.digest, "train": trained.digest}, {})
    return opened


def _vectors() -> np.ndarray:
    return clustered(PHOTOS)


def _product(number: int) -> dict[str, object]:
    fixed = {"description": "", "currency": "GBP", "price_status": "ok", "category_path": ["Home"]}
    counts = {"photo_count": 2, "source_line": number, "searchable": True, "listed_at": None}
    shown = {"product_id": f"p{number}", "title": f"Thing {number}", "price": 1.0, "location": "X"}
    return {**fixed, **counts, **shown}


def _photo(row: int, vector: np.ndarray) -> dict[str, object]:
    ids = {"image_id": f"i{row}", "product_id": f"p{row // 2}", "embedding": vector.tolist()}
    return {**ids, "pixel_sha256": "", "photo_sha256": f"{row:064x}", "photo_bytes": 1}


def _folder(store: Store) -> StageFolder:
    return StageFolder(store, RUN, "index")


def _whole(store: Store, budget: Budget = TIGHT, keep_out: int = 0) -> Done:
    done = index_stage.run(store, RUN, IndexOptions(keep_out, budget))
    assert done
    return done


def test_a_small_catalogue_is_exact_and_every_photo_finds_itself(store: Store) -> None:
    done = _whole(store, Budget())
    assert done.counts["plan"] == "Flat"
    assert (done.counts["photos"], done.counts["listings"]) == (PHOTOS, PHOTOS // 2)
    assert (done.counts["finds_itself"], done.counts["recall_at_10"]) == (1.0, 1.0)
    assert set(done.outputs) == {*FILES, "kept_out.json"}


def test_the_plan_for_a_small_memory_serves_searches(store: Store) -> None:
    done = _whole(store)
    assert done.counts["plan"].startswith("SVD")
    assert done.counts["recall_at_10"] >= 0.97
    size = done.counts["bytes_per_photo"] * PHOTOS
    assert size <= 1e6 * TIGHT.memory_mb
    segment = Segment(files_in(Path(store.folder or "") / "runs" / RUN / "index"))
    vectors = _vectors()
    found = FaissSearch([segment]).search(vectors[:50], 5)
    assert sum(f"i{row}" in ids for row, ids in enumerate(found)) >= 49


@pytest.mark.parametrize("budget", [TIGHT, Budget()], ids=str)
def test_shards_in_any_order_make_the_files_that_one_makes(store: Store, budget: Budget) -> None:
    alone = _whole(store, budget, keep_out=3)
    folder = _folder(store)
    store.delete([folder.path(name) for name in folder.names()])
    made = [
        index_stage.run(store, RUN, IndexOptions(3, budget, Shard(shard, 3))) for shard in (2, 0, 1)
    ]
    assert made[:2] == [None, None]
    assert made[2]
    assert made[2].outputs == alone.outputs
    assert made[2].counts["plan"] == alone.counts["plan"]
    assert not [name for name in folder.names() if name.endswith(".npz")]
    again = index_stage.run(store, RUN, IndexOptions(3, budget, Shard(1, 3)))
    assert again
    assert again.up_to_date


def test_a_shard_that_is_made_is_not_made_again(store: Store) -> None:
    options = IndexOptions(0, TIGHT, Shard(0, 2))
    assert index_stage.run(store, RUN, options) is None
    folder = _folder(store)
    before = {entry.path: entry.version for entry in store.list(f"runs/{RUN}/index")}
    assert index_stage.run(store, RUN, options) is None
    assert {entry.path: entry.version for entry in store.list(f"runs/{RUN}/index")} == before
    assert len(folder.names("part-")) == len(folder.names("prepared-")) == 1


def test_an_impossible_budget_is_answered_and_no_failure(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _whole(store, Budget(0.05, 0.999))
    assert done.counts["why"].startswith("No plan reaches recall@10 0.999 within 0.05 MB")
    print_line("index", done)
    assert "bytes a photo. No plan reaches recall@10 0.999 within" in capsys.readouterr().out
    assert "Recall 0.999 needs" in done.counts["why"]


def test_kept_out_photos_are_of_held_out_listings_and_not_in_the_index(store: Store) -> None:
    done = _whole(store, keep_out=4)
    rows = json.loads(_folder(store).read("kept_out.json"))
    assert len(rows) == done.counts["kept_out"] == 4
    assert all(int(row["product_id"][1:]) % 10 == 0 for row in rows)
    segment = Segment(files_in(Path(store.folder or "") / "runs" / RUN / "index"))
    assert segment.listings.photo_count == done.counts["photos"] == PHOTOS - 4


def test_plan_page_and_file_tell_of_every_plan(store: Store) -> None:
    done = _whole(store)
    folder = _folder(store)
    told = json.loads(folder.read("plan.json"))
    page = folder.read("plan.html").decode()
    assert told["why"] == done.counts["why"]
    assert told["chosen"]["name"].startswith(done.counts["plan"])
    assert {trial["plan"]["coder"] for trial in told["trials"]} >= {"Flat", "SQfp16", "SQ8", "PQ"}
    assert done.counts["why"] in page
    assert page.count("<svg") == 2
    assert page.count("(chosen)") >= 1
    assert "plan.html" not in done.outputs  # it tells of times


def _other_finishes_at(
    monkeypatch: pytest.MonkeyPatch, store: Store, at: str, options: IndexOptions
) -> list[Done | None]:
    """Another machine's last shard runs from start to end when this one comes to call `at`."""
    real, others = getattr(index_stage, at), list[Done | None]()

    def call(*given: Any) -> Any:
        monkeypatch.setattr(index_stage, at, real)
        others.append(index_stage.run(store, RUN, options))
        return real(*given)

    monkeypatch.setattr(index_stage, at, call)
    return others


@pytest.mark.parametrize("at", ["_prepared", "merge", "_finish"])
def test_shards_that_end_side_by_side_finish_once_or_alike(
    store: Store, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    assert index_stage.run(store, RUN, IndexOptions(0, TIGHT, Shard(0, 2))) is None
    last = IndexOptions(0, TIGHT, Shard(1, 2))
    others = _other_finishes_at(monkeypatch, store, at, last)
    mine = index_stage.run(store, RUN, last)
    assert mine
    assert others[0]
    assert mine.outputs == others[0].outputs
    assert mine.up_to_date == (at != "_finish")
    folder = _folder(store)
    assert not [name for name in folder.names() if name.startswith(("part-", "prep", "meas"))]


def test_what_was_measured_first_counts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first merge ends before it has written its files; the next one measures other times."""
    assert index_stage.run(store, RUN, IndexOptions(0, TIGHT, Shard(0, 2))) is None
    last, finish, plans = IndexOptions(0, TIGHT, Shard(1, 2)), index_stage._finish, []

    def killed(work: Any, built: Any) -> Done:
        plans.append(built.trial)
        raise KeyboardInterrupt

    monkeypatch.setattr(index_stage, "_finish", killed)
    with pytest.raises(KeyboardInterrupt):
        index_stage.run(store, RUN, last)
    monkeypatch.setattr(index_stage, "_finish", finish)
    monkeypatch.setattr(trials, "milliseconds", lambda *_: (99.0, 99.0))
    done = index_stage.run(store, RUN, last)
    assert done
    assert done.counts["plan"] == plans[0].plan.name
    assert done.counts["p95_ms"] == round(plans[0].p95_ms, 4)


def test_a_stage_of_other_inputs_is_not_done_while_it_is_written_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _whole(store, Budget())
    folder, seen = _folder(store), []

    def failing(*_: object) -> None:
        seen.append(folder.done())
        raise KeyboardInterrupt

    monkeypatch.setattr(index_stage, "_finish", failing)
    assert index_stage.run(store, RUN, IndexOptions(0, TIGHT, Shard(0, 2))) is None
    assert folder.done()  # only parts were written
    with pytest.raises(KeyboardInterrupt):
        index_stage.run(store, RUN, IndexOptions(0, TIGHT, Shard(1, 2)))
    assert seen == [None]
