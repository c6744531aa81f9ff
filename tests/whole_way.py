"""The whole way, made small: EfficientNet-Lite0 at 96 pixels, one epoch."""

from dataclasses import dataclass
from pathlib import Path

from batch_jobs import pipeline
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import Done
from batch_jobs.train.options import TrainOptions
from release.store import Store

RUN_ID = "small"
OPTIONS = pipeline.RunOptions(
    CleanOptions(size=96),
    TrainOptions("efficientnet_lite0", epochs=1, batch_size=8, head_steps=20),
    IndexOptions(keep_out=2),
)
# The bundled catalogue at its own size, with the network as it came under a short head.
BUNDLED = pipeline.RunOptions(
    CleanOptions(),
    TrainOptions("efficientnet_lite0", epochs=0, head_steps=50),
    IndexOptions(keep_out=3),
)


@dataclass(frozen=True)
class SmallRun:
    """A finished run: its store, and what each stage did."""

    url: str
    done: dict[str, Done]

    @property
    def store(self) -> Store:
        return Store(self.url)

    @property
    def release_id(self) -> str:
        """Derived from the content of the release: two runs with one id made the same bytes."""
        return str(self.done["publish"].counts["release"])


def run_small(
    url: str,
    catalogue: Path | str,
    options: pipeline.RunOptions = OPTIONS,
    store: Store | None = None,
) -> SmallRun:
    """Runs every stage into the store at `url`, through `store` where one is given."""
    opened = store or Store(url, create=True)
    done = pipeline.run(opened, str(catalogue), RUN_ID, options, Progress())
    return SmallRun(url, done)
