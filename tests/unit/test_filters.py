"""Which listings each filter lets through."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from segments import listing, photo, segment

from release.errors import QueryError
from release.faiss_search import FaissSearch
from release.filters import Filters


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), {"free", "cheap", "dear", "unknown"}),
        (Filters(price_min=0), {"free", "cheap", "dear"}),
        (Filters(price_min=5, price_max=5), {"cheap"}),
        (Filters(price_max=4.99), {"free"}),
        (Filters(price_min=6, price_max=5), set()),
        (Filters(category=("Home",)), {"free", "cheap"}),
        (Filters(category=("Home", "Chairs")), {"free"}),
        (Filters(category=("Home", "Chairs", "Oak")), set()),
        (Filters(category=("home",)), set()),
        (Filters(category=("%",)), set()),
        (Filters(category=()), {"free", "cheap", "dear", "unknown"}),
        (Filters(location="strasse"), {"dear"}),
        (Filters(location=""), {"unknown"}),
        (Filters(location="Lon"), set()),
        (Filters(category=("Home",), price_min=1, location="LONDON"), {"cheap"}),
        (Filters(listed_after=day(2)), {"cheap", "dear"}),
        (Filters(listed_after=day(2) + timedelta(seconds=1)), {"dear"}),
        (Filters(listed_after=day(2).astimezone(timezone(timedelta(hours=9)))), {"cheap", "dear"}),
        (Filters(listed_after=day(1), price_max=1), {"free"}),
        (Filters(product_ids=frozenset({"free", "dear", "none"})), {"free", "dear"}),
        (Filters(product_ids=frozenset()), set()),
        (Filters(product_ids=frozenset({"free", "dear"}), category=("Arts",)), {"dear"}),
    ],
)
def test_filters_let_through_what_matches(
    tmp_path: Path, filters: Filters, wanted: set[str]
) -> None:
    listings = [
        listing("free", price=0.0, category_path=("Home", "Chairs"), listed_at=day(1)),
        listing("cheap", price=5.0, category_path=("Home", "Tables"), listed_at=day(2)),
        listing("dear", price=1e6, category_path=("Arts",), location="Straße", listed_at=day(3)),
        listing("unknown", price=None, category_path=(), location="", listed_at=None),
    ]
    photos = [photo(row.product_id, row.product_id, [1, 0]) for row in listings]
    search = FaissSearch([segment(tmp_path, listings, photos)])
    (hits,) = search.search_photos([1, 0], 4, filters)
    assert {hit.photo.product_id for hit in hits} == wanted


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(QueryError, match="listed_after is 2026-11-01T00:00:00 without a time zone"):
        Filters(listed_after=datetime(2026, 11, 1))  # noqa: DTZ001
