"""Clients that search without pause while the release is changed back and forth below them."""

import ctypes
import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from small_release import build

from lambda_search.app import application
from lambda_search.releases import Releases
from lambda_search.settings import Settings
from release.fetching import read_pointer
from release.publisher import make_current
from release.store import Store

PHOTOS = 6  # of each release, that are searched with


@dataclass
class Load:
    """What happened; the memory of the process with one release, before the swaps and after."""

    requests: int = 0
    swaps: int = 0
    failed: list[str] = field(default_factory=list)
    inconsistent: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    before_mb: float = 0.0
    after_mb: float = 0.0


class Searching:
    """The application over HTTP, and what each of two releases answers to each photo."""

    def __init__(self, folder: Path, listings: int) -> None:
        url = str(folder / "store")
        both = [build(url, name, seed, listings) for seed, name in enumerate(("left", "right"), 1)]
        self.release_ids = [one.release_id for one in both]
        self._photos = [photo.png for one in both for photo in one.photos[:PHOTOS]]
        self._store = Store(url)
        # The pointer is looked at whenever somebody asks, so that swaps meet requests.
        settings = Settings(url, folder / "cache", release_check_s=0.0)
        self._releases = Releases(settings)
        self.client = TestClient(
            application(settings, self._releases), raise_server_exceptions=False
        )
        self._expected: dict[tuple[str, int], Any] = {}

    def swap_to(self, release_id: str) -> None:
        """Returns when it serves."""
        make_current(self._store, release_id, read_pointer(self._store))
        if self._releases.refreshed_id() != release_id:
            raise RuntimeError(f"{release_id} does not serve.")

    def learn(self) -> None:
        """Keeps each release's answer to each photo."""
        for release_id in self.release_ids:
            self.swap_to(release_id)
            for place in range(len(self._photos)):
                self._expected[release_id, place] = _shown(self._asked(place)[1])

    def ask_until(self, end: threading.Event, load: Load, first: int) -> None:
        """One client, which starts with another photo than the next."""
        place = first
        while not end.is_set():
            place = (place + 1) % len(self._photos)
            status, body = self._asked(place)
            load.requests += 1
            if status != 200:
                load.failed.append(f"{status}: {body}")
                continue
            load.seen.add(body["release"])
            if _shown(body) != self._expected[body["release"], place]:
                load.inconsistent.append(f"{body['release']}, photo {place}")

    def _asked(self, place: int) -> tuple[int, Any]:
        answer = self.client.post("/search", files={"photo": self._photos[place]}, data={"k": "5"})
        return answer.status_code, answer.json()


def _shown(body: Any) -> Any:
    return body["category"], body["match"], body["results"]


def swap_under_load(
    folder: Path, swaps: int, seconds: float, listings: int, clients: int = 8
) -> Load:
    """So many swaps between two releases of so many listings, evenly over `seconds`."""
    searching, load = Searching(folder, listings), Load()
    with searching.client:
        searching.learn()
        with _asking(searching, Load(), clients) as end:  # what is warm before is so after
            end.wait(min(5.0, seconds / 4))
        searching.swap_to("left")
        load.before_mb = settled_mb()
        with _asking(searching, load, clients) as end:
            for number in range(swaps):
                end.wait(seconds / swaps)
                searching.swap_to(searching.release_ids[(number + 1) % 2])
                load.swaps += 1
        load.after_mb = settled_mb()
    return load


@contextmanager
def _asking(searching: Searching, load: Load, clients: int) -> Iterator[threading.Event]:
    end = threading.Event()
    threads = _threads(searching, load, end, range(clients))
    try:
        yield end
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _threads(
    searching: Searching, load: Load, end: threading.Event, firsts: Sequence[int]
) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=searching.ask_until, args=(end, load, first)) for first in firsts
    ]
    for thread in threads:
        thread.start()
    return threads


def settled_mb() -> float:
    """The process's resident memory when all that is free has been given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("The system does not say how much memory is used.")
