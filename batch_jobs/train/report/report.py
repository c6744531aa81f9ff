"""What the page of a training shows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_jobs.pages.searches import Query
from release.errors import JobError


@dataclass(frozen=True)
class Confusion:
    """How many test photos of each root were taken for which."""

    roots: list[str]
    counts: NDArray[np.int64]  # (roots, roots): true, predicted

    def __post_init__(self) -> None:
        expected = (len(self.roots), len(self.roots))
        if self.counts.shape != expected:
            raise JobError(
                f"The confusion's counts have the shape {self.counts.shape}; with "
                f"{len(self.roots)} roots it must be {expected}."
            )


@dataclass(frozen=True)
class TrainingReport:
    """One training: `metrics` is metrics.json, `calibration` calibration.json.

    `counts` has photos, listings, labels, and photos and listings of each part of the split:
    train_photos, train_listings, validation_photos, ...
    """

    catalogue: str
    options: dict[str, object]  # as they were resolved
    made: dict[str, object]  # versions, commit, seed, device
    counts: dict[str, int]
    metrics: dict[str, Any]
    confusion: Confusion
    calibration: dict[str, Any]
    best: list[Query] = field(default_factory=list)
    worst: list[Query] = field(default_factory=list)
