"""The command for the catalogue's owner: marketplace-search explore --run RUN --open"""

import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from batch_jobs.arguments import SomeCatalogue, StoreUrl
from release.store import Store

RunId = Annotated[
    str,
    typer.Option(
        "--run", help="The run's id.", show_default="that which trained the current release"
    ),
]
Out = Annotated[
    Path | None, typer.Option(help="The folder to write.", show_default="./explore-RUN")
]
Open = Annotated[bool, typer.Option("--open", help="Show the pages in the browser.")]


def explore(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    out: Out = None,
    open_pages: Open = False,
) -> None:
    """Writes pages about a run: reports, searches, confusion, a map, re-posted photos."""
    started = time.monotonic()
    opened = Store(store)
    chosen = _run_of(opened, run_id, catalogue)
    from batch_jobs.explore import job
    from batch_jobs.progress import Progress

    found = job.run(opened, chosen, out or Path(f"explore-{chosen}"), Progress())
    seconds = time.monotonic() - started
    size_mb = found.size_bytes / 1e6
    print(f"explore  {len(found.pages)} pages, {size_mb:.1f} MB: {seconds:.1f} s")
    print(found.index)
    if open_pages:
        webbrowser.open(found.index.resolve().as_uri())


def _run_of(store: Store, run_id: str, catalogue: str) -> str:
    """As other commands choose it, but first of all the one that trained the current release."""
    from batch_jobs.commands_make import chosen_run
    from batch_jobs.explore.chosen import check_run, trained_run
    from release.fetching import read_manifest, read_pointer

    pointer = None if run_id or catalogue else read_pointer(store)
    if not pointer:
        chosen = chosen_run(store, run_id, catalogue)
        check_run(store, chosen)
        return chosen
    manifest = read_manifest(store, pointer.release_id)
    trained = trained_run(store, manifest)
    if trained != manifest.run_id:
        print(
            f"explore  release {manifest.release_id} is an update: the pages are about run "
            f"{trained}, which trained its network"
        )
    return trained
