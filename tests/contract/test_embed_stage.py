"""Embedding: what a model file has embedded before, in any run of the store, is taken over."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pytest
from hand_embedded import MODEL, contents, counts, embed, jpeg, make_run, row
from small_release import SIZE

from batch_jobs import embed_stage
from batch_jobs.embed_stage import NAMED
from batch_jobs.extraction import ParallelExtractor
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard, StageFolder
from batch_jobs.tables import read_shards, read_table
from release.errors import JobError
from release.pixels import prepare
from release.store import Store


def other_model() -> bytes:
    """The same network in another file."""
    model = onnx.load_from_string(MODEL)
    model.doc_string = "another"
    return bytes(model.SerializeToString())


def test_a_file_has_the_names_of_its_photos_and_their_embeddings(
    store: Store, extractor: ParallelExtractor
) -> None:
    folder = make_run(store, "a", [range(9), range(9, 12)])
    assert counts(embed(folder)) == (12, 12, 0)
    tables = [table for _, table in read_shards(folder, "embeddings-")]
    table = pa.concat_tables(tables)
    assert table.column_names == [*NAMED, "embedding"]
    for one in table.to_pylist():
        seed = int(one["image_id"][1:])
        assert {name: one[name] for name in NAMED} == {name: row(seed)[name] for name in NAMED}
        wanted = extractor.extractor.extract(prepare(jpeg(seed), SIZE).pixels[None]).embedding[0]
        np.testing.assert_allclose(one["embedding"], wanted, atol=1e-6)


def test_only_pixels_that_are_new_are_embedded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(make_run(store, "a", [range(10), range(10, 20)]))
    folder = make_run(store, "b", [[3, 30, 12], range(20), [31, 32]])
    given: list[bytes] = []
    compute = ParallelExtractor.all

    def noted(self: ParallelExtractor, photos: Sequence[bytes]) -> object:
        given.extend(photos)
        return compute(self, photos)

    monkeypatch.setattr(ParallelExtractor, "all", noted)
    assert counts(embed(folder)) == (25, 3, 22)
    assert given == [jpeg(30), jpeg(31), jpeg(32)]


def test_the_files_are_the_same_bytes_however_much_was_taken_over(
    local: Store, tmp_path: Path
) -> None:
    files = [range(7), range(7, 13)]
    fresh = make_run(Store(str(tmp_path / "fresh"), create=True), "b", files)
    first = embed(fresh)
    embed(make_run(local, "a", [range(3, 9)]))
    again = make_run(local, "b", files)
    done = embed(again)
    assert (counts(first), counts(done)) == ((13, 13, 0), (13, 7, 6))
    assert contents(again) == contents(fresh)
    assert first is not None
    assert done is not None
    assert first.digest == done.digest


def test_where_all_is_known_no_photo_is_read(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    embed(make_run(local, "a", [range(5)]))
    folder = make_run(local, "b", [range(5)])
    asked: list[list[str] | None] = []

    def noted(folder: StageFolder, name: str, columns: list[str] | None = None) -> pa.Table:
        asked.append(columns)
        return read_table(folder, name, columns)

    monkeypatch.setattr(embed_stage, "read_table", noted)
    assert counts(embed(folder)) == (5, 0, 5)
    assert asked == [NAMED]


def test_what_another_model_file_embedded_is_embedded_again(local: Store) -> None:
    embed(make_run(local, "a", [range(5)]))
    assert counts(embed(make_run(local, "b", [range(5)], other_model()))) == (5, 5, 0)
    assert counts(embed(make_run(local, "c", [range(5)]))) == (5, 0, 5)


def test_a_run_that_is_cleaned_again_takes_over_from_itself(local: Store) -> None:
    embed(make_run(local, "a", [range(5)]))
    folder = make_run(local, "a", [range(2, 7)])
    assert counts(embed(folder)) == (5, 2, 3)
    assert len(folder.names("embeddings-")) == 1
    assert len(folder.names("counts-")) == 1
    done = embed(folder)
    assert done is not None
    assert done.up_to_date


@pytest.mark.parametrize("damage", ["embedding", "footer", "gone", "done.json"])
def test_a_damaged_earlier_stage_is_said_and_embedded_again(
    local: Store, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = make_run(local, "a", [range(5)])
    embed(earlier)
    (name,) = earlier.names("embeddings-")
    data = bytearray(earlier.read(name))
    data[{"embedding": len(data) // 2}.get(damage, -20)] ^= 1
    if damage == "gone":
        local.delete([earlier.path(name)])
    elif damage == "done.json":
        local.write(earlier.path("done.json"), b"{")
    else:
        local.write(earlier.path(name), bytes(data))
    assert counts(embed(make_run(local, "b", [range(3), range(3, 5)]))) == (5, 5, 0)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "runs/a/embed/" in said[0]


def test_shards_count_what_each_embedded_and_took_over(local: Store) -> None:
    embed(make_run(local, "a", [range(6)]))
    folder = make_run(local, "b", [range(4), range(4, 8), range(8, 12)])
    assert embed(folder, Shard(1, 2)) is None
    assert embed(folder, Shard(1, 2)) is None
    assert counts(embed(folder, Shard(0, 2))) == (12, 6, 6)


class Killed(BaseException):
    """Not an error that anything may catch."""


class MortalStore(Store):
    """Dies before its n-th write."""

    writes = 0

    def write(self, path: str, data: bytes | Path, content_type: str | None = None) -> None:
        if self.writes == 0:
            raise Killed
        self.writes -= 1
        super().write(path, data, content_type)


def test_killed_before_any_write_it_goes_on_with_the_same_files_and_counts(
    local: Store, tmp_path: Path
) -> None:
    embed(make_run(local, "a", [range(3)]))
    whole = make_run(local, "b", [range(5), range(5, 8)])
    done = embed(whole)
    for kills in range(6):
        url = str(tmp_path / f"killed-{kills}")
        made = Store(url, create=True)
        embed(make_run(made, "a", [range(3)]))
        folder = make_run(made, "b", [range(5), range(5, 8)])
        dying = MortalStore(url)
        dying.writes = kills
        try:
            embed_stage.run(dying, "b", Shard(), Progress())
        except Killed:
            again = embed(folder)
            assert counts(again) == counts(done) == (8, 5, 3)
            assert contents(folder) == contents(whole)
        else:
            break
    assert kills == 5


def test_an_output_that_is_gone_is_made_again(local: Store) -> None:
    folder = make_run(local, "a", [range(5), range(5, 8)])
    before = embed(folder)
    whole = contents(folder)
    local.delete([folder.path(sorted(whole)[0])])
    after = embed(folder)
    assert contents(folder) == whole
    assert before is not None
    assert after is not None
    assert before.digest == after.digest


def test_a_damaged_model_file_embeds_nothing(local: Store) -> None:
    folder = make_run(local, "a", [range(5)])
    local.write(folder.sibling("export").path("extractor.onnx"), other_model())
    with pytest.raises(JobError, match=r"extractor\.onnx is damaged"):
        embed(folder)
