"""What a prune would delete: planned twice, before the mark is taken and after."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from batch_jobs.prune.blobs import NamedBlobs, name_of
from batch_jobs.prune.runs import needed_runs, read_made, runs_of
from release.errors import JobError, ManifestError, NoReleaseError
from release.fetching import read_manifest, read_pointer
from release.manifest import Manifest, manifest_path
from release.store import Entry, Store

MANIFEST = ".json"
BEAT_EVERY = 1000  # objects of a listing


@dataclass(frozen=True)
class Keep:
    """The newest `releases` are kept, and whatever is younger than `older_than`."""

    releases: int = 5
    older_than: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if self.releases < 1 or self.older_than < timedelta(0):
            raise JobError(
                f"--keep {self.releases} --older-than {self.older_than}: keep 1 release or more, "
                "and let the age be 0 hours or more."
            )


@dataclass(frozen=True)
class Plan:
    """What goes, with the bytes of each; `kept` counts what stays, by its kind."""

    releases: dict[str, int]
    runs: dict[str, int]
    blobs: dict[bytes, int]
    plans: dict[str, int]
    before: datetime  # what was last changed later than this is young
    kept: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.releases or self.runs or self.blobs or self.plans)

    @property
    def size_bytes(self) -> int:
        parts = (self.releases, self.runs, self.blobs, self.plans)
        return sum(sum(part.values()) for part in parts)

    def both(self, earlier: "Plan") -> "Plan":
        """What this plan, made with the earlier one in hand, and that one have in common."""
        return Plan(
            self.releases,
            {name: size for name, size in self.runs.items() if name in earlier.runs},
            {name: size for name, size in self.blobs.items() if name in earlier.blobs},
            {name: size for name, size in self.plans.items() if name in earlier.plans},
            min(self.before, earlier.before),
            self.kept,
        )


@dataclass(frozen=True)
class Look:
    """How the store is looked through: at what time, and what is called every now and then.

    Releases that an `earlier` plan has not are kept with all that they need.
    """

    now: datetime
    named: NamedBlobs
    beat: Callable[[], None] = lambda: None
    earlier: Plan | None = None


def make_plan(store: Store, keep: Keep, look: Look) -> Plan:
    """Looks through the store.

    Raises ManifestError, JobError, StoreError or ReleaseFileError where something that may be
    needed cannot be read: what it needs would not be known.
    """
    before = look.now - keep.older_than
    kept, releases = _releases(store, keep.releases, before, look)
    for manifest in kept:
        look.named.add(manifest, look.beat)
    runs = runs_of(_beating(store.list("runs"), look))
    needed = needed_runs(kept, read_made(store, runs))
    going = {
        run.run_id: run.size_bytes
        for run in runs.values()
        if run.run_id not in needed and _is_old(run.newest, before)
    }
    blobs, kept_blobs = _blobs(store, before, look)
    plans = {e.path: e.size_bytes for e in store.list("plans") if _is_old(e, before)}
    counts = {"releases": len(kept), "runs": len(runs) - len(going), "blobs": kept_blobs}
    plan = Plan(releases, going, blobs, plans, before, counts)
    if plan and not kept:
        raise JobError(
            f"{store.url} has no release, so it is not known what is of use there, or whether it "
            "is a store at all. Nothing was deleted."
        )
    return plan


def _is_old(entry: Entry | None, before: datetime) -> bool:
    return entry is not None and entry.modified <= before


def _releases(
    store: Store, count: int, before: datetime, look: Look
) -> tuple[list[Manifest], dict[str, int]]:
    """Those that are kept, and the ids of the others."""
    pointer = read_pointer(store)  # first, so that what it names is in the listing
    entries = {e.path: e for e in store.list("releases") if e.path.endswith(MANIFEST)}
    manifests = list(_manifests(store, _beating(entries.values(), look)))
    manifests.sort(key=lambda manifest: (manifest.created_at, manifest.release_id))
    stay = {manifest.release_id for manifest in manifests[-count:]}
    if pointer:
        stay.add(pointer.release_id)
        _require_current(store, pointer.release_id, manifests)
    kept, going = [], {}
    for manifest in manifests:
        name, entry = manifest.release_id, entries[manifest.path]
        is_new = look.earlier is not None and name not in look.earlier.releases
        if name in stay or is_new or not _is_old(entry, before):
            kept.append(manifest)
        else:
            going[name] = entry.size_bytes
    return kept, going


def _manifests(store: Store, entries: Iterable[Entry]) -> Iterator[Manifest]:
    for entry in entries:
        release_id = entry.path.removeprefix("releases/").removesuffix(MANIFEST)
        try:
            yield read_manifest(store, release_id)
        except NoReleaseError:  # another prune has just deleted it
            continue
        except ManifestError as error:
            raise ManifestError(
                f"{error} What that release needs cannot be known, so nothing was deleted. Where "
                "nobody needs the release, delete that file and prune again."
            ) from error


def _require_current(store: Store, release_id: str, manifests: list[Manifest]) -> None:
    if release_id not in {manifest.release_id for manifest in manifests}:
        raise ManifestError(
            f"The current release {release_id} has no {store.where(manifest_path(release_id))}; "
            "nothing was deleted. Publish a run, or roll back to another release, then prune again."
        )


def _blobs(store: Store, before: datetime, look: Look) -> tuple[dict[bytes, int], int]:
    """Those that go by name, and how many stay."""
    going: dict[bytes, int] = {}
    kept = 0
    for entry in _beating(store.list("blobs"), look):
        name = name_of(entry.path)
        if name and name not in look.named and _is_old(entry, before):
            going[name] = entry.size_bytes
        else:
            kept += 1
    return going, kept


def _beating(entries: Iterable[Entry], look: Look) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if number % BEAT_EVERY == 0:
            look.beat()
        yield entry
