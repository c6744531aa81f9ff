"""Holds the release that answers, and changes it for a newer one while requests go on."""

import logging
import threading
import time
from collections.abc import Callable

from lambda_search.settings import Settings
from release.errors import MarketplaceSearchError, NoReleaseError
from release.reader import Release, open_current, open_release, read_pointer
from release.store import Store

RETRY_S = 5.0  # how soon to look again while there is no release
NOTHING_YET = "There is no release yet. Make one: marketplace-search run --catalogue PATH"
DOES_NOT_LOAD = "No release can be loaded; the log says why."
_log = logging.getLogger(__name__)


class Releases:
    """The current release, looked for when made, then at most every `release_check_s` seconds.

    Whoever asks when it is time does the looking and loading; the others go on with the release
    they have. A release that does not load is logged and left. `clock` gives seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._looking = threading.Lock()
        self._held: tuple[Store, Release] | None = None
        self._reason = ""
        self._look_again_at = clock()
        self._look_if_due()

    def current(self) -> Release:
        """The release to answer this request from. Raises NoReleaseError with the reason."""
        return self.current_with_store()[1]

    def current_with_store(self) -> tuple[Store, Release]:
        """As `current`, with the store that has its photos."""
        self._look_if_due()
        held = self._held
        if held is None:
            raise NoReleaseError(self._reason)
        return held

    def refreshed_id(self) -> str | None:
        """The id of the release that answers now, None where there is none."""
        self._look_if_due()
        return self._held[1].manifest.release_id if self._held else None

    def _look_if_due(self) -> None:
        if self._clock() < self._look_again_at:
            return
        # Without a release there is nothing to go on with, so everybody waits for the one look.
        if not self._looking.acquire(blocking=self._held is None):
            return
        try:
            if self._clock() >= self._look_again_at:
                self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        try:
            self._held = self._newest()
        except Exception as error:  # whatever is wrong with a new release, the old one serves
            self._report(error)
        finally:
            pause_s = self._settings.release_check_s
            self._look_again_at = self._clock() + (pause_s if self._held else min(pause_s, RETRY_S))

    def _newest(self) -> tuple[Store, Release]:
        settings = self._settings
        if self._held is None:
            store = Store(settings.store_url)
            release = open_current(store, settings.cache_dir, settings.threads)
        else:
            store, release = self._held
            pointer = read_pointer(store)
            if pointer is None:
                raise NoReleaseError(f"{store.url} has no current release any more.")
            if pointer.release_id == release.manifest.release_id:
                return self._held
            release = open_release(store, pointer.release_id, settings.cache_dir, settings.threads)
        _log.info("Release %s serves.", release.manifest.release_id)
        return store, release

    def _report(self, error: Exception) -> None:
        known = isinstance(error, MarketplaceSearchError)
        # Whoever asks the service need not know where its store is and what is in it.
        self._reason = NOTHING_YET if isinstance(error, NoReleaseError) else DOES_NOT_LOAD
        serving = f"{self._held[1].manifest.release_id} goes on" if self._held else "nothing"
        _log.error("No new release, %s serving: %s", serving, error, exc_info=not known)
