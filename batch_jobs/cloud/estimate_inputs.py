"""What an estimate is asked for, and the tables that it reckons with."""

import math
from dataclasses import dataclass, field

from batch_jobs.cloud.prices import Prices
from batch_jobs.cloud.throughputs import BACKBONES, Throughputs
from release.errors import JobError

PHOTOS_A_LISTING = 2  # where nobody says: the public catalogue of this kind has 1.8


@dataclass(frozen=True)
class Wanted:
    """A catalogue and its searches. `memory_mb` is the index's, None what the recall needs.

    Raises JobError for what no catalogue is like.
    """

    photos: int
    searches: int  # a month
    listings: int = 0  # 0 for one to two photos
    photo_mb: float = 0.5
    memory_mb: float | None = None
    backbone: str = "resnet50"

    def __post_init__(self) -> None:
        if self.photos < 1:
            raise JobError(f"--photos is {self.photos}; it must be at least 1.")
        for name in ("searches", "listings"):
            if getattr(self, name) < 0:
                raise JobError(f"--{name} is {getattr(self, name)}; it must be at least 0.")
        if self.listings > self.photos:
            raise JobError(
                f"--listings is {self.listings}, --photos {self.photos}: each listing has a photo."
            )
        if not (math.isfinite(self.photo_mb) and self.photo_mb > 0):
            raise JobError(f"--photo-mb is {self.photo_mb}; it must be more than 0.")
        if self.memory_mb is not None and not self.memory_mb > 0:
            raise JobError(f"--memory-mb is {self.memory_mb}; it must be more than 0.")
        if self.backbone not in BACKBONES:
            raise JobError(
                f"--backbone is {self.backbone!r}; measured were {' and '.join(BACKBONES)}."
            )

    @property
    def all_listings(self) -> float:
        return self.listings or self.photos / PHOTOS_A_LISTING


@dataclass(frozen=True)
class Tables:
    """Prices and measured figures."""

    prices: Prices
    throughputs: Throughputs

    def of(self, backbone: str, name: str) -> float:
        """A figure that each backbone has its own of."""
        return self.throughputs[f"{name}_{backbone}"]


@dataclass(frozen=True)
class Cost:
    """A part of a bill, by name."""

    name: str
    amount: float
    note: str = field(default="", compare=False)
