"""What a training that is killed goes on from: one file in the store, replaced as a whole."""

import io
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from batch_jobs.stage import StageFolder
from batch_jobs.train.losses import TrainingNetwork
from batch_jobs.train.validation import History
from model_export.network import ExtractorNetwork
from release.errors import JobError

CHECKPOINT = "checkpoint.pt"


@dataclass
class Position:
    """How far the training of the whole network is."""

    epoch: int = 1
    batch: int = 0  # of the epoch, the next one
    loss: float = 0.0  # summed over the epoch's batches


@dataclass
class State:
    """All that changes while the whole network is trained."""

    model: TrainingNetwork
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    history: History
    position: Position
    batch_size: int

    @property
    def averaged_network(self) -> ExtractorNetwork:
        model = self.average.module
        if not isinstance(model, TrainingNetwork):
            raise TypeError(f"The average is of a {type(model).__name__}.")
        return model.network

    def save(self, folder: StageFolder) -> None:
        """Writes the checkpoint over the one before. Seen whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": vars(self.history),
            "position": vars(self.position),
            "batch_size": self.batch_size,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        folder.store.write(folder.path(CHECKPOINT), buffer.getvalue())

    def resume(self, folder: StageFolder) -> None:
        """Goes on from the checkpoint. Raises JobError where its batches were of another size."""
        state = load_state(folder.read(CHECKPOINT))
        if state["batch_size"] != self.batch_size:
            raise JobError(
                f"{folder.store.where(folder.path(CHECKPOINT))} is of batches of "
                f"{state['batch_size']} photos, {self.batch_size} fit this number of processes. "
                "Go on with as many as before, or delete it."
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = History(**state["history"])
        self.position = Position(**state["position"])


def load_state(data: bytes) -> dict[str, Any]:
    """What `torch.save` wrote, without running any code of it."""
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
