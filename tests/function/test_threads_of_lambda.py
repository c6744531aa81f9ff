"""What threads share is safe under the Python that Lambda and the image have, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emulator import ARTIFACT, artifact, find_python
from small_release import SmallRelease

from release.fetching import read_manifest
from release.manifest import LISTINGS_FILE
from release.store import Store

READ = """
import sys, threading
from pathlib import Path
from release.listings import Listings
sys.setswitchinterval(1e-5)
listings = Listings(Path(sys.argv[1]))
ids, wrong = listings.product_ids(), []
def read():
    for turn in range(400):
        product_id = ids[turn % len(ids)]
        found = listings.listing(product_id)
        photos = listings.photos_of(product_id)
        if found.product_id != product_id or {one.product_id for one in photos} != {product_id}:
            wrong.append(product_id)
def reading():
    try:
        read()
    except Exception as error:
        wrong.append(repr(error))
threads = [threading.Thread(target=reading) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(wrong), wrong[:3])
"""


@pytest.mark.parametrize("python", ["of the tests", "of Lambda"])
def test_threads_read_their_own_listings(python: str, small_release: SmallRelease) -> None:
    code = artifact() if python == "of Lambda" else None
    if python == "of Lambda" and find_python() is None:
        pytest.skip("There is no Python of Lambda's version here.")
    store = Store(small_release.store_url)
    blob = read_manifest(store, small_release.release_id).files[f"base/{LISTINGS_FILE}"]
    path = Path(small_release.store_url) / blob.path
    command = [str(find_python()) if code else sys.executable, "-c", READ, str(path)]
    folder = str(ARTIFACT) if code else str(Path(__file__).parents[2])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": folder}  # noqa: TID251
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "0 []\n"
