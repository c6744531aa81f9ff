"""Training: interrupted or not, in one process or in two, it makes the same network."""

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from test_whole_way import StoppedError, copy_of
from whole_way import OPTIONS, RUN_ID, SmallRun

from batch_jobs import cross_validation
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.train import stage
from batch_jobs.train.options import Execution, TrainOptions
from batch_jobs.train.stage import load_network
from release.errors import JobError
from release.store import Store

Item = TypeVar("Item")
AFTER_TRAINING = ("train", "export", "embed", "index", "publish")


def untrained(run: SmallRun, tmp_path: Path) -> Store:
    return copy_of(run, tmp_path, *AFTER_TRAINING)


def trained(store: Store) -> StageFolder:
    return StageFolder(store, RUN_ID, "train")


def command(store: Store, *more: str) -> list[str]:
    options = OPTIONS.train
    return [
        *("-m", "batch_jobs", "--", "train", "--store", store.url, "--run", RUN_ID),
        *("--backbone", options.backbone, "--epochs", str(options.epochs)),
        *("--batch-size", str(options.batch_size), "--head-steps", str(options.head_steps)),
        *more,
    ]


def position(folder: StageFolder) -> dict[str, Any]:
    state = torch.load(io.BytesIO(folder.read("checkpoint.pt")), weights_only=True)
    found: dict[str, Any] = state["position"]
    return found


@pytest.mark.slow
def test_killed_hard_within_an_epoch_the_same_command_goes_on_bit_for_bit(
    small_run: SmallRun, tmp_path: Path
) -> None:
    store = untrained(small_run, tmp_path)
    folder = trained(store)
    line = [sys.executable, *command(store, "--checkpoint-s", "0")]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    wait_for_steps(folder, process)
    process.kill()
    process.communicate()
    assert 1 <= position(folder)["batch"] < 4
    assert not folder.has("done.json")
    again = subprocess.run(line, capture_output=True, text=True, check=True)
    assert "goes on in epoch 1 of 1, after batch" in again.stderr
    assert folder.require().outputs == small_run.done["train"].outputs


def wait_for_steps(folder: StageFolder, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 150
    while process.poll() is None and time.monotonic() < deadline:
        if folder.has("checkpoint.pt") and position(folder)["batch"] >= 1:
            return
        time.sleep(0.02)
    pytest.fail(f"Training ended with {process.poll()} or took too long.")


class Signalling(Progress):
    """Sends this process a signal while a step of an epoch is under way."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        for count, item in enumerate(super().track(items, total, what)):
            if count == 1 and ": epoch " in what:
                signal.raise_signal(self._number)
            yield item


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_obeyed_after_the_step_under_way(
    small_run: SmallRun, tmp_path: Path, number: int
) -> None:
    store = untrained(small_run, tmp_path)

    def stop(_number: int, _frame: object) -> None:
        raise StoppedError

    before = signal.signal(number, stop)
    try:
        with pytest.raises(StoppedError):
            stage.run(store, RUN_ID, OPTIONS.train, Signalling(number))
    finally:
        signal.signal(number, before)
    assert position(trained(store)) | {"loss": None} == {"epoch": 1, "batch": 2, "loss": None}
    done = stage.run(store, RUN_ID, OPTIONS.train, Progress())
    assert done.outputs == small_run.done["train"].outputs


LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


def test_the_gradients_of_two_processes_are_those_of_one(tmp_path: Path) -> None:
    script = str(Path(__file__).parents[1] / "gathered_gradients.py")
    for launch, name in (([sys.executable], "one"), (LAUNCH, "two")):
        subprocess.run([*launch, script, str(tmp_path / name)], check=True, capture_output=True)
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, gradient in one.items():
        assert gradient.abs().max() > 0 or name == "roots", name
        torch.testing.assert_close(two[name], gradient, rtol=1e-3, atol=1e-6, msg=name)


@pytest.mark.slow
def test_two_processes_train_what_one_does(small_run: SmallRun, tmp_path: Path) -> None:
    """The same steps but for the order of sums, which Adam's first steps make much of."""
    store = untrained(small_run, tmp_path)
    run = [sys.executable, *command(store), "--processes", "2"]
    subprocess.run(run, check=True, capture_output=True)
    one, two = trained(small_run.store), trained(store)
    assert two.read("split.json") == one.read("split.json")
    assert json.loads(two.read("training.json"))["processes"] == 2
    tables = [json.loads(folder.read("metrics.json"))["table"]["trained"] for folder in (one, two)]
    for name, found in tables[0].items():
        assert tables[1][name]["value"] == pytest.approx(found["value"], abs=0.05), name
    losses = [
        json.loads(f.read("metrics.json"))["history"]["epochs"][-1]["loss"] for f in (one, two)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_no_option_changed_has_nothing_to_do_and_any_changed_trains_again(
    small_run: SmallRun,
) -> None:
    done = stage.run(small_run.store, RUN_ID, OPTIONS.train, Progress(), Execution(3, 7))
    assert done.up_to_date
    changed = {
        "backbone": "resnet18",
        "weights": "none",
        "label_level": "root",
        "min_photos": 6,
        "epochs": 2,
        "head_steps": 5,
        "batch_size": 4,
        "photos_per_listing": 3,
        "learning_rate": 0.1,
        "sibling_weight": 0.4,
        "seed": 1,
        "compiled": True,
    }
    assert changed.keys() == asdict(OPTIONS.train).keys()
    folder = trained(small_run.store)
    for name, value in changed.items():
        inputs = stage.inputs_of(folder, replace(OPTIONS.train, **{name: value}))
        assert folder.up_to_date(inputs) is None, name


def test_the_folder_alone_tells_how_it_was_made(small_run: SmallRun) -> None:
    folder = trained(small_run.store)
    made = json.loads(folder.read("training.json"))
    assert made["asked"] == asdict(OPTIONS.train)
    assert made["options"]["batch_size"] == 8
    assert made["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert made["git_commit"] == folder.require().git_commit
    split = json.loads(folder.read("split.json"))
    assert set(split.values()) == {"train", "validation", "test"}
    assert len(split) == 14
    assert {"report.html", "metrics.json", "calibration.json"} <= folder.require().outputs.keys()
    assert not folder.has("checkpoint.pt")


def test_the_table_has_three_networks_with_intervals(small_run: SmallRun) -> None:
    metrics = json.loads(trained(small_run.store).read("metrics.json"))
    assert list(metrics["table"]) == ["trained", "untrained", "random_projection"]
    for table in metrics["table"].values():
        assert table.keys() == metrics["table"]["trained"].keys()
        assert all(found["low"] <= found["value"] <= found["high"] for found in table.values())
    photos = sum(category["photos"] for category in metrics["categories"])
    assert photos == small_run.done["train"].counts["test_photos"]
    phases = [entry["phase"] for entry in metrics["history"]["epochs"]]
    assert phases == ["start", "head", "whole"]


def test_a_softmax_of_the_logits_is_calibrated(small_run: SmallRun) -> None:
    folder = trained(small_run.store)
    fitted = json.loads(folder.read("metrics.json"))["calibration"]["temperature"]
    network, _ = load_network(folder)
    assert network.scale.item() == pytest.approx(20 / fitted)


@pytest.mark.slow
def test_cross_validation_holds_every_photo_out_once(small_run: SmallRun, tmp_path: Path) -> None:
    store = untrained(small_run, tmp_path)
    options = replace(OPTIONS.train, epochs=0)
    done = cross_validation.run(store, RUN_ID, options, 2, Progress())
    folder = StageFolder(store, RUN_ID, cross_validation.STAGE)
    rows = [row for fold in (0, 1) for row in json.loads(folder.read(f"{fold}/values.json"))]
    assert len({row["image_id"] for row in rows}) == len(rows) == 42
    table = json.loads(folder.read("metrics.json"))["table"]
    mean = np.mean([row["trained"]["sibling_recall_at_1"] for row in rows])
    assert table["trained"]["sibling_recall_at_1"]["value"] == pytest.approx(mean)
    assert cross_validation.run(store, RUN_ID, options, 2, Progress()).up_to_date
    assert set(folder.names()) == {
        "0/values.json",
        "1/values.json",
        "begun.json",
        "done.json",
        "metrics.json",
    }
    assert done.counts["folds"] == 2


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epochs", -1),
        ("batch_size", 1),
        ("seed", -1),
        ("min_photos", 0),
        ("head_steps", -1),
        ("photos_per_listing", 0),
        ("sibling_weight", 1.1),
        ("learning_rate", 0),
        ("label_level", "twig"),
    ],
)
def test_an_option_out_of_its_range_is_named(option: str, value: object) -> None:
    with pytest.raises(JobError, match=f"--{option.replace('_', '-')} is"):
        TrainOptions(**{option: value})


def test_what_is_left_open_goes_by_the_size_of_the_catalogue() -> None:
    options = TrainOptions()
    sizes = (5, 400, 1_000, 50_000, 1_000_000)
    resolved = [options.resolved(photos, processes=2) for photos in sizes]
    assert [one.epochs for one in resolved] == [10, 10, 10, 4, 4]
    assert [one.batch_size for one in resolved] == [4, 64, 64, 256, 256]
