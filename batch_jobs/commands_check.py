"""The command that checks what was exported: marketplace-search verify --run RUN"""

from batch_jobs.arguments import RunId, SomeCatalogue, StoreUrl
from release.store import Store


def verify(store: StoreUrl = "./store", catalogue: SomeCatalogue = "", run_id: RunId = "") -> None:
    """Checks the exported extractors on golden photos, odd files among them."""
    from batch_jobs import verify_run
    from batch_jobs.commands_make import chosen_run

    opened = Store(store)
    for line in verify_run.run(opened, chosen_run(opened, run_id, catalogue)):
        print(line, flush=True)
