"""Under load: swaps that nobody notices, and a hundred searches at once."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCH = Path(__file__).parents[1] / "benchmarks" / "bench_swaps.py"


def test_twenty_swaps_under_load_fail_no_request_mix_no_answer_and_keep_no_memory():
    """In a process of its own, whose memory nobody else uses."""
    command = [sys.executable, str(BENCH), "--seconds", "4", "--swaps", "20", "--listings", "100"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    load = json.loads(run.stdout)
    assert (load["swaps"], load["failed"], load["inconsistent"]) == (20, [], [])
    assert load["seen"] == ["left", "right"]
    assert load["requests"] > 40
    assert load["after_mb"] < 1.15 * load["before_mb"]


def test_a_hundred_searches_at_once_are_answered_as_one_after_the_other(client, small_release):
    photos = [photo.png for photo in small_release.photos]

    def found(number: int) -> tuple[int, object, object]:
        photo = photos[number % len(photos)]
        answer = client.post("/search", files={"photo": photo}, data={"k": "7"})
        body = answer.json()
        return answer.status_code, body["category"], body["results"]

    one_by_one = [found(number) for number in range(100)]
    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(found, range(100))) == one_by_one
    assert {status for status, *_ in one_by_one} == {200}
