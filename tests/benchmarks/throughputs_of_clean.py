"""What bench_throughputs.py measures of `clean`: records, photos, and how large its files are."""

import csv
import time
from pathlib import Path

from bench_clean_listings import CLEAN, PHOTOS, measured, write_catalogue
from search_photos import large_photo, small_photo

from release.pixels import encode, prepare

FEW, MANY = 20_000, 120_000  # records
DAMAGED_SHARE = 0.1
SIZE, ROUNDS = 224, 7


def clean_figures(catalogue: Path, scratch: Path) -> dict[str, float]:
    start_s = _cpu_s(scratch, "few", FEW, 0)
    listing_s = (_cpu_s(scratch, "many", MANY, 0) - start_s) / (MANY - FEW)
    row_s = (_cpu_s(scratch, "rows", FEW, MANY) - start_s) / MANY
    start_s -= FEW * listing_s
    small, large = small_photo(), large_photo()
    small_s, large_s = _prepare_s(small), _prepare_s(large)
    mb_s = (large_s - small_s) / (len(large) - len(small)) * 1e6
    store = scratch / "store"
    found = measured([*CLEAN, "--catalogue", str(catalogue), "--store", str(store)])
    photos = [path for path in (catalogue / "images").iterdir() if path.is_file()]
    mean_mb = sum(path.stat().st_size for path in photos) / len(photos) / 1e6
    prepared = sum(path.stat().st_size for path in store.glob("runs/*/clean/photos-*"))
    return {
        "clean_listing_cpu_s": listing_s,
        "clean_photo_row_cpu_s": row_s,
        "clean_start_cpu_s": start_s,
        "clean_photo_cpu_s": (found.cpu_s - start_s) / len(photos) - mean_mb * mb_s,
        "clean_photo_mb_cpu_s": mb_s,
        "decode_s": small_s - len(small) / 1e6 * mb_s,
        "prepared_photo_bytes": prepared / len(photos),
    }


def _cpu_s(scratch: Path, name: str, listings: int, rows: int) -> float:
    """Of `clean` on so many listings, and rows of photos that have no file."""
    folder = scratch / name
    write_catalogue(folder, listings, DAMAGED_SHARE)
    with (folder / "Images.csv").open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        owner = (folder / "Images.csv").read_text().splitlines()[1].split(",")[2]
        writer.writerows((PHOTOS + n, f"photo-without-a-file-{n:012}", owner) for n in range(rows))
    command = [*CLEAN, "--catalogue", str(folder), "--store", str(scratch / f"store-{name}")]
    return min(measured([*command, "--run", f"{name}-{turn}"]).cpu_s for turn in range(2))


def _prepare_s(photo: bytes) -> float:
    """From the file to the prepared JPEG, on one thread."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        encode(prepare(photo, SIZE).pixels)
        times.append(time.process_time() - started)
    return min(times)
