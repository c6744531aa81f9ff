"""What can be chosen about training; what is left open goes by the catalogue's size."""

from dataclasses import asdict, dataclass

from batch_jobs.train.labels import check_level
from release.errors import JobError

HEAD_STEPS = 600  # of training on frozen features, thousands of rows a second
PHOTOS_SEEN = 10_000  # so many a small catalogue is trained on, however often that shows each
EPOCHS = (4, 10)  # the fewest, of a large catalogue, and the most


@dataclass(frozen=True)
class TrainOptions:
    """Any change of one trains again. None is chosen by the catalogue's size."""

    backbone: str = "resnet50"
    weights: str = "default"
    label_level: str = "leaf"
    min_photos: int = 5  # of a label; a rarer one falls back to its parent
    epochs: int | None = None  # of the whole network
    head_steps: int = HEAD_STEPS
    batch_size: int | None = None
    photos_per_listing: int = 2  # in one batch
    learning_rate: float = 1e-3  # of the head; the backbone's is a tenth
    sibling_weight: float = 0.5  # of the loss on photos of one listing; the rest is categories
    seed: int = 0
    compiled: bool = False  # by torch.compile

    def __post_init__(self) -> None:
        check_level(self.label_level)
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise JobError(f"{_option(name)} is {value}; it must be at least {least}.")
        if not 0 <= self.sibling_weight <= 1:
            raise JobError(f"--sibling-weight is {self.sibling_weight}; it is from 0 to 1.")
        if not 0 < self.learning_rate <= 1:
            raise JobError(f"--learning-rate is {self.learning_rate}; it is above 0, at most 1.")

    def resolved(self, train_photos: int, processes: int) -> "Resolved":
        """With what was left to the size of the catalogue."""
        epochs = self.epochs
        if epochs is None:
            epochs = min(max(round(PHOTOS_SEEN / max(train_photos, 1)), EPOCHS[0]), EPOCHS[1])
        batch_size = self.batch_size or (64 if train_photos < 20_000 else 256)
        batch_size = max(2, min(batch_size, train_photos))
        batch_size = max(1, batch_size // processes) * processes
        return Resolved(**{**asdict(self), "epochs": epochs, "batch_size": batch_size})


_LEAST = {
    "seed": 0,
    "epochs": 0,
    "head_steps": 0,
    "batch_size": 2,
    "photos_per_listing": 1,
    "min_photos": 1,
}


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class Resolved(TrainOptions):
    """Options of which none is left open."""

    epochs: int = 0
    batch_size: int = 2


@dataclass(frozen=True)
class Execution:
    """How training is run, which does not change what comes out.

    `workers` are processes that decode, of each training process.
    """

    workers: int | None = None  # None: as many as cores beside a GPU, else half as many
    checkpoint_s: float = 300.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise JobError(f"--workers is {self.workers}; it must be at least 0.")
        if not self.checkpoint_s >= 0:
            raise JobError(f"--checkpoint-s is {self.checkpoint_s}; it must be at least 0.")
