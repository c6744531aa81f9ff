"""The search page in a real Chromium: from a dropped photo of 12 megapixels to painted results.

PYTHONPATH=tests python tests/benchmarks/bench_page.py [--store ./store]
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from chromium import launched
from page_timing import drop_timed, photo_of_12_megapixels
from search_page import SearchPage
from served import Served
from whole_way import BUNDLED, run_small

from batch_jobs.demo import bundled_catalogue

PHOTO = Path(__file__).parents[2] / "demo" / "furniture" / "images"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="with a release, as of make demo; else one is made (1 min)")
    parser.add_argument("--drops", type=int, default=20)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Served(asked.store or bundled_release(folder)) as service,
        launched() as browser,
        SearchPage.on(browser, service.url) as page,
    ):
        photo = Path(folder) / "large.jpg"
        photo.write_bytes(photo_of_12_megapixels(sorted(PHOTO.glob("*.jpg"))[0]))
        taken = [drop_timed(page, photo) for _ in range(asked.drops)]
    print(f"{asked.drops} drops of a photo of {4000 * 3000 / 1e6:.0f} megapixels, ms: p50, p90")
    for name in ("total_ms", "own_ms", "request_ms"):
        cuts = quantiles([getattr(one, name) for one in taken], n=10, method="inclusive")
        print(f"{name:<12} {cuts[4]:6.0f} {cuts[8]:6.0f}")
    print(f"layout shift after results {max(one.shift_afterwards for one in taken)}")


def bundled_release(folder: str) -> str:
    """The store of a release of the bundled catalogue, as the tests have it."""
    return run_small(f"{folder}/store", bundled_catalogue(), BUNDLED).url


if __name__ == "__main__":
    main()
