"""The whole way on one machine: the same stages, in the same order, as the cloud runs them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from batch_jobs import embed_stage, export_stage, index_stage, publish_stage
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.export_options import ExportOptions
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, Shard
from batch_jobs.stage_lines import print_line
from batch_jobs.train import stage as train_stage
from batch_jobs.train.options import TrainOptions
from release.store import Store


@dataclass(frozen=True)
class RunOptions:
    """The options of all stages."""

    clean: CleanOptions
    train: TrainOptions
    index: IndexOptions
    export: ExportOptions = field(default_factory=ExportOptions)


def run(
    store: Store, catalogue: str, run_id: str, options: RunOptions, progress: Progress
) -> dict[str, Done]:
    """Every stage from clean to publish, a line for each; gives what each one did."""
    stages: dict[str, Callable[[], Done | None]] = {
        "clean": lambda: clean_stage.run(store, catalogue, options.clean, run_id, progress),
        "train": lambda: train_stage.run(store, run_id, options.train, progress),
        "export": lambda: export_stage.run(store, run_id, options.export, progress),
        "embed": lambda: embed_stage.run(store, run_id, Shard(), progress),
        "index": lambda: index_stage.run(store, run_id, options.index, progress),
        "publish": lambda: publish_stage.run(store, run_id),
    }
    found = {}
    for name, stage in stages.items():
        if done := stage():
            found[name] = done
            print_line(name, done)
    return found
