"""The command that tidies a store: marketplace-search prune [--delete]"""

from datetime import timedelta
from typing import Annotated

import typer

from batch_jobs.arguments import StoreUrl
from release.store import Store

KeepReleases = Annotated[
    int, typer.Option("--keep", min=1, help="So many of the newest releases stay.")
]
OlderThan = Annotated[
    float, typer.Option(min=0, metavar="HOURS", help="Whatever is younger stays.")
]
Delete = Annotated[bool, typer.Option("--delete", help="Delete, instead of saying what would go.")]


def prune(
    store: StoreUrl = "./store",
    keep: KeepReleases = 5,
    older_than: OlderThan = 24,
    delete: Delete = False,
) -> None:
    """Deletes old releases, and runs and blobs of which no release has need; first says which."""
    from batch_jobs.progress import Progress
    from batch_jobs.prune import job
    from batch_jobs.prune.lines import lines_of
    from batch_jobs.prune.plan import Keep

    opened, kept = Store(store), Keep(keep, timedelta(hours=older_than))
    going = job.run(opened, kept, Progress()) if delete else job.plan(opened, kept)
    for line in lines_of(going, delete):
        print(line, flush=True)
