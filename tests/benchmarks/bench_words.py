"""What words of titles and the counts of a catalogue take, in bytes and milliseconds.

PYTHONPATH=tests python tests/benchmarks/bench_words.py [LISTINGS]
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np

from release.facets import facets_of
from release.filters import Filters, matching
from release.listings import Listing, Photo
from release.manifest import LISTINGS_FILE
from release.segment import Segment, files_in
from release.segment_writer import write_segment_files
from release.shown import newest, shown

VOCABULARY, WORDS_A_TITLE, PLACES, CATEGORIES = 60_000, 6, 5_000, 500
LETTERS = list("etaoinshrdlucmfwypvbgkjqxz")
REPEATS = 7


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    vocabulary = _vocabulary()
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), list(_listings(count, vocabulary)))
        segment = Segment(files_in(Path(folder)))
        asked = {
            "a common word": vocabulary[0],
            "two common words": " ".join(vocabulary[:2]),
            "a letter": vocabulary[0][0],
            "a rare word": vocabulary[-1],
        }
        for name, words in asked.items():
            _print_words(segment, name, words)
        _print_time("counts of the catalogue", lambda: facets_of([segment]))
        _print_time("the 24 newest", lambda: newest([segment], 24))
        ids = newest([segment], 100)
        _print_time("100 listings with photos", lambda: shown([segment], ids, 8))
        segment.listings.close()
        print(f"words take {_bytes_of_words(Path(folder)) / count:.1f} bytes a listing")


def _vocabulary() -> list[str]:
    """The most frequent first."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(3, 10, VOCABULARY)
    chances = 1 / np.arange(2, len(LETTERS) + 2)
    return ["".join(rng.choice(LETTERS, n, p=chances / chances.sum())) for n in sizes]


def _listings(count: int, vocabulary: list[str]) -> Iterator[Listing]:
    rng = np.random.default_rng(1)
    chances = 1 / np.arange(1, VOCABULARY + 1)  # Zipf's law
    words = rng.choice(VOCABULARY, (count, WORDS_A_TITLE), p=chances / chances.sum())
    places = np.minimum(rng.zipf(1.3, count), PLACES)
    prices, times = np.round(rng.lognormal(3, 1.2, count), 2), rng.integers(16e8, 18e8, count)
    for n in range(count):
        yield Listing(
            product_id=f"{n:08x}-9a6f-4a43-a7a2-1c6c3ac9b1de",
            title=" ".join(vocabulary[word] for word in words[n]),
            description="A thing that is for sale, hardly used, with a scratch. " * 4,
            price=float(prices[n]),
            currency="GBP",
            price_status="ok",
            category_path=(f"Root {n % 20}", f"Leaf {n % CATEGORIES}"),
            location=f"Place {places[n]}",
            listed_at=datetime.fromtimestamp(int(times[n]), UTC),
        )


def _write(folder: Path, listings: list[Listing]) -> None:
    photos = [Photo(f"photo-{n}", one.product_id, "0" * 64, 5000) for n, one in enumerate(listings)]
    index = faiss.IndexFlatIP(2)
    index.add(np.tile(np.array([[1, 0]], np.float32), (len(photos), 1)))
    write_segment_files(folder, listings, photos, index)


def _print_words(segment: Segment, name: str, words: str) -> None:
    def match() -> np.ndarray:
        return matching(Filters(words=words), segment.rows, segment.listings)

    share = match().mean()
    _print_time(f"{name}, {share:.3%} of all", match)


def _print_time(name: str, work: Callable[[], object]) -> None:
    times_ms = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times_ms.append((time.perf_counter() - start) * 1000)
    print(f"{name}: {statistics.median(times_ms):.1f} ms")


def _bytes_of_words(folder: Path) -> int:
    """How much smaller the file is without them."""
    path = folder / LISTINGS_FILE
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")
        with_words = path.stat().st_size
        db.execute("DROP TABLE words")
        db.commit()
        db.execute("VACUUM")
    return with_words - path.stat().st_size


if __name__ == "__main__":
    main()
