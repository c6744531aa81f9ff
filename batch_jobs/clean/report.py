"""What report.json says: counts in and out at each step, which add up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from batch_jobs.clean.photo_join import Join
from batch_jobs.clean.photos import Photos
from batch_jobs.clean.products import Listings
from batch_jobs.clean.rejects import Row
from batch_jobs.stage import Inputs


@dataclass(frozen=True)
class Outcome:
    """All that came of a catalogue. `files` is how many there are below images/."""

    listings: Listings
    join: Join
    photos: Photos
    files: int

    @property
    def photo_rejects(self) -> list[Row]:
        return [*self.join.rejects, *self.photos.rejects]


def report_of(inputs: Inputs, outcome: Outcome) -> dict[str, Any]:
    """The content of report.json."""
    return {
        "catalogue": inputs["catalogue"],
        "fingerprint": inputs["fingerprint"],
        "listings": _listings(outcome),
        "photos": _photos(outcome),
        "duplicates": _duplicates(outcome.photos),
    }


def nothing_left(outcome: Outcome) -> str:
    """Why no photo remains, in a sentence."""
    reasons = _by_reason(outcome.photo_rejects)
    said = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    return (
        f"No photo remains: {len(outcome.photo_rejects)} were rejected ({said}), and "
        f"{len(outcome.listings.rejects)} of {outcome.listings.records} listings."
    )


def _listings(outcome: Outcome) -> dict[str, Any]:
    """`in` = `out` + `rejected`."""
    rows = outcome.listings.rows
    return {
        "in": outcome.listings.records,
        "out": len(rows),
        "rejected": len(outcome.listings.rejects),
        "rejected_by_reason": _by_reason(outcome.listings.rejects),
        "searchable": sum(row["searchable"] for row in rows),
        "price_status": dict(sorted(Counter(row["price_status"] for row in rows).items())),
    }


def _photos(outcome: Outcome) -> dict[str, Any]:
    """`rows_in` + `unlisted_files` = `out` + `rejected`; `files_in` = `out` + `files_rejected`."""
    out = outcome.photos.photo_count.total()
    return {
        "rows_in": outcome.join.rows,
        "files_in": outcome.files,
        "unlisted_files": outcome.join.unlisted_files,
        "out": out,
        "rejected": len(outcome.photo_rejects),
        "files_rejected": outcome.join.rejected_files + len(outcome.photos.rejects),
        "rejected_by_reason": _by_reason(outcome.photo_rejects),
    }


def _duplicates(photos: Photos) -> dict[str, int]:
    """Photos that several listings share."""
    groups = photos.groups
    return {"groups": len(groups), "photos": sum(pixels in groups for pixels in photos.pixels)}


def _by_reason(rejects: Iterable[Row]) -> dict[str, int]:
    return dict(sorted(Counter(row["reason"] for row in rejects).items()))
