"""What one execution of the state machine is told: its name, each stage's command and shards.

marketplace-search plan --catalogue NAME
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.catalogue.catalogue import Catalogue, open_catalogue
from batch_jobs.clean.catalogue.files import files_below
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.cloud.stage_commands import check_options, command_of, options_of
from batch_jobs.stage import STAGES, digest_of, software
from batch_jobs.update.base import find_base
from batch_jobs.update.work import update_run_id
from release.errors import JobError
from release.fetching import Pointer, read_manifest, read_pointer
from release.store import Store

RUN, UPDATE, AUTO = "run", "update", "auto"
ACTIONS = (RUN, UPDATE, AUTO)
UPDATE_STAGES = ("clean", "update")
# So many photos take a job of four vCPUs a quarter of an hour or so. Each job of clean reads all
# tables, and of an index below two million photos the training is most of the work.
PHOTOS_PER_SHARD = {"clean": 100_000, "embed": 100_000, "index": 1_000_000}
WHOLE_INDEX_PHOTOS = 2_000_000
MAX_SHARDS = 10_000  # of an array job (AWS Batch, service quotas)
# Jobs are named by it, and AWS Batch takes no dot; executions have 80 characters at most.
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,54}[A-Za-z0-9])?")


@dataclass(frozen=True)
class StagePlan:
    """A stage's command, without the program's name, and over how many jobs its work is spread."""

    command: tuple[str, ...]
    shards: int = 1


@dataclass(frozen=True)
class Plan:
    """The input of an execution, and its name; whatever is the same has the same name."""

    execution: str
    run: str
    catalogue: str
    action: str
    photos: int  # files in the catalogue's folder of photos
    stages: dict[str, StagePlan]

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def make_plan(store: Store, catalogue: str, action: str, options: Mapping[str, object]) -> Plan:
    """Plans a run or an update of a catalogue that lies in the store, by its name there.

    `action` is run, update, or auto: update where the current release is of that catalogue.
    `options` are those of `run` or `update`, by their names with underscores; only what differs
    from the default need be there. `photos_per_shard` is one more. Raises JobError for what
    there is not.
    """
    if action not in ACTIONS:
        raise JobError(f"--action is {action!r}. Choices are {', '.join(ACTIONS)}.")
    found = _in_store(store, catalogue)
    has_release = _is_current(store, catalogue)
    if action == UPDATE and not has_release:
        raise JobError(
            f"There is no release of {catalogue} that could be updated. Make one first: "
            f"marketplace-search submit --catalogue {catalogue}"
        )
    if action == AUTO:
        action = UPDATE if has_release else RUN
    stages_asked = UPDATE_STAGES[1:] if action == UPDATE else STAGES
    given = dict(options)
    per_shard = _per_shard(given.pop("photos_per_shard", None))
    asked = check_options(stages_asked, given)
    photos = _count(found)
    planned = _Planned(store, found, asked, shards_for(photos, per_shard))
    run, stages = planned.update() if action == UPDATE else planned.run()
    told = {"action": action, "options": asked, "per_shard": per_shard, "software": software()}
    execution = f"{run}-{digest_of(told)[:6]}"
    return Plan(execution, run, catalogue, action, photos, stages)


def shards_for(photos: int, per_shard: int | None = None) -> dict[str, int]:
    """Over how many jobs each stage of so many photos is spread; stages not named are one job."""
    found = {}
    for stage, usual in PHOTOS_PER_SHARD.items():
        shards = -(-photos // (per_shard or usual))
        if stage == "index" and not per_shard and photos < WHOLE_INDEX_PHOTOS:
            shards = 1
        found[stage] = min(max(shards, 1), MAX_SHARDS)
    return found


@dataclass(frozen=True)
class _Planned:
    store: Store
    catalogue: Catalogue
    options: Mapping[str, object]
    shards: Mapping[str, int]

    def run(self) -> tuple[str, dict[str, StagePlan]]:
        """The run's id and its stages."""
        cleaning = CleanOptions(**options_of("clean", self.options))  # type: ignore[arg-type]
        run = clean_stage.default_run_id(self.catalogue, cleaning)
        return run, {stage: self._stage(stage, run, self.options) for stage in STAGES}

    def update(self) -> tuple[str, dict[str, StagePlan]]:
        """The update's run id and its stages; the cleaning is in a run of its own."""
        name = self.catalogue.name
        base = find_base(self.store, name, Path()).manifest
        cleaning = CleanOptions(base.extractor.size)
        clean_run = clean_stage.default_run_id(self.catalogue, cleaning)
        cleaned_from = clean_stage.inputs_of(self.catalogue, cleaning)
        size: dict[str, object] = {"size": cleaning.size}
        clean = self._stage("clean", clean_run, size)
        update = StagePlan(command_of("update", self.options, catalogue=name))
        stages = {"clean": clean, "update": update}
        return update_run_id(name, cleaned_from, base.release_id), stages

    def _stage(self, stage: str, run: str, options: Mapping[str, object]) -> StagePlan:
        catalogue = self.catalogue.name if stage == "clean" else ""
        command = command_of(stage, options, catalogue=catalogue, run=run)
        return StagePlan(command, self.shards.get(stage, 1))


def _in_store(store: Store, name: str) -> Catalogue:
    """Only a name: what asks for a run may not have any path or URL read."""
    if NAME.fullmatch(name) and next(files_below(store, f"catalogues/{name}"), None):
        return open_catalogue(store.where(f"catalogues/{name}"), store)
    if not NAME.fullmatch(name):
        raise JobError(
            f"--catalogue {name!r}: on AWS a catalogue is one of the store, by a name of up to 56 "
            "letters, digits, and between them dashes and underscores. Copy it there: "
            f"aws s3 sync FOLDER {store.where('catalogues')}/NAME"
        )
    there = ", ".join(store.folders("catalogues")) or "none"
    raise JobError(
        f"--catalogue {name!r}: the store {store.url} has no catalogue of that name; it has: "
        f"{there}. Copy one there: aws s3 sync FOLDER {store.where('catalogues')}/NAME"
    )


def _count(catalogue: Catalogue) -> int:
    return sum(1 for _ in catalogue.photo_files())


def _is_current(store: Store, catalogue: str) -> bool:
    pointer = read_pointer(store)
    return pointer is not None and _catalogue_of(store, pointer) == catalogue


def _catalogue_of(store: Store, pointer: Pointer) -> str:
    return read_manifest(store, pointer.release_id).catalogue.name


def _per_shard(given: object) -> int | None:
    if given is None:
        return None
    if type(given) is int and given > 0:  # not a bool
        return given
    raise JobError(f"photos_per_shard is {given!r}; give a whole number from 1 on.")
