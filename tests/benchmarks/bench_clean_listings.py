"""A million listings cleaned on one core, beside plain pandas on an undamaged file.

PYTHONPATH=tests python tests/benchmarks/bench_clean_listings.py [LISTINGS]
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from dirty_catalogue import write_products
from dirty_catalogue.pictures import encoded, picture
from dirty_catalogue.words import uuid_of

CLEAN = [sys.executable, "-m", "batch_jobs", "clean"]
PANDAS = [sys.executable, str(Path(__file__).with_name("plain_pandas.py"))]
DAMAGED_SHARE = 0.1
PHOTOS = 8


class Measured(NamedTuple):
    """`cpu_s` is what remains comparable where others use the machine, too."""

    seconds: float
    cpu_s: float
    peak_gb: float

    def line(self, what: str, listings: int) -> str:
        speed = f"{listings / self.seconds:>9,.0f} records/s"
        times = f"{self.seconds:6.1f} s, {self.cpu_s:6.1f} s of CPU"
        return f"{what:<20} {speed}  {times}  peak {self.peak_gb:4.2f} GB"


def write_catalogue(folder: Path, listings: int, damaged_share: float) -> None:
    (folder / "images").mkdir(parents=True)
    known = write_products(folder / "Products.csv", listings, 0, damaged_share)
    rng = random.Random(0)
    rows = [(number, uuid_of(rng), known[number]) for number in range(PHOTOS)]
    for _, image_id, _ in rows:
        data, _ = encoded(picture(rng), "jpeg")
        (folder / "images" / f"{image_id}.jpg").write_bytes(data)
    with (folder / "Images.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("", "id", "product_id"), *rows])


def measured(command: list[str]) -> Measured:
    """A fresh process from start to end; its peak does not hold that of another."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if status:
            said.seek(0)
            sys.exit(said.read().decode())
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2)


def main(listings: int) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the processes below inherit it
    with tempfile.TemporaryDirectory() as scratch:
        plain, damaged = Path(scratch, "plain"), Path(scratch, "damaged")
        write_catalogue(plain, listings, 0)
        write_catalogue(damaged, listings, DAMAGED_SHARE)
        size = (plain / "Products.csv").stat().st_size / listings
        print(f"{listings:,} listings of {size:.0f} bytes, one core")
        baseline = measured([*PANDAS, str(plain / "Products.csv"), f"{scratch}/products.parquet"])
        print(baseline.line("pandas, undamaged", listings), flush=True)
        for what, folder in (("undamaged", plain), ("10 % damaged", damaged)):
            store = f"{scratch}/store-{folder.name}"
            found = measured([*CLEAN, "--catalogue", str(folder), "--store", store])
            ratio = f"{baseline.cpu_s / found.cpu_s:.2f} of pandas' speed (by CPU time)"
            print(f"{found.line(f'clean, {what}', listings)}  {ratio}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
