"""One line a stage: what it did, in its own words, and how long it took."""

from collections.abc import Callable
from typing import Any

from batch_jobs.stage import Done

Counts = dict[str, Any]


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
            ("leaf_accuracy", "category accuracy"),
            ("category_precision_at_10", "category precision@10"),
        )
        if trained.get(name) is not None
    ]
    return "; ".join(scores) or f"{counts['photos']} photos, too few to hold any out"


def _export(counts: Counts) -> str:
    size = f"{counts['size_bytes'] / 1e6:.1f} MB {counts['precision']}"
    if counts["precision"] == "int8":
        cosine, overlap = counts["cosine"], counts["overlap_at_10"]
        return f"{size}, cosine {cosine:.3f} to fp32, {overlap:.0%} of its neighbours"
    worst = counts["differences"]["embedding"]
    return f"{size} ({counts['precision_reason']}), {worst:.0e} from torch"


def _embed(counts: Counts) -> str:
    return f"{counts['photos']} photos in {counts['precision']}"


def _index(counts: Counts) -> str:
    return (
        f"{counts['plan']}, {counts['photos']} photos of {counts['listings']} listings, "
        f"{counts['kept_out']} kept out, recall@10 {counts['recall_at_10']:.3f}, "
        f"p95 {counts['p95_ms']:.2f} ms, {counts['bytes_per_photo']:.0f} bytes a photo"
        + ("" if counts.get("within_budget", True) else f". {counts['why'].rstrip('.')}")
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
