"""TensorBoard's events of a training: what is written is read back, record by record."""

import struct
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event

from batch_jobs.stage import StageFolder
from batch_jobs.train.events import EPOCHS as EPOCHS_FILE
from batch_jobs.train.events import STEPS as STEPS_FILE
from batch_jobs.train.events import write_events
from release.store import Store

EPOCHS: list[dict[str, Any]] = [
    {"epoch": 0, "phase": "start", "loss": None, "leaf_accuracy": 0.5, "score": 0.25},
    {"epoch": 1, "phase": "head", "loss": float("nan"), "leaf_accuracy": None, "score": 0.75},
]
STEPS = [
    {"step": 1, "loss": 2.5, "learning_rate": 0.5, "seconds": 10.25},
    {"step": 2, "loss": 1.5, "learning_rate": 0.25, "seconds": 11.5},
]


@pytest.fixture
def folder(tmp_path: Path) -> StageFolder:
    return StageFolder(Store(str(tmp_path / "store"), create=True), "run", "train")


def records(data: bytes) -> list[bytes]:
    """The records of a file, checked: length, its CRC, content, its CRC.

    The format is that of TensorFlow, "TFRecord and tf.train.Example".
    """
    found, place = [], 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        content = data[place + 12 : place + 12 + length]
        checks = [(data[place : place + 8], place + 8), (content, place + 12 + length)]
        for checked, at in checks:
            crc = crc32c(checked)
            masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
            assert struct.unpack_from("<I", data, at) == (masked,)
        found.append(content)
        place += 16 + length
    return found


def scalars(folder: StageFolder, name: str) -> list[tuple[int, float, dict[str, float]]]:
    """Step, time and values of each event after the first, which has the version."""
    first, *events = [Event.FromString(record) for record in records(folder.read(name))]
    assert first.file_version == "brain.Event:2"
    return [
        (event.step, event.wall_time, {v.tag: v.simple_value for v in event.summary.value})
        for event in events
    ]


def test_steps_and_epochs_are_read_back(folder: StageFolder) -> None:
    write_events(folder, EPOCHS, STEPS)
    assert scalars(folder, EPOCHS_FILE) == [
        (0, 0.0, {"epoch/leaf_accuracy": 0.5, "epoch/score": 0.25}),
        (1, 0.0, {"epoch/score": 0.75}),
    ]
    assert scalars(folder, STEPS_FILE) == [
        (1, 10.25, {"step/loss": 2.5, "step/learning_rate": 0.5}),
        (2, 11.5, {"step/loss": 1.5, "step/learning_rate": 0.25}),
    ]


@pytest.mark.parametrize("name", [EPOCHS_FILE, STEPS_FILE])
def test_a_longer_history_takes_the_place_of_the_shorter_and_begins_like_it(
    folder: StageFolder, name: str
) -> None:
    write_events(folder, EPOCHS[:1], STEPS[:1])
    before = folder.read(name)
    write_events(folder, EPOCHS, STEPS)
    assert folder.read(name).startswith(before)
    assert len(scalars(folder, name)) == 2
    assert folder.names() == [EPOCHS_FILE, STEPS_FILE]


def test_a_training_without_history_has_files_that_can_be_read(folder: StageFolder) -> None:
    write_events(folder, [], [])
    assert scalars(folder, EPOCHS_FILE) == scalars(folder, STEPS_FILE) == []


def test_events_are_no_output_of_the_stage(folder: StageFolder) -> None:
    write_events(folder, EPOCHS, STEPS)
    assert folder.finish({}, {}).outputs == {}
