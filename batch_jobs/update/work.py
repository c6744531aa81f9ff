"""What the steps of one update share, and the run in whose folders they leave what they make."""

from dataclasses import dataclass
from typing import Any

from batch_jobs.progress import Progress
from batch_jobs.stage import Inputs, StageFolder, digest_of, software
from batch_jobs.update.base import Base
from batch_jobs.update.compare import Changes


@dataclass(frozen=True)
class Work:
    """An update of `base` to what the stage `clean` kept; `compacts` to one new base segment."""

    base: Base
    clean: StageFolder
    changes: Changes
    compacts: bool
    progress: Progress

    @property
    def run_id(self) -> str:
        """Another one for each release and each state of the catalogue."""
        made_from = self.clean.require().inputs
        return update_run_id(made_from["catalogue"], made_from, self.base.release_id)

    def folder(self, stage: str) -> StageFolder:
        """The update's own folder of that stage."""
        return StageFolder(self.base.store, self.run_id, stage)

    def inputs(self, **more: Any) -> dict[str, Any]:
        """What a step is made from, and `more`."""
        return {
            "cleaning": self.clean.require().digest,
            "cleaned_in": self.clean.run_id,
            "release": self.base.release_id,
            "compacts": self.compacts,
            "software": software(),
            **more,
        }


def update_run_id(catalogue: str, cleaned_from: Inputs, release_id: str) -> str:
    """The run of an update of a release to what a cleaning is made from.

    Not the run of the cleaning, which may have stages of its own: a catalogue that is what it
    was before has the run that it had.
    """
    made_from = {"clean": cleaned_from, "release": release_id}
    return f"{catalogue}-u{digest_of(made_from)[:9]}"
