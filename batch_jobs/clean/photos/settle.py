"""Settles what only all photos together tell: repeats in a listing, and duplicate groups."""

import json

import numpy as np
from numpy.typing import NDArray

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.photos.duplicates import THUMBNAIL, group_duplicates
from batch_jobs.clean.photos.prepare import PhotoFiles
from batch_jobs.stage import StageFolder
from batch_jobs.tables import PHOTOS, parse_table, read_table, write_table

_OUTCOME_NAMES = ["image_id", "reason", "detail", "pixel_sha256", "perceptual_hash", "thumbnail"]
_ADD_OUTCOME = """
INSERT INTO outcome (
    image_id, reason, detail, pixel_sha256, perceptual_hash, thumbnail, place, product_id
) SELECT ?, ?, ?, ?, ?, ?, place, product_id FROM wanted WHERE image_id = ?
"""
_REPEATS = """
UPDATE outcome SET reason = 'duplicate_in_listing',
    detail = 'The same pixels as photo ' || first || ', which stays.'
FROM (
    SELECT image_id AS repeat, first_value(image_id) OVER same AS first
    FROM outcome WHERE reason IS NULL
    WINDOW same AS (PARTITION BY product_id, pixel_sha256 ORDER BY place)
) WHERE image_id = repeat AND repeat != first
"""
_REJECT = """
INSERT INTO reject (kind, id, source, line_from, line_to, reason, detail, raw)
SELECT 'photo', image_id, wanted.path, NULL, NULL, reason, detail || CASE WHEN line IS NULL
    THEN '' ELSE ' Listed in line ' || line || ' of ' || source || '.' END, NULL
FROM outcome JOIN wanted USING (image_id) WHERE reason IS NOT NULL ORDER BY wanted.place
"""
_GROUPS_OF_FILE = """
SELECT image_id, duplicate_group FROM outcome WHERE place >= ? AND place < ? AND reason IS NULL
"""
_ADD_MEMBER = "INSERT INTO group_member (place, leader) VALUES (?, ?)"
_GROUP = """
UPDATE outcome SET duplicate_group = smallest
FROM (
    SELECT group_member.place AS member, min(image_id) OVER (PARTITION BY leader) AS smallest
    FROM group_member JOIN outcome USING (place)
) WHERE place = member
"""


def settle(folder: StageFolder, files: PhotoFiles, ledger: Ledger) -> None:
    """Reads the outcomes of all files, rejects repeats, names groups, writes both into the files.

    A file that says so already is kept as it is, so this can be killed and done again.
    """
    for number in range(files.count):
        table = read_table(folder, files.outcomes_name(number), _OUTCOME_NAMES)
        columns = [table[name].to_pylist() for name in (*_OUTCOME_NAMES, "image_id")]
        ledger.execute_many(_ADD_OUTCOME, zip(*columns, strict=True))
        folder.keep(files.outcomes_name(number))
    ledger.index("outcome (place)")
    ledger.execute(_REPEATS)
    ledger.execute(_REJECT)
    _name_groups(ledger)
    for number in range(files.count):
        _write_settled(folder, files, number, ledger)


def _name_groups(ledger: Ledger) -> None:
    """Gives each photo that has a duplicate the smallest image id of its group."""
    kept = "SELECT place, perceptual_hash FROM outcome WHERE reason IS NULL ORDER BY place"
    photos = np.fromiter(ledger.rows(kept), np.dtype([("place", np.int64), ("hash", np.int64)]))

    def look_up(some: NDArray[np.int64]) -> NDArray[np.uint8]:
        places = json.dumps(photos["place"][some].tolist())
        query = (
            "SELECT thumbnail FROM outcome WHERE place IN (SELECT value FROM json_each(?)) "
            "ORDER BY place"
        )
        thumbnails = b"".join(thumbnail for (thumbnail,) in ledger.rows(query, (places,)))
        return np.frombuffer(thumbnails, np.uint8).reshape(len(some), *THUMBNAIL)

    leaders = group_duplicates(photos["hash"].view(np.uint64), look_up)
    members = np.flatnonzero(np.bincount(leaders, minlength=len(photos))[leaders] > 1)
    pairs = np.stack([photos["place"][members], leaders[members]], axis=1)
    ledger.execute_many(_ADD_MEMBER, pairs.tolist())
    ledger.execute(_GROUP)


def _write_settled(folder: StageFolder, files: PhotoFiles, number: int, ledger: Ledger) -> None:
    groups = dict(ledger.rows(_GROUPS_OF_FILE, files.places(number)))
    if not groups:
        return  # a file without photos is no output
    name = files.photos_name(number)
    data = folder.read(name)
    table = parse_table(data)
    there = dict(
        zip(*(table[column].to_pylist() for column in ("image_id", "duplicate_group")), strict=True)
    )
    if there == groups:
        folder.keep(name, data)
        return
    rows = [row for row in table.to_pylist() if row["image_id"] in groups]
    for row in rows:
        row["duplicate_group"] = groups[row["image_id"]]
    write_table(folder, name, rows, PHOTOS)
