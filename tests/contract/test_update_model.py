"""Photos of an update are embedded by the model file that embedded those of the release."""

import json
from pathlib import Path

import onnx
import pytest
from hand_cleaned import NAME, Thing, embedding, tiny_extractor, write_clean, write_first
from small_release import tiny_network

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.update.base import find_base
from batch_jobs.update.compaction import UpdateOptions
from batch_jobs.update.job import Updated, update
from release.errors import JobError
from release.fetching import read_manifest
from release.manifest import EXTRACTOR_FILE
from release.reader import open_current
from release.store import Store

STATE = {"a": Thing(photos=(("photo-a", 1),))}
MORE = STATE | {"b": Thing(photos=(("photo-b", 2),))}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Queries in int8, photos embedded in fp32, as after a run on a GPU."""
    opened = Store(str(tmp_path / "store"), create=True)
    write_first(opened, STATE, tiny_extractor(tmp_path), tmp_path / "first")
    manifest = json.loads(opened.read("releases/first.json"))
    manifest["extractor"]["precision"] = "int8"
    opened.write("releases/first.json", json.dumps(manifest).encode())
    return opened


def fp32_network() -> bytes:
    """Computes the same, and is another file."""
    model = onnx.load_from_string(tiny_network())
    model.doc_string = "fp32"
    content: bytes = model.SerializeToString()
    return content


def write_export(store: Store, run_id: str = "exported") -> StageFolder:
    """An export of the release's extractor, with one in fp32 beside it."""
    folder = StageFolder(store, run_id, "export")
    folder.write(EXTRACTOR_FILE, tiny_network())
    folder.write(FP32_FILE, fp32_network())
    folder.finish({}, {})
    return folder


def bring(store: Store, cache: Path) -> Updated:
    base = find_base(store, NAME, cache)
    return update(base, write_clean(store, MORE), UpdateOptions(share=9), Progress())


def test_the_exported_fp32_model_is_used_where_photos_were_embedded_by_it(
    store: Store, tmp_path: Path
) -> None:
    folder = write_export(store)
    updated = bring(store, tmp_path)
    assert updated.counts["embedded"] == 1
    run_id = read_manifest(store, updated.release).run_id
    embedded = StageFolder(store, run_id, "embed").require()
    assert embedded.inputs["extractor"] == folder.require().outputs[FP32_FILE]
    assert embedded.counts["precision"] == "fp32"
    search = open_current(store, tmp_path / "cache").search
    (nearest,) = search.search(embedding(2, tiny_extractor(tmp_path)), 1)
    assert nearest == ["photo-b"]
    segments = read_manifest(store, updated.release).segments
    assert {segment.embedded_in for segment in segments} == {"fp32"}


def test_without_that_model_nothing_is_embedded_and_the_release_stays(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=r"embedded in fp32, queries are in int8, and no run"):
        bring(store, tmp_path)
    assert open_current(store, tmp_path / "cache").manifest.release_id == "first"


def test_listings_are_removed_without_that_model(store: Store, tmp_path: Path) -> None:
    write_export(store)
    bring(store, tmp_path)
    store.delete([f"runs/exported/export/{name}" for name in (FP32_FILE, "done.json")])
    base = find_base(store, NAME, tmp_path)
    updated = update(base, write_clean(store, STATE), UpdateOptions(share=9), Progress())
    assert (updated.changes.removed, updated.counts["embedded"]) == ({"b"}, 0)


def test_a_damaged_model_is_named(store: Store, tmp_path: Path) -> None:
    folder = write_export(store)
    store.write(folder.path(FP32_FILE), fp32_network()[:-1])
    with pytest.raises(JobError, match=r"exported/export/extractor-fp32\.onnx is damaged"):
        bring(store, tmp_path)


def test_an_export_whose_done_file_is_damaged_is_passed_over(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_export(store, "damaged")
    store.write("runs/damaged/export/done.json", b"{")
    write_export(store, "exported")
    assert bring(store, tmp_path).counts["embedded"] == 1
    assert "It is passed over." in capsys.readouterr().err
