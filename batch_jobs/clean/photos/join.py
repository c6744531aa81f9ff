"""Joins the listed photos with the listings and the files, and says why the others are left out."""

from collections.abc import Iterable

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.photos.paths import can_be_read, id_in_listing, without_ending
from batch_jobs.clean.rejects import Problem, file_reject
from release.store import Entry

# The file of a photo: one of just that path, else one of that path with an ending. Where several
# fit, .jpg comes first, then the alphabet.
_FIND_BY_PATH = """
UPDATE photo SET path = (
    SELECT file.path FROM candidate JOIN file ON file.path = candidate.path
    WHERE candidate.photo_seq = photo.seq ORDER BY candidate.rank LIMIT 1
)
"""
_FIND_BY_STEM = """
UPDATE photo SET path = (
    SELECT file.path FROM candidate JOIN file ON file.stem = candidate.path
    WHERE candidate.photo_seq = photo.seq
    ORDER BY candidate.rank, substr(file.path, -4) != '.jpg', file.path LIMIT 1
) WHERE path IS NULL
"""
_UNKNOWN_LISTING = """
UPDATE photo SET reason = 'unknown_listing',
    detail = 'No listing that was kept is ''' || substr(product_id, 1, 120) || '''.'
WHERE product_id NOT IN (SELECT product_id FROM listing)
"""
# Of the rows with one image id and a listing the first stays.
_REPEATED = """
UPDATE photo SET (reason, detail) = (
    SELECT CASE WHEN same THEN 'duplicate_row' ELSE 'conflicting_row' END,
        CASE WHEN same THEN 'The same as ' || row || ', which stays.'
        ELSE 'The id is that of ' || row || ', which has it for listing ' || product_id
            || ' and file ' || path || '. The first stays.' END
    FROM (
        SELECT first.product_id, first.path,
            coalesce('the row at line ' || first.line_from, 'another file') AS row,
            first.product_id = photo.product_id AND first.path IS photo.path AS same
        FROM photo AS first WHERE first.seq = photo.first_seq
    )
) WHERE reason IS NULL AND first_seq != seq
"""
_FIRST = """
UPDATE photo SET first_seq = first
FROM (
    SELECT image_id AS shared, min(seq) AS first FROM photo WHERE reason IS NULL GROUP BY image_id
) WHERE image_id = shared AND reason IS NULL
"""
# An id that was made from a file's name is of the first listing that has the file.
_OF_ANOTHER_LISTING = """
SELECT photo.seq, photo.image_id, photo.product_id
FROM photo JOIN photo AS first ON first.seq = photo.first_seq
WHERE photo.derived AND photo.reason IS NULL AND photo.product_id != first.product_id
"""
_MISSING_FILE = """
UPDATE photo SET reason = 'missing_file',
    detail = CASE WHEN instr(reference, '://')
        THEN 'URLs are not fetched. Put the file below the catalogue and name its path there.'
        ELSE 'There is no file ' || reference || ', whatever its ending.' END
WHERE reason IS NULL AND path IS NULL
"""
_REJECT = """
INSERT INTO reject (kind, id, source, line_from, line_to, reason, detail, raw)
SELECT 'photo', image_id, source, line_from, line_to, reason, detail, raw
FROM photo WHERE reason IS NOT NULL ORDER BY seq
"""
_UNLISTED = """
SELECT path FROM file
WHERE NOT EXISTS (SELECT 1 FROM photo WHERE photo.path = file.path) ORDER BY path
"""
# The photos of a listing side by side, in the order of their table.
_WANTED = """
INSERT INTO wanted (place, image_id, product_id, path, size_bytes, version, source, line)
SELECT row_number() OVER (ORDER BY listing.seq, photo.seq) - 1, photo.image_id,
    photo.product_id, photo.path, file.size_bytes, file.version, photo.source, photo.line_from
FROM photo JOIN listing USING (product_id) JOIN file USING (path) WHERE photo.reason IS NULL
"""
_ADD_FILE = "INSERT INTO file (path, stem, size_bytes, version) VALUES (?, ?, ?, ?)"


def add_files(files: Iterable[Entry], ledger: Ledger) -> None:
    """Every file of the catalogue's folder of photos."""
    ledger.execute_many(
        _ADD_FILE, ((file.path, _stem(file.path), file.size_bytes, file.version) for file in files)
    )


def _stem(path: str) -> str:
    # No photo is looked for under an empty stem.
    return without_ending(path) if can_be_read(path) else ""


def join_photos(ledger: Ledger, photo_folder: str) -> int:
    """Every row and every file is wanted, or rejected with a reason; gives how many are wanted."""
    for index in ("file (stem)", "photo (image_id)"):
        ledger.index(index)
    for statement in (_FIND_BY_PATH, _FIND_BY_STEM, _UNKNOWN_LISTING, _MISSING_FILE, _FIRST):
        ledger.execute(statement)
    _name_photos_of_other_listings(ledger)
    for statement in (_FIRST, _REPEATED, _REJECT):
        ledger.execute(statement)
    ledger.index("photo (path)")
    ledger.execute(_WANTED)
    _reject_unlisted(ledger, photo_folder)
    return int(ledger.one("SELECT count(*) FROM wanted"))


def _name_photos_of_other_listings(ledger: Ledger) -> None:
    found = list(ledger.rows(_OF_ANOTHER_LISTING))
    named = [(id_in_listing(image_id, product_id), seq) for seq, image_id, product_id in found]
    ledger.execute_many("UPDATE photo SET image_id = ? WHERE seq = ?", named)


def _reject_unlisted(ledger: Ledger, photo_folder: str) -> None:
    problem = Problem("unlisted_file", "No row lists this file.")
    for (path,) in ledger.rows(_UNLISTED):
        name = without_ending(path.removeprefix(f"{photo_folder}/"))
        ledger.reject(file_reject(name, path, problem))
