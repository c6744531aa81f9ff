"""What a prune deletes, in lines for a person."""

from collections.abc import Iterator

from batch_jobs.prune.plan import Plan

SHOWN = 20  # runs or releases, by name


def lines_of(plan: Plan, deleted: bool) -> Iterator[str]:
    """For standard output; the last line is how to do it, where it was not done."""
    yield from _named("release", plan.releases)
    yield from _named("run", plan.runs)
    going = {"releases": len(plan.releases), "runs": len(plan.runs), "blobs": len(plan.blobs)}
    parts = [f"{n:,} of {n + plan.kept[what]:,} {what}" for what, n in going.items()]
    verb = "deleted" if deleted else "would go"
    yield (
        f"prune    {', '.join(parts)} and {len(plan.plans):,} plans {verb}: "
        f"{_size(plan.size_bytes)}"
    )
    if not deleted and plan:
        yield "Nothing was deleted. To delete it, give --delete as well."


def _named(what: str, going: dict[str, int]) -> Iterator[str]:
    names = sorted(going)
    yield from (f"{what:8} {name}  {_size(going[name])}" for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"{what:8} and {len(names) - SHOWN:,} more"


def _size(size_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"
