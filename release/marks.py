"""The marks by which a publish and a prune of one store keep out of each other's way.

    releases/<release>.<8 hex>.publishing   while a release is written or made current
    releases/all.<8 hex>.pruning            while releases, runs and blobs are deleted

An object store deletes unconditionally, so each writes its own mark first and then looks for the
other's: of two that begin at once at least one sees the other. A prune gives way at once, a
publish waits for that. A mark whose holder died is dead after `Kind.life`, by the store's clock;
whoever sees a dead one deletes it, and its holder, should it live, finds that out when it renews.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from release.errors import ConflictError, MissingObjectError
from release.store import Entry, Store

FOLDER = "releases"
WAIT_S = 600.0  # longer than a dead prune's mark counts
LOOK_EVERY_S = 1.0
RENEW_PUBLISH_S = 600.0


@dataclass(frozen=True)
class Kind:
    """What its holder does, how its mark's name ends, how long the mark counts unrenewed."""

    name: str
    suffix: str
    life: timedelta


# A prune renews its mark before each thousand deletes. A publish does so between photos, but its
# large files may take hours on a slow line, and to count it dead too early would break a release.
PUBLISHING = Kind("publish", ".publishing", timedelta(days=1))
PRUNING = Kind("prune", ".pruning", timedelta(minutes=5))


@dataclass
class Mark:
    """A mark that this process holds."""

    store: Store
    kind: Kind
    path: str
    _version: str = ""
    _renewals: int = 0
    _renewed: float = field(default_factory=time.monotonic)

    @classmethod
    def write(cls, store: Store, kind: Kind, name: str) -> "Mark":
        """A new one, under a name of its own: two may publish the same release side by side."""
        mark = cls(store, kind, f"{FOLDER}/{name}.{secrets.token_hex(4)}{kind.suffix}")
        mark._version = store.write(mark.path, mark._content())
        return mark

    def renew(self) -> None:
        """Lets it count on. Raises ConflictError where it was taken for dead meanwhile."""
        self._renewals += 1
        content = self._content()
        try:
            self._version = self.store.replace(self.path, content, self._version)
        except ConflictError as error:
            # A request that was answered too late is sent again, and then finds its own writing.
            self._version = self._version_of(content, error)
        self._renewed = time.monotonic()

    def renew_after(self, seconds: float) -> None:
        """Renews it where that was so long ago."""
        if time.monotonic() - self._renewed > seconds:
            self.renew()

    def now(self) -> datetime:
        """By the clock of the store, which says how old its objects are."""
        entry = self.store.stat(self.path)
        return self._now([entry] if entry else [])

    def others(self, kind: Kind) -> list[Entry]:
        """The marks of that kind that count, this one aside; dead ones of any kind are deleted."""
        entries = list(self.store.list(FOLDER))
        now = self._now(entries)
        marks = [entry for entry in entries if entry.path != self.path]
        for each in (PUBLISHING, PRUNING):
            dead = [mark.path for mark in _of(each, marks) if now - mark.modified > each.life]
            if dead:
                self.store.delete(dead)
            marks = [mark for mark in marks if mark.path not in dead]
        return _of(kind, marks)

    def _now(self, entries: list[Entry]) -> datetime:
        for entry in entries:
            if entry.path == self.path:
                return entry.modified + timedelta(seconds=time.monotonic() - self._renewed)
        raise ConflictError(self._lost())

    def _content(self) -> bytes:
        who = {"host": socket.gethostname(), "process": os.getpid(), "renewals": self._renewals}
        return json.dumps({**who, "at": datetime.now(UTC).isoformat()}).encode()

    def _version_of(self, content: bytes, error: ConflictError) -> str:
        with suppress(MissingObjectError):
            found, version = self.store.read_versioned(self.path)
            if found == content:
                return version
        raise ConflictError(self._lost()) from error

    def _lost(self) -> str:
        return (
            f"{self.store.where(self.path)} was deleted meanwhile: this {self.kind.name} had not "
            f"renewed it for {self.kind.life}, or somebody did it by hand. Run the command again."
        )


def _of(kind: Kind, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.path.endswith(kind.suffix)]


@contextmanager
def publishing(store: Store, release_id: str) -> Iterator[Mark]:
    """Holds off prunes while a release is published or made current.

    Waits for a prune that is going on, which gives way; raises ConflictError where it does not.
    """
    mark = Mark.write(store, PUBLISHING, release_id)
    try:
        _wait_for_prune(mark)
        yield mark
    finally:
        store.delete([mark.path])


def _wait_for_prune(mark: Mark) -> None:
    until = time.monotonic() + WAIT_S
    while pruning := mark.others(PRUNING):
        if time.monotonic() > until:
            raise ConflictError(
                f"A prune has not given way for {WAIT_S:.0f} s ({mark.store.where(pruning[0].path)}"
                "). End it, or wait until it is over; then run the command again."
            )
        time.sleep(LOOK_EVERY_S)


@contextmanager
def pruning(store: Store) -> Iterator[Mark]:
    """Holds off publishes while a prune deletes. Raises ConflictError beside either."""
    mark = Mark.write(store, PRUNING, "all")
    try:
        give_way(mark)
        if others := mark.others(PRUNING):
            raise ConflictError(
                f"Another prune is going on ({store.where(others[0].path)}). Run prune again when "
                f"it is over; a prune that died is counted out after {PRUNING.life}."
            )
        yield mark
    finally:
        store.delete([mark.path])


def give_way(mark: Mark) -> None:
    """Raises ConflictError where something is being published; for a prune, before it deletes."""
    if others := mark.others(PUBLISHING):
        raise ConflictError(
            f"A publish or rollback is going on ({mark.store.where(others[0].path)}, since or "
            f"renewed {others[0].modified:%Y-%m-%d %H:%M:%S} UTC); prune gives way. Run it again "
            f"afterwards. If that one died: its mark counts for {PUBLISHING.life}, or delete it."
        )
