"""Holds the release that answers, and changes it for a newer one while requests go on."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from lambda_search.first_fetch import fetch_current
from lambda_search.memory import give_back
from lambda_search.opening import Opened, open_answering, open_first
from lambda_search.settings import Settings
from release.blob_cache import BlobCache
from release.errors import (
    ManifestError,
    MarketplaceSearchError,
    NoReleaseError,
    StoreError,
)
from release.fetching import Fetched, current_id, fetch_release
from release.reader import Release
from release.store import Store

RETRY_S = 5.0  # how soon to look again while there is no release
LOOK_WAIT_S = 10.0  # twice at most; Lambda ends a call after 29, and the copy with it
NOTHING_YET = "There is no release yet. Make one: marketplace-search run --catalogue PATH"
DOES_NOT_LOAD = "No release can be loaded; the log says why."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Held:
    """What answers now, the store it came from, and when it was made."""

    store: Store
    release: Release
    created_at: datetime

    @property
    def id(self) -> str:
        return self.release.manifest.release_id


class Releases:
    """The current release, looked for when made, then at most every `release_check_s` seconds.

    Whoever asks when it is time begins the looking and loading, which goes on in a thread; all go
    on with the release that is held. Only while none is held they wait. A release that does not
    load, or does not answer, is logged, counted in `failures`, and left.

    `clock` gives seconds; `first` what somebody has begun to open already.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        first: Callable[[], Opened] | None = None,
    ) -> None:
        self.failures = 0
        self._settings = settings
        self._clock = clock
        self._first = first
        self._looking = threading.Lock()
        self._cache = BlobCache(settings.cache_dir)
        self._held: _Held | None = None
        self._reason = ""
        self._look_again_at = clock()
        self._look_if_due()

    def current(self) -> Release:
        """The release to answer this request from. Raises NoReleaseError with the reason."""
        return self.current_with_store()[1]

    def current_with_store(self) -> tuple[Store, Release]:
        """As `current`, with the store that has its photos."""
        if self._held is None:
            self._look_if_due()
        else:
            self._look_aside_if_due()
        held = self._held
        if held is None:
            raise NoReleaseError(self._reason)
        return held.store, held.release

    def refreshed_id(self) -> str | None:
        """The id of the release that answers now, None where there is none.

        For whoever has time: where it is time to look, that is waited for, but not without end.
        """
        if self._held is None:
            self._look_if_due()
        else:
            if not self._look_aside_if_due():
                self._wait_for_look()  # somebody else's, which may have begun too early
                self._look_aside_if_due()
            self._wait_for_look()
        return self._held.id if self._held else None

    @property
    def has_one(self) -> bool:
        """Whether there is a release to answer from now."""
        return self._held is not None

    @property
    def age_s(self) -> float | None:
        """Seconds since the release that answers was made; None where there is none."""
        held = self._held
        return (datetime.now(UTC) - held.created_at).total_seconds() if held else None

    def renew(self) -> None:
        """Leaves all connections to the store, and looks for a newer release in a thread.

        To be called while no look is under way.
        """
        if self._held:
            store = Store(self._settings.store_url, in_a_hurry=True)
            self._held = replace(self._held, store=store)
            self._look_again_at = self._clock()
            self._look_aside_if_due()

    def _wait_for_look(self) -> None:
        if self._looking.acquire(timeout=LOOK_WAIT_S):
            self._looking.release()

    def _is_due(self) -> bool:
        return self._clock() >= self._look_again_at

    def _look_if_due(self) -> None:
        """Returns when the look is over, whoever does it."""
        if self._is_due():
            with self._looking:
                if self._is_due():
                    self._look()

    def _look_aside_if_due(self) -> bool:
        """Whether one was begun."""
        if not (self._is_due() and self._looking.acquire(blocking=False)):
            return False
        try:
            # A daemon: a process may end while it reads from a store that does not answer.
            threading.Thread(target=self._look_aside, name="look", daemon=True).start()
        except RuntimeError:  # there can be no more threads now, or the process ends
            self._looking.release()
            return False
        return True

    def _look_aside(self) -> None:
        try:
            if self._is_due():
                self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        try:
            self._load_newest_or_again()
        except Exception as error:  # whatever is wrong with a new release, the old one serves
            self.failures += 1
            self._report(error)
        finally:
            pause_s = self._settings.release_check_s
            self._look_again_at = self._clock() + (pause_s if self._held else min(pause_s, RETRY_S))

    def _load_newest_or_again(self) -> None:
        try:
            self._load_newest()
        except StoreError as error:
            if self._held is None:
                raise
            # Lambda freezes a copy in the middle of a read, and a connection does not survive that.
            _log.warning("The store is read again: %s", error)
            self._load_newest()

    def _load_newest(self) -> None:
        if self._held is None:
            first, self._first = self._first or self._open_first, None
            opened = first()
            self._cache = opened.cache
            self._swap_in(_held(opened.store, opened.release))
            return
        store, newest_id = self._held.store, current_id(self._held.store)
        if newest_id != self._held.id:
            fetch = partial(self._fetched, store, newest_id)
            release = open_answering(fetch(), fetch, self._settings.threads)
            self._swap_in(_held(store, release))

    def _open_first(self) -> Opened:
        return open_first(partial(fetch_current, self._settings), self._settings.threads)

    def _fetched(self, store: Store, release_id: str) -> Fetched:
        serving = self._held.release.manifest.files.values() if self._held else ()
        return fetch_release(store, release_id, self._cache, keep=tuple(serving))

    def _swap_in(self, new: _Held) -> None:
        old, self._held = self._held, new
        _log.info("Release %s serves.", new.id)
        if new.store.folder is None:  # else the folder is not this process's to clear
            held = (new, old) if old else (new,)
            self._cache.drop_all_but(
                {blob for one in held for blob in one.release.manifest.files.values()}
            )
            del held
        del old
        give_back()

    def _report(self, error: Exception) -> None:
        known = isinstance(error, MarketplaceSearchError)
        # Whoever asks the service need not know where its store is and what is in it.
        self._reason = NOTHING_YET if isinstance(error, NoReleaseError) else DOES_NOT_LOAD
        serving = f"{self._held.id} goes on" if self._held else "nothing"
        _log.error("No new release, %s serving: %s", serving, error, exc_info=not known)


def _held(store: Store, release: Release) -> _Held:
    try:
        moment = datetime.fromisoformat(release.manifest.created_at)
    except ValueError as error:
        raise ManifestError(
            f"Release {release.manifest.release_id} was created at "
            f"{release.manifest.created_at!r}, which is no time. Publish the run again."
        ) from error
    return _Held(store, release, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
