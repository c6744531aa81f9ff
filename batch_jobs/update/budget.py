"""The budget of a compaction: that of the base before."""

from dataclasses import fields

from batch_jobs.index.choose import Budget
from batch_jobs.stage import StageFolder
from batch_jobs.update.base import Base
from batch_jobs.update.compaction import BASE
from release.errors import JobError
from release.manifest import INDEX_FILE

DEFAULT = Budget(memory_mb=200)


def budget_of(base: Base) -> Budget:
    """What the run that made the current base was given; the usual one where that run is gone."""
    blob = base.manifest.files.get(f"{BASE}/{INDEX_FILE}")
    for run_id in base.store.folders("runs"):
        try:
            done = StageFolder(base.store, run_id, "index").done()
        except JobError:  # damaged, and not what is asked about
            continue
        made = done and (done.outputs.get(INDEX_FILE), done.outputs.get(f"{BASE}/{INDEX_FILE}"))
        if done and made and blob and blob.sha256 in made:
            given = done.inputs.get("budget", done.inputs)
            names = [one.name for one in fields(Budget) if given.get(one.name) is not None]
            return Budget(**{"memory_mb": DEFAULT.memory_mb, **{one: given[one] for one in names}})
    return DEFAULT
