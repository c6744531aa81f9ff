"""The command that brings a release up to date: marketplace-search update --catalogue PATH"""

from typing import Annotated

import typer

from batch_jobs.arguments import CatalogueName, StoreUrl
from release.store import Store

Compact = Annotated[bool, typer.Option("--compact", help="Make one new base of all segments.")]
CompactShare = Annotated[
    float,
    typer.Option(
        min=0, help="Compact where so much of the live photos is in small segments or dead beside."
    ),
]


def update(
    catalogue: CatalogueName,
    store: StoreUrl = "./store",
    compact: Compact = False,
    compact_share: CompactShare = 0.2,
) -> None:
    """Adds, changes and removes listings in the current release, without training anew."""
    from batch_jobs.progress import Progress
    from batch_jobs.update import job
    from batch_jobs.update.compaction import UpdateOptions
    from batch_jobs.update.line import line_of

    options = UpdateOptions(compact, compact_share)
    print(line_of(job.run(Store(store), catalogue, options, Progress())), flush=True)
