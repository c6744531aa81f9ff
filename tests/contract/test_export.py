"""Exports: int8 where its gates pass, fp32 and the reason where not; what is embedded by which."""

import contextlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from drawn_catalogue import draw_catalogue
from trained_run import RUN_ID, trained_run

from batch_jobs import embed_stage, export_stage, verify_run
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.export_options import ExportOptions
from batch_jobs.export_photos import load_export_photos
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Shard, StageFolder
from batch_jobs.stage_lines import print_line
from batch_jobs.tables import read_shards
from batch_jobs.train import stage as train_stage
from batch_jobs.train.options import TrainOptions
from model_export import gates
from model_export.quantise import RECIPES
from release.errors import JobError
from release.extractor import Extractor
from release.pixels import prepare
from release.store import Store

SIZE = 96


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return trained_run(tmp_path_factory.mktemp("lite0"), "efficientnet_lite0", "default", SIZE)


@pytest.fixture(scope="module")
def done(store: Store) -> Done:
    return export_stage.run(store, RUN_ID)


def exported(store: Store) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(StageFolder(store, RUN_ID, "export").read("export.json"))
    return found


def test_int8_is_published_with_its_recipe_gates_and_figures_of_the_test_part(
    store: Store, done: Done
) -> None:
    found = exported(store)
    assert (found["precision"], found["precision_reason"]) == ("int8", "")
    assert found["recipe"] == asdict(RECIPES[0])
    assert (found["calibration_photos"], found["calibration_wanted"]) == (48, 256)
    assert found["gates"]["queries"] == found["test"]["queries"] == 12
    assert found["gates"]["failures"] == []
    assert gates.MIN_COSINE < found["gates"]["cosine"] < 0.99999
    assert set(found["gates"]["drops"]) == set(gates.GATED)
    assert found["test"]["int8"].keys() == found["test"]["fp32"].keys()
    assert 0 < found["pair"]["recall_at_10"] <= 1
    assert 0 <= found["pair"]["sibling_recall_at_1"] <= 1
    assert found["verified"]["int8_batch_difference"] < 1e-5
    assert found["backbone"] == "efficientnet_lite0"


def test_both_files_are_there_and_the_smaller_one_is_the_functions(
    store: Store, done: Done
) -> None:
    folder = Path(store.url) / "runs" / RUN_ID / "export"
    small, large = folder / "extractor.onnx", folder / "extractor-fp32.onnx"
    assert done.outputs.keys() == {"extractor.onnx", "extractor-fp32.onnx", "export.json"}
    assert done.counts["size_bytes"] == small.stat().st_size < 0.3 * large.stat().st_size
    assert Extractor(small).size == Extractor(large).size == SIZE


def test_an_export_is_done_once_and_again_for_another_option(
    store: Store, done: Done, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_stage.run(store, RUN_ID).up_to_date
    print_line("export", done)
    assert re.search(r"MB int8, cosine 0\.\d+ to fp32, \d+% of its neig", capsys.readouterr().out)


def test_the_photos_of_an_export_are_of_their_parts(store: Store) -> None:
    train = StageFolder(store, RUN_ID, "train")
    network = json.loads(train.read("network.json"))
    split = json.loads(train.read("split.json"))
    photos = load_export_photos(train.sibling("clean"), train, network)
    parts = np.array([split[photos.photos.product_ids[one]] for one in photos.photos.listings])
    assert set(parts[photos.calibration]) == {"train"}
    assert set(parts[photos.validation.queries]) == {"validation"}
    assert set(parts[photos.validation.gallery]) == {"train", "validation"}
    assert set(parts[photos.test.queries]) == {"test"}
    assert set(parts[photos.test.gallery]) == {"train", "validation", "test"}
    assert len(photos.test.gallery) == len(photos.photos) == 72


def test_photos_are_embedded_by_the_functions_own_extractor_in_their_order(
    store: Store, done: Done
) -> None:
    embedded = embed_stage.run(store, RUN_ID, Shard(), Progress())
    assert embedded is not None
    assert embedded.counts == {
        "photos": 72,
        "embedded": 72,
        "taken_over": 0,
        "files": 1,
        "precision": "int8",
    }
    folder = StageFolder(store, RUN_ID, "embed")
    (_, photos), *_ = read_shards(folder.sibling("clean"), "photos-", ["image_id", "photo"])
    (_, embeddings), *_ = read_shards(folder, "embeddings-")
    extractor = Extractor(Path(store.url) / "runs" / RUN_ID / "export" / "extractor.onnx")
    for photo, row in zip(photos.to_pylist(), embeddings.to_pylist(), strict=True):
        assert row["image_id"] == photo["image_id"]
        wanted = extractor.extract(prepare(photo["photo"], SIZE).pixels[None]).embedding[0]
        np.testing.assert_allclose(row["embedding"], wanted, atol=1e-5)


def test_a_gpu_embeds_in_fp32_and_the_other_precision_embeds_again(
    store: Store, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(embed_stage, "has_gpu", lambda: True)
        embedded = embed_stage.run(store, RUN_ID, Shard(), Progress())
        assert embedded is not None
        assert embedded.counts["precision"] == "fp32"
        again = embed_stage.run(store, RUN_ID, Shard(), Progress())
        assert again is not None
        assert again.up_to_date
    without = embed_stage.run(store, RUN_ID, Shard(), Progress())
    assert without is not None
    assert (without.counts["precision"], without.up_to_date) == ("int8", False)


def test_verify_has_a_line_for_each_check(store: Store, done: Done) -> None:
    embed_stage.run(store, RUN_ID, Shard(), Progress())
    lines = []
    with contextlib.suppress(JobError):  # at 96 pixels, a drawing's embedding hears JPEG's noise
        for line in verify_run.run(store, RUN_ID):
            lines.append(line)
    text = "\n".join(lines)
    assert "12 golden photos: cosine at least 1.0" in text
    assert "int8 batch difference" in text
    assert "among 72 photos of the catalogue" in text


@pytest.mark.slow
def test_where_no_recipe_passes_fp32_is_published_with_the_nearest_ones_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gates, "MIN_COSINE", 1.1)
    store = trained_run(tmp_path, "resnet18", "none", 64, listings=12)
    done = export_stage.run(store, RUN_ID)
    folder = Path(store.url) / "runs" / RUN_ID / "export"
    assert (folder / "extractor.onnx").read_bytes() == (folder / "extractor-fp32.onnx").read_bytes()
    found = exported(store)
    assert found["precision"] == done.counts["precision"] == "fp32"
    assert re.match(
        r"no recipe of int8 passes its gates; .* is below 1.1", found["precision_reason"]
    )
    assert found["gates"]["failures"]
    assert found["recipe"]["calibration"] in ("minmax", "percentile")
    assert "test" not in found
    print_line("export", done)
    assert "MB fp32 (no recipe of int8 passes" in capsys.readouterr().out


def test_fp32_may_be_asked_for_and_nothing_held_out_gives_it(tmp_path: Path) -> None:
    store = trained_run(tmp_path, "resnet18", "none", 64, listings=6, held_out=False)
    assert export_stage.run(store, RUN_ID).counts["precision_reason"] == (
        "no photo was held out to compare int8 with fp32 on"
    )
    asked = export_stage.run(store, RUN_ID, ExportOptions("fp32"))
    assert (asked.counts["precision_reason"], asked.up_to_date) == ("asked for", False)
    with pytest.raises(JobError, match=r"--precision is 'int4'. Choices are int8, fp32\."):
        ExportOptions("int4")


@pytest.mark.slow
def test_resnet50_is_trained_exported_and_quantised_for_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file of weights in torchvision's names, which are random: so the gates are open."""
    monkeypatch.setattr(gates, "MIN_COSINE", 0.5)
    monkeypatch.setattr(gates, "MIN_OVERLAP", 0.0)
    monkeypatch.setattr(gates, "MAX_DROP", 1.0)
    torch.manual_seed(0)
    weights = tmp_path / "resnet50.pt"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), weights)
    catalogue = draw_catalogue(tmp_path / "catalogue", listings=14)
    store = Store(str(tmp_path / "store"), create=True)
    clean_stage.run(store, str(catalogue.folder), CleanOptions(size=64), RUN_ID, Progress())
    options = TrainOptions("resnet50", str(weights), epochs=1, batch_size=8, head_steps=5)
    trained = train_stage.run(store, RUN_ID, options, Progress())
    assert trained.inputs["weights_sha256"]
    done = export_stage.run(store, RUN_ID)
    assert done.counts["precision"] == "int8", done.counts
    assert done.counts["size_bytes"] < 27e6
    embedded = embed_stage.run(store, RUN_ID, Shard(), Progress())
    assert embedded is not None
    assert embedded.counts["photos"] == 42
