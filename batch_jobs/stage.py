"""The folder of one stage in one run: what it was made from, what it made, and whether it is done.

    runs/<run_id>/<stage>/begun.json    the inputs; written first
                          ...           outputs; those of a killed stage are used again
                          done.json     inputs, counts, outputs; written last

A stage whose inputs are those of its done.json has nothing to do. A folder begun with other inputs
is emptied before it is used.
"""

import hashlib
import json
import os
import re
import subprocess
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from release.blobs import blob_of
from release.errors import JobError, MissingObjectError
from release.store import Store

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
STAGES = ("clean", "train", "export", "embed", "index", "publish")

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """What done.json says. `outputs` maps each file of the folder to its SHA-256."""

    inputs: Inputs
    counts: dict[str, Any]
    outputs: dict[str, str]
    seconds: float
    finished_at: str
    git_commit: str = ""
    up_to_date: bool = False  # true where nothing was left to do; not written

    @property
    def digest(self) -> str:
        """Changes when any output does: the input by which later stages know this one."""
        return digest_of(self.outputs)


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count` of a stage's files: every count-th from the index-th on."""

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise JobError(
                f"--shard {self.index} --shards {self.count}: shards are counted from 0, so give "
                f"--shard 0 to {max(self.count, 1) - 1} of --shards {max(self.count, 1)}."
            )


@dataclass
class StageFolder:
    """One stage of one run in the store."""

    store: Store
    run_id: str
    stage: str
    _outputs: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if not RUN_ID.fullmatch(self.run_id):
            raise JobError(
                f"--run {self.run_id!r}: a run id is up to 100 letters, digits, dots, dashes "
                "and underscores, and begins with a letter or digit."
            )

    def path(self, name: str) -> str:
        return f"runs/{self.run_id}/{self.stage}/{name}"

    def sibling(self, stage: str) -> "StageFolder":
        """Another stage of the same run."""
        return StageFolder(self.store, self.run_id, stage)

    def done(self) -> Done | None:
        try:
            return Done(**json.loads(self.read("done.json")))
        except MissingObjectError:
            return None
        except (ValueError, TypeError) as error:
            where = self.store.where(self.path("done.json"))
            raise JobError(f"{where} is damaged ({error}). Delete it and run again.") from error

    def require(self) -> Done:
        """Raises JobError where the stage is not done, or one before it was done again since."""
        remedy = f"Run it first: marketplace-search {self.stage} --run {self.run_id}"
        found = self.done()
        if found is None:
            raise JobError(
                f"Run {self.run_id} of {self.store.url} has no finished {self.stage} stage. "
                f"{remedy}"
            )
        for earlier in STAGES:
            made_from = found.inputs.get(earlier)
            if made_from is not None and made_from != self.sibling(earlier).require().digest:
                raise JobError(
                    f"The {self.stage} stage of run {self.run_id} was made from another "
                    f"{earlier} stage than there is now. {remedy}"
                )
        return found

    def up_to_date(self, inputs: Inputs) -> Done | None:
        """The stage's Done where it was made from just these inputs and has all its outputs."""
        done = self.done()
        if done and done.inputs == inputs and set(self.names()).issuperset(done.outputs):
            return replace(done, up_to_date=True)
        return None

    def begin(self, inputs: Inputs) -> Done | None:
        """Makes ready for a stage with these inputs; gives its Done where it is up to date."""
        if done := self.up_to_date(inputs):
            return done
        begun = json.dumps(inputs, sort_keys=True, indent=1).encode()
        if not self.has("begun.json"):
            self.store.write(self.path("begun.json"), begun)
        elif self.read("begun.json") != begun:
            self._empty()
            self.store.write(self.path("begun.json"), begun)
        return None

    def has(self, name: str) -> bool:
        return self.store.stat(self.path(name)) is not None

    def read(self, name: str) -> bytes:
        return self.store.read(self.path(name))

    def names(self, prefix: str = "") -> list[str]:
        """The files of the folder that begin with `prefix`, sorted."""
        folder = self.path("")
        names = [entry.path.removeprefix(folder) for entry in self.store.list(folder.rstrip("/"))]
        return sorted(name for name in names if name.startswith(prefix))

    def write(self, name: str, data: bytes | Path) -> None:
        self.store.write(self.path(name), data)
        self._outputs[name] = blob_of(data).sha256

    def write_json(self, name: str, value: object) -> None:
        self.write(name, json.dumps(value, indent=1, ensure_ascii=False).encode())

    def keep(self, name: str, data: bytes | None = None) -> None:
        """Counts a file that is there, with its content if it is known, among the outputs."""
        self._outputs[name] = blob_of(self.read(name) if data is None else data).sha256

    def reopen(self, inputs: Inputs) -> None:
        """Takes back done.json where it is of other inputs: its outputs are no longer whole."""
        done = self.done()
        if done and done.inputs != inputs:
            self.store.delete([self.path("done.json")])

    def sweep(self, done: Done) -> None:
        """Deletes what does not belong to the finished stage: files made from other inputs."""
        wanted = {*done.outputs, "done.json"}
        self.store.delete([self.path(name) for name in self.names() if name not in wanted])

    def finish(self, inputs: Inputs, counts: dict[str, Any]) -> Done:
        """Writes done.json, by which all that was written counts."""
        done = Done(
            inputs=inputs,
            counts=counts,
            outputs=dict(sorted(self._outputs.items())),
            seconds=round(time.monotonic() - self._started, 3),
            finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
            git_commit=git_commit(),
        )
        written = {name: value for name, value in asdict(done).items() if name != "up_to_date"}
        data = json.dumps(written, indent=1, ensure_ascii=False).encode()
        self.store.write(self.path("done.json"), data)
        return done

    def _empty(self) -> None:
        # The mark comes first: what a kill leaves behind is then nobody's, whatever is asked next.
        self.store.write(self.path("begun.json"), b"emptying")
        names = [name for name in self.names() if name != "begun.json"]
        for name in sorted(names, key=lambda name: name != "done.json"):
            self.store.delete([self.path(name)])


def digest_of(value: object) -> str:
    """SHA-256 of a value's JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def software() -> str:
    """The version of this project, an input of every stage."""
    return version("marketplace-search")


@cache
def git_commit() -> str:
    """The commit of this source tree, '' where it is not a checkout."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        found = subprocess.run(  # noqa: S603
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on this machine
        return ""
    return found.stdout.strip()


def cpu_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
