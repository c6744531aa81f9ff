"""What can be chosen about training. Any change of it trains again."""

from dataclasses import dataclass

from release.errors import JobError


@dataclass(frozen=True)
class TrainOptions:
    """The defaults are for production; the demo takes a smaller backbone and fewer epochs."""

    backbone: str = "resnet50"
    weights: str = "default"
    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 3e-4  # of the head; the backbone's is a tenth
    sibling_weight: float = 0.5  # of the loss on photos of one listing; the rest is categories
    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise JobError(f"--seed is {self.seed}; it must be at least 0.")
        if self.epochs < 0:
            raise JobError(f"--epochs is {self.epochs}; it must be at least 0.")
        if self.batch_size < 2:
            raise JobError(f"--batch-size is {self.batch_size}; it must be at least 2.")
        if not 0 <= self.sibling_weight <= 1:
            raise JobError(f"--sibling-weight is {self.sibling_weight}; it is from 0 to 1.")
        if not 0 < self.learning_rate <= 1:
            raise JobError(f"--learning-rate is {self.learning_rate}; it is above 0, at most 1.")
