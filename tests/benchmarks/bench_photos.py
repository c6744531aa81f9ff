"""Photos of 12 megapixels prepared beside plain Pillow, by one core and by two, and peak memory.

python tests/benchmarks/bench_photos.py [--photos N] [--many N]
"""

import argparse
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from release.pixels import encode, prepare

CATALOGUE = Path(__file__).parents[2] / "demo" / "furniture" / "images"
CLEAN = [sys.executable, "-m", "batch_jobs", "clean"]
SIZE, LARGE, QUALITY = 224, (4000, 3000), 88
DISTINCT, ROUNDS = 12, 3
# What photos of 12 megapixels may differ by, between the two ways, of 255.
MEAN_BOUND, MAX_BOUND = 1.0, 16


def large_photos(count: int) -> Iterator[Image.Image]:
    """The catalogue's photos enlarged, with a sensor's noise."""
    rng = np.random.default_rng(0)
    paths = (path for path in sorted(CATALOGUE.iterdir()) if _is_sound(path))
    for path in itertools.islice(paths, count):
        with Image.open(path) as photo:
            enlarged = np.asarray(photo.convert("RGB").resize(LARGE, Image.Resampling.BICUBIC))
        noise = rng.normal(0, 6, enlarged.shape).astype(np.int16)
        yield Image.fromarray((enlarged + noise).clip(0, 255).astype(np.uint8))


def _is_sound(path: Path) -> bool:
    try:
        with Image.open(path) as photo:
            photo.load()
            return photo.format == "JPEG" and photo.mode == "RGB" and photo.width > photo.height
    except OSError:
        return False


def as_jpeg(photo: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def plain(photo: bytes) -> tuple[NDArray[np.uint8], bytes]:
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    small = ImageOps.pad(image, (SIZE, SIZE), color="white")
    return np.asarray(small), as_jpeg(small, quality=95, subsampling=0)


def ours(photo: bytes) -> tuple[NDArray[np.uint8], bytes]:
    pixels = prepare(photo, SIZE).pixels
    return pixels, encode(pixels)


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def beside_plain(what: str, photos: list[bytes]) -> None:
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(ROUNDS):  # in turn, so that both meet the same noise
        for photo in photos:
            times["plain"].append(milliseconds(lambda photo=photo: plain(photo)))
            times["ours"].append(milliseconds(lambda photo=photo: ours(photo)))
    slow, fast = (statistics.median(values) for values in times.values())
    apart = [np.abs(plain(photo)[0].astype(int) - ours(photo)[0]) for photo in photos]
    mean, most = max(each.mean() for each in apart), max(each.max() for each in apart)
    print(
        f"{what:<16} plain {1000 / slow:5.1f} photos/s, ours {1000 / fast:5.1f}, "
        f"{slow / fast:.1f}x; apart by {mean:.2f} at most on average (bound {MEAN_BOUND:g}), "
        f"{most} at most (bound {MAX_BOUND})",
        flush=True,
    )
    if mean > MEAN_BOUND or most > MAX_BOUND:
        sys.exit(f"{what}: the two results are further apart than the bounds")


class Measured(NamedTuple):
    seconds: float
    peak_mb: float


def cleaned(photos: list[bytes], listings: int, cores: int) -> Measured:
    """A catalogue of a photo a listing, cleaned by one process on so many cores."""
    with tempfile.TemporaryDirectory() as scratch:
        catalogue = Path(scratch, "catalogue")
        _write_catalogue(catalogue, photos, listings)
        allowed = set(sorted(os.sched_getaffinity(0))[:cores])
        started = time.perf_counter()
        process = subprocess.Popen(
            [*CLEAN, "--catalogue", str(catalogue), "--store", f"{scratch}/store"],
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),  # noqa: PLW1509 - no threads here
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit("clean failed")
        return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024)


def _write_catalogue(folder: Path, photos: list[bytes], listings: int) -> None:
    (folder / "images").mkdir(parents=True)
    products, images = (
        ["id,product_name,category,product_description,price,location"],
        ["id,product_id"],
    )
    for number in range(listings):
        file = folder / "images" / f"photo-{number}.jpg"
        first = folder / "images" / f"photo-{number % len(photos)}.jpg"
        if number < len(photos):
            file.write_bytes(photos[number])
        else:
            file.hardlink_to(first)
        products.append(f"listing-{number},Chair {number},Home / Chairs,Old.,£5,Bath")
        images.append(f"photo-{number},listing-{number}")
    (folder / "Products.csv").write_text("\n".join(products))
    (folder / "Images.csv").write_text("\n".join(images))


def two_cores_against_one(photos: list[bytes], count: int) -> None:
    """By what the photos above a few take, since a start takes as long on any number of cores."""
    best: dict[tuple[int, int], float] = {}  # of the rounds, as others may use the machine
    for _ in range(ROUNDS):
        for asked in itertools.product((1, 2), (len(photos), count)):
            seconds = cleaned(photos, asked[1], asked[0]).seconds
            best[asked] = min(seconds, best.get(asked, seconds))
    one, two = (
        (count - len(photos)) / (best[cores, count] - best[cores, len(photos)]) for cores in (1, 2)
    )
    print(f"clean: one core {one:.1f} photos/s, two {two:.1f}, {two / one:.2f}x", flush=True)


def memory(counts: list[int]) -> None:
    rng = np.random.default_rng(0)
    for count in counts:
        noise = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
        photos = [as_jpeg(Image.fromarray(each).resize((64, 64))) for each in noise]
        found = cleaned(photos, count, 2)
        print(
            f"{count:>7,} small photos: peak {found.peak_mb:,.0f} MB, {found.seconds:.0f} s",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=300, help="of 12 megapixels, to clean")
    options.add_argument("--many", type=int, default=10_000, help="small photos; 100000 takes long")
    asked = options.parse_args()
    memory([1000, asked.many])  # first: a process starts with the peak of the one that starts it
    images = list(large_photos(DISTINCT))
    photos = [as_jpeg(image, quality=QUALITY) for image in images]
    print(f"JPEGs of {min(map(len, photos)) / 1e6:.1f} to {max(map(len, photos)) / 1e6:.1f} MB")
    every_core = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(every_core)})
    beside_plain("JPEG", photos)
    beside_plain(
        "progressive JPEG", [as_jpeg(each, quality=QUALITY, progressive=True) for each in images]
    )
    os.sched_setaffinity(0, every_core)
    two_cores_against_one(photos, asked.photos)


if __name__ == "__main__":
    main()
