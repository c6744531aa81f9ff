"""What report.json says: counts in and out at each step, which add up, and what was found."""

from typing import Any

from batch_jobs.clean.ledger import Ledger
from batch_jobs.clean.listings.categories import Categories
from batch_jobs.stage import Inputs

EXAMPLES = 5  # of each reason
LARGEST = 20  # categories, and groups of duplicates

_DROPPED = "reason = 'duplicate_in_listing'"
_KEPT_FILES = """
SELECT DISTINCT path FROM wanted JOIN outcome USING (image_id) WHERE outcome.reason IS NULL
"""
_DROPPED_FILES = f"""
SELECT DISTINCT path FROM wanted JOIN outcome USING (image_id)
WHERE outcome.{_DROPPED} AND path NOT IN ({_KEPT_FILES})
"""
_PHOTO_COUNTS = """
SELECT product_id, sum(reason IS NULL) AS photos FROM outcome GROUP BY product_id
"""


def report_of(inputs: Inputs, ledger: Ledger, categories: Categories) -> dict[str, Any]:
    """The content of report.json. In each account, `in` is the sum of all that came of it."""
    ledger.index("listing (price_status, currency, price)")
    return {
        "catalogue": inputs["catalogue"],
        "fingerprint": inputs["fingerprint"],
        "options": inputs["options"],
        "listings": _listings(ledger),
        "photo_rows": _photo_rows(ledger),
        "photo_files": _photo_files(ledger),
        "rejects": {kind: _rejects(ledger, kind) for kind in ("listing", "photo")},
        "prices": _prices(ledger),
        "listed_at": ledger.counted("SELECT listed_at_status, count(*) FROM listing GROUP BY 1"),
        "categories": _categories(categories),
        "photos_per_listing": _photos_per_listing(ledger),
        "duplicates": _duplicates(ledger),
    }


def _listings(ledger: Ledger) -> dict[str, int]:
    out = ledger.one("SELECT count(*) FROM listing")
    searchable = ledger.one(f"SELECT count(*) FROM ({_PHOTO_COUNTS}) WHERE photos > 0")
    return {
        "in": ledger.listing_rows_in,
        "out": out,
        "rejected": ledger.one("SELECT count(*) FROM reject WHERE kind = 'listing'"),
        "searchable": searchable,
        "without_photos": out - searchable,
    }


def _photo_rows(ledger: Ledger) -> dict[str, int]:
    """A photo that a table lists: of a row, of a cell, or of a class folder."""
    return {
        "in": ledger.photo_rows_in,
        "out": ledger.one("SELECT count(*) FROM outcome WHERE reason IS NULL"),
        "rejected": ledger.one(
            "SELECT count(*) FROM reject WHERE kind = 'photo' "
            f"AND reason != 'unlisted_file' AND NOT {_DROPPED}"
        ),
        "duplicates_dropped": ledger.one(f"SELECT count(*) FROM outcome WHERE {_DROPPED}"),
    }


def _photo_files(ledger: Ledger) -> dict[str, int]:
    return {
        "in": ledger.one("SELECT count(*) FROM file"),
        "out": ledger.one(f"SELECT count(*) FROM ({_KEPT_FILES})"),
        "rejected": ledger.one(
            f"SELECT count(*) FROM file WHERE path NOT IN ({_KEPT_FILES}) "
            f"AND path NOT IN ({_DROPPED_FILES})"
        ),
        "duplicates_dropped": ledger.one(f"SELECT count(*) FROM ({_DROPPED_FILES})"),
    }


def _rejects(ledger: Ledger, kind: str) -> dict[str, Any]:
    """By reason, how many there are and the first of them."""
    counts = ledger.counted(
        "SELECT reason, count(*) FROM reject WHERE kind = ? GROUP BY reason", (kind,)
    )
    return {
        reason: {"count": count, "examples": _examples(ledger, kind, reason)}
        for reason, count in counts.items()
    }


def _examples(ledger: Ledger, kind: str, reason: str) -> list[dict[str, Any]]:
    names = ("id", "source", "line_from", "line_to", "detail", "raw")
    query = (
        "SELECT id, source, line_from, line_to, detail, substr(raw, 1, 500) FROM reject "
        "WHERE kind = ? AND reason = ? ORDER BY seq LIMIT ?"
    )
    found = ledger.rows(query, (kind, reason, EXAMPLES))
    return [dict(zip(names, row, strict=True)) for row in found]


def _prices(ledger: Ledger) -> dict[str, Any]:
    """By currency, of prices that are ok: how many, the least, the median, the most."""
    ok = "FROM listing WHERE price_status = 'ok' AND currency = ?"
    currencies = ledger.counted(
        "SELECT currency, count(*) FROM listing WHERE price_status = 'ok' GROUP BY currency"
    )
    return {
        "status": ledger.counted("SELECT price_status, count(*) FROM listing GROUP BY 1"),
        "ok": {
            currency: {
                "count": count,
                "least": ledger.one(f"SELECT min(price) {ok}", (currency,)),
                "median": ledger.one(
                    f"SELECT price {ok} ORDER BY price LIMIT 1 OFFSET ?", (currency, count // 2)
                ),
                "most": ledger.one(f"SELECT max(price) {ok}", (currency,)),
            }
            for currency, count in currencies.items()
        },
    }


def _categories(categories: Categories) -> dict[str, Any]:
    counts = categories.counts()
    without = counts.pop((), 0)
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LARGEST]
    return {
        "paths": len(counts),
        "roots": len({path[0] for path in counts}),
        "with_one_listing": sum(count == 1 for count in counts.values()),
        "with_fewer_than_ten": sum(count < 10 for count in counts.values()),
        "listings_without_category": without,
        "largest": [{"path": list(path), "listings": count} for path, count in largest],
    }


def _photos_per_listing(ledger: Ledger) -> dict[str, int]:
    """How many listings have no photo, one, two, ..."""
    counts = ledger.rows(
        f"SELECT coalesce(photos, 0), count(*) FROM listing "
        f"LEFT JOIN ({_PHOTO_COUNTS}) USING (product_id) GROUP BY 1 ORDER BY 1"
    )
    return {str(photos): listings for photos, listings in counts}


def _duplicates(ledger: Ledger) -> dict[str, Any]:
    """Groups of photos that show the same picture, and those that several listings share."""
    groups = """
        SELECT duplicate_group, count(*) AS photos, count(DISTINCT product_id) AS listings
        FROM outcome WHERE reason IS NULL AND duplicate_group IS NOT NULL GROUP BY 1
    """
    largest = ledger.rows(
        f"{groups} ORDER BY listings > 1 DESC, photos DESC, 1 LIMIT ?", (LARGEST,)
    )
    names = ("group", "photos", "listings")
    return {
        "groups": ledger.one(f"SELECT count(*) FROM ({groups})"),
        "photos": ledger.one(f"SELECT coalesce(sum(photos), 0) FROM ({groups})"),
        "groups_across_listings": ledger.one(f"SELECT count(*) FROM ({groups}) WHERE listings > 1"),
        "largest": [dict(zip(names, row, strict=True)) for row in largest],
    }
