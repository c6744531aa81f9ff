"""Which runs are kept: those that made a kept release, and those that its next update reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.publish_stage import BASE
from batch_jobs.stage import RUN_ID, Done, StageFolder
from release.manifest import EXTRACTOR_FILE, INDEX_FILE, Manifest
from release.side_by_side import side_by_side
from release.store import Entry, Store

READ_STAGES = ("export", "embed", "index", "publish")
PARALLEL_READS = 16


@dataclass
class Run:
    """What a listing of the store says of one run."""

    run_id: str
    objects: int = 0
    size_bytes: int = 0
    newest: Entry | None = None

    def add(self, entry: Entry) -> None:
        self.objects += 1
        self.size_bytes += entry.size_bytes
        if self.newest is None or entry.modified > self.newest.modified:
            self.newest = entry


@dataclass(frozen=True)
class Made:
    """What the finished stages of one run say."""

    run_id: str
    stages: dict[str, Done]

    def outputs(self, stage: str) -> dict[str, str]:
        return self.stages[stage].outputs if stage in self.stages else {}


def runs_of(entries: Iterable[Entry]) -> dict[str, Run]:
    """The runs by their ids; what is in the folder and is no run's is nobody's to delete."""
    found: dict[str, Run] = {}
    for entry in entries:
        _, run_id, *rest = entry.path.split("/")
        if rest and RUN_ID.fullmatch(run_id):
            found.setdefault(run_id, Run(run_id)).add(entry)
    return found


def read_made(
    store: Store, run_ids: Iterable[str], names: Sequence[str] = READ_STAGES
) -> list[Made]:
    """The finished ones of these stages of each run.

    Raises JobError where a done.json is damaged: it may be of a run that is needed.
    """

    def read(run_id: str) -> Made:
        stages = {name: StageFolder(store, run_id, name).done() for name in names}
        return Made(run_id, {name: done for name, done in stages.items() if done})

    return list(side_by_side(read, list(run_ids), PARALLEL_READS))


def needed_runs(kept: Iterable[Manifest], made: list[Made]) -> set[str]:
    """The runs of kept releases and of what an update of one of these would read.

    For an update these are the cleaning compared with, whose photos are taken over; the run that
    made the base, with its budget; the model that embedded, where the release has another; and
    the embeddings of that model from that run on, which among them have every live photo.
    """
    return {run_id for manifest in kept for run_id in _needed(manifest, made)}


def _needed(manifest: Manifest, made: list[Made]) -> Iterator[str]:
    yield manifest.run_id
    yield from _cleanings(manifest, made)
    bases = _bases(manifest, made)
    exports = [run for run in exporters(manifest, made) if FP32_FILE in run.outputs("export")]
    yield from (run.run_id for run in bases)
    if any(segment.embedded_in != manifest.extractor.precision for segment in manifest.segments):
        yield from (run.run_id for run in exports)
    models = {manifest.extractor.sha256, *(run.outputs("export")[FP32_FILE] for run in exports)}
    yield from _embedded(models, bases, made)


def _cleanings(manifest: Manifest, made: list[Made]) -> Iterator[str]:
    for run in made:
        published = run.stages.get("publish")
        if run.run_id == manifest.run_id and published and "cleaned_in" in published.inputs:
            yield published.inputs["cleaned_in"]


def _bases(manifest: Manifest, made: list[Made]) -> list[Made]:
    """A first release's index stage has the index by its own name, a compaction by the base's."""
    name = f"{BASE}/{INDEX_FILE}"
    blob = manifest.files.get(name)
    return [
        run
        for run in made
        if blob and blob.sha256 in {run.outputs("index").get(file) for file in (INDEX_FILE, name)}
    ]


def exporters(manifest: Manifest, made: list[Made]) -> list[Made]:
    """The runs whose export stage made the release's extractor."""
    own = manifest.extractor.sha256
    return [run for run in made if run.outputs("export").get(EXTRACTOR_FILE) == own]


def _embedded(models: set[str], bases: list[Made], made: list[Made]) -> Iterator[str]:
    """Embeddings from before the base are in its run as well; without that run all may be asked."""
    ends = [_embed_end(run, models) for run in bases]
    since = min((end for end in ends if end), default="")
    for run in made:
        end = _embed_end(run, models)
        if end and end >= since:
            yield run.run_id


def _embed_end(run: Made, models: set[str]) -> str:
    """When its embed stage ended, '' where it has none of these models."""
    done = run.stages.get("embed")
    return done.finished_at if done and done.inputs.get("extractor") in models else ""
