"""Writes the history of a training as TensorBoard events: tensorboard --logdir RUN/train

Files are written anew each time, whole, so whoever reads one finds every record complete, and a
training that was interrupted and went on has one curve. A longer history begins with the bytes of
the shorter: tensorboard --load_fast=false, which reads on where it was, follows a training.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboardX.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboardX.record_writer import RecordWriter  # type: ignore[import-untyped]

from batch_jobs.stage import StageFolder

# TensorBoard looks for `tfevents`. A file for each axis: only at the end is there anything new.
EPOCHS = "tensorboard/epochs/events.out.tfevents.0.train"
STEPS = "tensorboard/steps/events.out.tfevents.0.train"
_VERSION = "brain.Event:2"  # without it TensorBoard takes records for those of an older format

Row = Mapping[str, Any]


def write_events(folder: StageFolder, epochs: Sequence[Row], steps: Sequence[Row]) -> None:
    """Writes all numbers of `epochs` by `epoch` to EPOCHS, and of `steps` by `step` to STEPS.

    `seconds` of a row is its place on TensorBoard's axis of time; epochs may go without. Not
    counted among the stage's outputs, since times are other ones in each training.
    """
    for axis, name, rows in (("epoch", EPOCHS, epochs), ("step", STEPS, steps)):
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "events"
            _record([Event(file_version=_VERSION), *_events(axis, rows)], path)
            folder.store.write(folder.path(name), path)


def _events(axis: str, rows: Iterable[Row]) -> Iterable[Event]:
    """An event for each row, with its numbers as `<axis>/<name>`."""
    for row in rows:
        values = [
            Summary.Value(tag=f"{axis}/{name}", simple_value=value)
            for name, value in row.items()
            if name not in (axis, "seconds") and _is_number(value)
        ]
        seconds = float(row.get("seconds", 0))
        yield Event(wall_time=seconds, step=row[axis], summary=Summary(value=values))


def _is_number(value: object) -> bool:
    """Not the name of a phase, and not what was not measured."""
    return isinstance(value, int | float) and not math.isnan(value)


def _record(events: Iterable[Event], path: Path) -> None:
    writer = RecordWriter(str(path))
    for event in events:
        writer.write(event.SerializeToString())
    writer.close()
