"""Which run the pages are about: for an update, the one that trained its network."""

from collections.abc import Iterable

from batch_jobs.prune.runs import exporters, read_made
from release.errors import JobError
from release.fetching import list_manifests
from release.manifest import Manifest
from release.store import Store

STAGES = ("clean", "train", "export")


def trained_run(store: Store, manifest: Manifest) -> str:
    """The run that trained the release's network: its own, or for an update an older one.

    Raises JobError where that one is gone.
    """
    if _updated_release(store, manifest.run_id) is None:
        return manifest.run_id
    return _trainer(store, manifest.run_id, [manifest])


def check_run(store: Store, run_id: str) -> None:
    """Raises JobError where there is no such run, or it is an update's, and names what there is."""
    runs = store.folders("runs")
    if run_id not in runs:
        raise JobError(
            f"{store.url} has no run {run_id}. Its runs: {', '.join(runs) or 'none yet'}."
        )
    _check_no_update(store, run_id)


def _check_no_update(store: Store, run_id: str) -> None:
    updated = _updated_release(store, run_id)
    if updated is None:
        return
    # Both have the same network, and either may have been pruned.
    manifests = [
        manifest
        for manifest in list_manifests(store)
        if manifest.run_id == run_id or manifest.release_id == updated
    ]
    trained = _trainer(store, run_id, manifests)
    raise JobError(
        f"Run {run_id} is an update's and has no pages of its own. Those of the run that trained "
        f"its network: marketplace-search explore --store {store.url} --run {trained}"
    )


def _updated_release(store: Store, run_id: str) -> str | None:
    """The release that an update's run has updated; None for any other run."""
    (made,) = read_made(store, [run_id])
    for done in made.stages.values():
        if "cleaned_in" in done.inputs:
            return str(done.inputs["release"])
    return None


def _trainer(store: Store, run_id: str, manifests: Iterable[Manifest]) -> str:
    made = read_made(store, store.folders("runs"), STAGES)
    found = [
        run
        for manifest in manifests
        for run in exporters(manifest, made)
        if run.stages.keys() == set(STAGES)
    ]
    if not found:
        raise JobError(
            f"Run {run_id} is an update's and has no pages of its own, and no run of {store.url} "
            "has the training of its network any more. Train again: "
            f"marketplace-search run --catalogue PATH --store {store.url}"
        )
    return max(found, key=lambda run: run.stages["export"].finished_at).run_id
