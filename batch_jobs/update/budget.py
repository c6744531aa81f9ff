"""The budget of a compaction: that of the base before."""

from batch_jobs.index.choose import Budget
from batch_jobs.publish_stage import BASE
from batch_jobs.stage import StageFolder
from batch_jobs.update.base import Base
from release.errors import JobError
from release.manifest import INDEX_FILE


def budget_of(base: Base) -> Budget:
    """What the run that made the current base was given; the usual one where that run is gone."""
    name = f"{BASE}/{INDEX_FILE}"
    blob = base.manifest.files.get(name)
    for run_id in base.store.folders("runs"):
        try:
            done = StageFolder(base.store, run_id, "index").done()
        except JobError:  # damaged, and not what is asked about
            continue
        made = (done.outputs.get(INDEX_FILE), done.outputs.get(name)) if done else ()
        if done and blob and blob.sha256 in made and "budget" in done.inputs:
            return Budget(**done.inputs["budget"])
    return Budget()
