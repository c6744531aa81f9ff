"""Adds to the report the files that its page shows: of rejected photos, and of duplicates."""

from collections import defaultdict
from typing import Any

from batch_jobs.clean.ledger import Ledger

GROUPS = 8  # of duplicates, on the page
MEMBERS = 6  # of each

_FILE = "SELECT path FROM file WHERE path = ?"
_FILE_OF_ROW = """
SELECT path FROM photo
WHERE image_id = ? AND source = ? AND line_from IS ? AND path IS NOT NULL LIMIT 1
"""
# One photo of each listing before the second of any.
_MEMBERS = """
SELECT duplicate_group, image_id, product_id, title, path FROM (
    SELECT *, row_number() OVER (PARTITION BY duplicate_group ORDER BY nth, place) AS rank FROM (
        SELECT duplicate_group, image_id, product_id, place,
            row_number() OVER (PARTITION BY duplicate_group, product_id ORDER BY place) AS nth
        FROM outcome WHERE reason IS NULL AND duplicate_group IN ({marks})
    )
) JOIN wanted USING (image_id, product_id) JOIN listing USING (product_id)
WHERE rank <= ? ORDER BY duplicate_group, rank
"""

Report = dict[str, Any]


def with_files(report: Report, ledger: Ledger) -> Report:
    """The report, where examples of photos have `file` and groups of duplicates have `members`.

    Groups that several listings share come first.
    """
    photos = {
        reason: found | {"examples": [_with_file(one, ledger) for one in found["examples"]]}
        for reason, found in report["rejects"]["photo"].items()
    }
    groups = sorted(report["duplicates"]["largest"], key=lambda group: group["listings"] == 1)
    members = _members([group["group"] for group in groups], ledger)
    return report | {
        "rejects": report["rejects"] | {"photo": photos},
        "duplicates": report["duplicates"]
        | {"largest": [group | {"members": members[group["group"]]} for group in groups]},
    }


def _with_file(example: Report, ledger: Ledger) -> Report:
    """`file` is the path of the photo's file, None where there is none."""
    row = (example["id"], example["source"], example["line_from"])
    found = next(ledger.rows(_FILE, row[1:2]), None) or next(ledger.rows(_FILE_OF_ROW, row), None)
    return example | {"file": found[0] if found else None}


def _members(groups: list[str], ledger: Ledger) -> dict[str, list[Report]]:
    """The first photos of each group, with their listings."""
    members: dict[str, list[Report]] = defaultdict(list)
    query = _MEMBERS.format(marks=", ".join("?" * len(groups)))
    for group, image_id, product_id, title, path in ledger.rows(query, (*groups, MEMBERS)):
        members[group].append(
            {"image_id": image_id, "product_id": product_id, "title": title, "file": path}
        )
    return members
