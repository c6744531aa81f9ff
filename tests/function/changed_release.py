"""A release whose listings were changed behind its back, so that every digest fits all the same."""

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from release.blobs import write_blob
from release.fetching import read_manifest, read_pointer
from release.manifest import LISTINGS_FILE, ROWS_FILE
from release.publisher import make_current
from release.store import Store

MIXED = "UPDATE photos SET key = key + 1"  # the index has photos that are not there


def publish_changed(store_url: str, release_id: str, statement: str, *values: str) -> None:
    """Publishes a release again as "changed", with what SQL makes of its listings."""
    store = Store(store_url)
    first = read_manifest(store, release_id)
    listings = Path(store_url).parent / LISTINGS_FILE
    listings.write_bytes(store.read(first.files[f"base/{LISTINGS_FILE}"].path))
    with closing(sqlite3.connect(listings)) as db, db:
        db.execute(statement, values)
    blob = write_blob(store, listings)
    rows = listings.with_name(ROWS_FILE)
    rows.write_bytes(store.read(first.files[f"base/{ROWS_FILE}"].path))
    record = np.load(rows)
    record["listings_sha256"] = blob.sha256
    np.save(rows, record)
    files = first.files | {
        f"base/{LISTINGS_FILE}": blob,
        f"base/{ROWS_FILE}": write_blob(store, rows),
    }
    changed = dataclasses.replace(first, release_id="changed", files=files)
    store.write_once(changed.path, changed.to_json())
    make_current(store, "changed", read_pointer(store))
