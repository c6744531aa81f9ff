"""Sends damaged photos of every format to the function; prints its memory half way and at the end.

python tests/function/hurt_photos.py STORE COUNT
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1]))
from drawn_photos import DEEP, DRAWN, saved, scene

from lambda_search.app import create_app
from lambda_search.settings import Settings

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")


def hurt(photo: bytes, draw: random.Random) -> bytes:
    """With a few bytes changed, a part cut out, doubled or replaced."""
    content = bytearray(photo)
    for _ in range(draw.randrange(1, 6)):
        content[draw.randrange(len(content))] = draw.randrange(256)
    first, second = sorted(draw.sample(range(len(content)), 2))
    if draw.random() < 0.3:
        return bytes(content[:first] + content[second:])
    if draw.random() < 0.3:
        return bytes(content[:second] + content[first:])
    if draw.random() < 0.2:
        content[first : first + 8] = draw.randbytes(8)
    return bytes(content)


def hurt_photos(count: int) -> Iterator[bytes]:
    whole = [saved(scene(160, 120), kind) for kind in KINDS] + [DRAWN, DEEP]
    draw = random.Random(6)
    for number in range(count):
        yield hurt(whole[number % len(whole)], draw)


def resident_mb() -> float:
    """Of this process."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def main(store_url: str, count: int) -> None:
    app = create_app(Settings(store_url=store_url))
    client = TestClient(app, raise_server_exceptions=False)
    statuses: dict[int, int] = {}
    resident, longest_s = [], 0.0
    for number, photo in enumerate(hurt_photos(count)):
        started = time.perf_counter()
        status = client.post("/search", files={"photo": photo}).status_code
        longest_s = max(longest_s, time.perf_counter() - started)
        statuses[status] = statuses.get(status, 0) + 1
        if number + 1 in (count // 2, count):
            resident.append(resident_mb())
    found = {"statuses": statuses, "resident_mb": resident, "longest_s": longest_s}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
