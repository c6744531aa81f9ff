"""Shows searches: a table on the terminal, and a page with the photos inside it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from release.blobs import Blob, read_blob
from release.errors import JobError
from release.faiss_search import ListingHit
from release.listings import Filters, Listing
from release.pixels import encode, prepare
from release.reader import Release
from release.store import Store

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


@dataclass(frozen=True)
class Search:
    """A photo that was searched with, and what was found."""

    name: str
    photo: bytes  # as it was given
    category: str
    hits: list[ListingHit]
    own_listing: str | None = None  # the listing that the photo is of, where that is known


def search_photo(
    release: Release, name: str, photo: bytes, k: int, filters: Filters | None = None
) -> Search:
    """Raises PhotoError for bytes that are no photo, QueryError for a `k` out of range."""
    extracted = release.extract(photo)
    probabilities = extracted.category_probabilities[0]
    best = int(probabilities.argmax())
    category = f"{' / '.join(release.manifest.categories[best])} ({probabilities[best]:.0%})"
    hits = release.search.search_listings(extracted.embedding, k, filters)
    return Search(name, photo, category, hits)


def price_text(listing: Listing) -> str:
    """The price as a person writes it."""
    if listing.price is None or listing.price_status == "free":
        return {"free": "Free"}.get(listing.price_status, "no price")
    symbol = SYMBOLS.get(listing.currency or "", f"{listing.currency or ''} ")
    text = f"{symbol}{listing.price:,.2f}"
    return f"{text} ?" if listing.price_status == "suspicious" else text


def print_table(search: Search) -> None:
    """One row a listing, nearest first, on standard output."""
    if not search.hits:
        print("No listing matches the filters.")
        return
    table = Table(title=f"Listings that look like {escape(search.name)}", title_justify="left")
    for heading in ("#", "title", "price", "category", "similarity"):
        right = heading in ("#", "price", "similarity")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for place, hit in enumerate(search.hits, 1):
        same = " (same item)" if hit.listing.product_id == search.own_listing else ""
        table.add_row(
            str(place),
            escape(hit.listing.title) + same,
            price_text(hit.listing),
            escape(
                " / ".join(hit.listing.category_path[1:]) or " / ".join(hit.listing.category_path)
            ),
            f"{hit.similarity:.3f}",
        )
    Console().print(table)


def write_page(
    path: Path, title: str, searches: Sequence[Search], release: Release, store: Store
) -> None:
    """Writes one HTML file, with the photos inside it."""
    environment = Environment(
        loader=PackageLoader("batch_jobs", "."), autoescape=select_autoescape(["html", "j2"])
    )
    page = environment.get_template("results.html.j2").render(
        title=title,
        release=release.manifest.release_id,
        listings=release.search.listing_count,
        photos=release.search.photo_count,
        searches=[_search_values(search, release, store) for search in searches],
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}.") from error


def _search_values(search: Search, release: Release, store: Store) -> dict[str, object]:
    prepared = encode(prepare(search.photo, release.extractor.size).pixels)
    query = {
        "name": search.name,
        "category": search.category,
        "photo": _data_uri(prepared),
    }
    return {"query": query, "hits": [_hit_values(hit, search, store) for hit in search.hits]}


def _hit_values(hit: ListingHit, search: Search, store: Store) -> dict[str, object]:
    photo = read_blob(store, Blob(hit.photo.sha256, hit.photo.size_bytes))
    return {
        "title": hit.listing.title,
        "price": price_text(hit.listing),
        "location": hit.listing.location,
        "category": " / ".join(hit.listing.category_path),
        "similarity": f"{hit.similarity:.3f}",
        "same": hit.listing.product_id == search.own_listing,
        "photo": _data_uri(photo),
    }


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
