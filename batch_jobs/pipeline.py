"""The whole way on one machine: the same stages, in the same order, as the cloud runs them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batch_jobs import embed_stage, export_stage, index_stage, publish_stage
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.embed_stage import Shard
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import Done
from batch_jobs.train import stage as train_stage
from batch_jobs.train.options import TrainOptions
from release.store import Store

Counts = dict[str, Any]


@dataclass(frozen=True)
class RunOptions:
    """The options of all stages."""

    clean: CleanOptions
    train: TrainOptions
    index: IndexOptions


def run(
    store: Store, catalogue: str, run_id: str, options: RunOptions, progress: Progress
) -> dict[str, Done]:
    """Every stage from clean to publish, a line for each; gives what each one did."""
    stages: dict[str, Callable[[], Done | None]] = {
        "clean": lambda: clean_stage.run(store, catalogue, options.clean, run_id, progress),
        "train": lambda: train_stage.run(store, run_id, options.train, progress),
        "export": lambda: export_stage.run(store, run_id),
        "embed": lambda: embed_stage.run(store, run_id, Shard(), progress),
        "index": lambda: index_stage.run(store, run_id, options.index),
        "publish": lambda: publish_stage.run(store, run_id),
    }
    found = {}
    for name, stage in stages.items():
        if done := stage():
            found[name] = done
            print_line(name, done)
    return found


def print_line(stage: str, done: Done | None) -> None:
    """What a stage did and how long it took, on standard output."""
    if done is None:
        print(f"{stage:8} this shard is done; others are not yet", flush=True)
        return
    state = "up to date" if done.up_to_date else f"{done.seconds:.1f} s"
    print(f"{stage:8} {_DESCRIPTIONS[stage](done.counts)}: {state}", flush=True)


def _clean(counts: Counts) -> str:
    return (
        f"{counts['listings']} listings and {counts['photos']} photos kept, "
        f"{counts['rejected_listings']} and {counts['rejected_photos']} rejected"
    )


def _train(counts: Counts) -> str:
    trained, untrained = counts["trained"], counts["untrained"]
    scores = [
        f"{what} {trained[name]:.3f} (untrained {untrained[name]:.3f})"
        for name, what in (
            ("sibling_recall_at_1", "recall@1 of held-out siblings"),
            ("category_accuracy", "category accuracy"),
        )
        if trained.get(name) is not None
    ]
    return "; ".join(scores) or f"{counts['photos']} photos, too few to hold any out"


def _export(counts: Counts) -> str:
    worst = counts["differences"]["embedding"]
    return f"{counts['size_bytes'] / 1e6:.1f} MB {counts['precision']}, {worst:.0e} from torch"


def _embed(counts: Counts) -> str:
    return f"{counts['photos']} photos"


def _index(counts: Counts) -> str:
    return (
        f"{counts['plan']}, {counts['photos']} photos of {counts['listings']} listings, "
        f"{counts['kept_out']} kept out, {counts['finds_itself']:.1%} find themselves first"
    )


def _publish(counts: Counts) -> str:
    return f"release {counts['release']}"


_DESCRIPTIONS: dict[str, Callable[[Counts], str]] = {
    "clean": _clean,
    "train": _train,
    "export": _export,
    "embed": _embed,
    "index": _index,
    "publish": _publish,
}
