"""index.html: the run in figures, and all its pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from batch_jobs.explore.made import Page, render
from batch_jobs.explore.stored import StoredRun
from batch_jobs.pages.text import number, share

FILE = "index.html"
# Of the counts of train: title, what it is a share of.
_MEASURES = {
    "sibling_recall_at_1": ("Finds the same item", "recall@1 of held-out photos"),
    "leaf_accuracy": ("Names the category", "category accuracy of held-out photos"),
}

Figure = dict[str, str]
Counts = Mapping[str, Any]


def index_page(run: StoredRun, pages: Sequence[Page]) -> Page:
    """Links to the pages that were made; for the others, why they were not."""
    content = render(
        "index.html.j2",
        run=run,
        figures=figures(run),
        pages=pages,
        release=run.done["publish"].counts["release"] if "publish" in run.done else "",
    )
    return Page(FILE, "All pages", "", content)


def figures(run: StoredRun) -> list[Figure]:
    """What is known of the run by its stages' counts: `title`, `big`, `says`."""
    counts = {stage: done.counts for stage, done in run.done.items()}
    return [
        *_kept(counts["clean"]),
        *_measured(counts.get("train", {})),
        *(_indexed(counts["index"]) if "index" in counts else []),
        *(_network(counts["export"]) if "export" in counts else []),
    ]


def _kept(counts: Counts) -> list[Figure]:
    return [
        {
            "title": f"{name.capitalize()} kept",
            "big": number(counts[name]),
            "says": f"{number(counts[f'rejected_{name}'])} rejected",
        }
        for name in ("listings", "photos")
    ]


def _measured(counts: Counts) -> list[Figure]:
    trained, untrained = counts.get("trained", {}), counts.get("untrained", {})
    return [
        {
            "title": title,
            "big": share(trained[name], 1),
            "says": f"{says}; untrained backbone {_share(untrained.get(name))}",
        }
        for name, (title, says) in _MEASURES.items()
        if trained.get(name) is not None
    ]


def _share(value: float | None) -> str:
    return number(None) if value is None else share(value, 1)


def _indexed(counts: Counts) -> list[Figure]:
    size_mb = counts["bytes_per_photo"] * counts["photos"] / 1e6
    return [
        {
            "title": "Index",
            "big": f"{counts['plan']}, {size_mb:,.1f} MB",
            "says": f"{number(counts['photos'])} photos, recall@10 {counts['recall_at_10']:.3f}, "
            f"p95 {counts['p95_ms']:.2f} ms",
        }
    ]


def _network(counts: Counts) -> list[Figure]:
    return [
        {
            "title": "Network",
            "big": f"{counts['size_bytes'] / 1e6:,.1f} MB",
            "says": f"as the function has it, {counts['precision']}",
        }
    ]
