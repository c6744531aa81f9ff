"""Listings of a release as answers show them."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from lambda_search import answers
from release.listings import Listing, Photo


def listing_of(listing: Listing, photos: Iterable[Photo]) -> dict[str, Any]:
    """The fields that every answer has of a listing."""
    return {
        "product_id": listing.product_id,
        "title": listing.title,
        "price": listing.price,
        "currency": listing.currency,
        "price_status": listing.price_status,
        "category": list(listing.category_path),
        "location": listing.location,
        "listed_at": listing.listed_at,
        "photos": [photo_url(photo) for photo in photos],
    }


def whole_listing_of(listing: Listing, photos: Iterable[Photo]) -> answers.WholeListing:
    """With all that its seller has said."""
    fields = listing_of(listing, photos)
    return answers.WholeListing(**fields, description=listing.description)


def photo_url(photo: Photo) -> str:
    """Where GET gives the photo."""
    return f"/photos/{quote(photo.image_id, safe='')}"
