"""Shows searches: a table on the terminal, and a page with the photos inside it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from batch_jobs.verdict import percent_text, telling_curve, verdict
from release.blobs import Blob, read_blob
from release.calibration import Calibration
from release.errors import JobError
from release.faiss_search import ListingHit, Wanted
from release.filters import Filters
from release.listings import Listing
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
    calibration: Calibration = field(default_factory=Calibration)


def search_photo(
    release: Release, name: str, photo: bytes, k: int, filters: Filters | None = None
) -> Search:
    """Raises PhotoError for bytes that are no photo, QueryError for a `k` out of range."""
    extracted = release.extract(photo)
    probabilities = extracted.category_probabilities[0]
    best = int(probabilities.argmax())
    path = " / ".join(release.manifest.categories[best])
    category = f"{path} ({percent_text(float(probabilities[best]))})"
    hits = release.search.search_listings(extracted.embedding, k, Wanted(filters))
    return Search(name, photo, category, hits, calibration=release.manifest.calibration)


def price_text(listing: Listing) -> str:
    """The price as a person writes it."""
    if listing.price is None or listing.price_status == "free":
        return {"free": "Free"}.get(listing.price_status, "no price")
    symbol = SYMBOLS.get(listing.currency or "", f"{listing.currency or ''} ")
    text = f"{symbol}{listing.price:,.2f}"
    return f"{text} ?" if listing.price_status == "suspicious" else text


def print_table(search: Search) -> None:
    """One row a listing, nearest first, on standard output; then whether the first is any good."""
    console = Console()
    if search.hits:
        console.print(_table(search))
    found = verdict(search.hits, search.calibration)
    if found.said:
        console.print(Text(str(found), "green" if found.good else "yellow"), soft_wrap=True)


def _table(search: Search) -> Table:
    table = Table(title=f"Listings that look like {escape(search.name)}", title_justify="left")
    curve = telling_curve(search.calibration)
    for heading in ("#", "title", "price", "category", "similarity", *(curve[:1] if curve else ())):
        left = heading in ("title", "category")
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for place, hit in enumerate(search.hits, 1):
        own = " (its own listing)" if hit.listing.product_id == search.own_listing else ""
        path = hit.listing.category_path
        table.add_row(
            str(place),
            escape(hit.listing.title) + own,
            price_text(hit.listing),
            escape(" / ".join(path[1:]) or " / ".join(path)),
            f"{hit.similarity:.3f}",
            *([percent_text(curve[1].probability(hit.similarity))] if curve else []),
        )
    return table


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
    return {
        "query": query,
        "verdict": verdict(search.hits, search.calibration),
        "hits": [_hit_values(hit, search, store) for hit in search.hits],
    }


def _hit_values(hit: ListingHit, search: Search, store: Store) -> dict[str, object]:
    photo = read_blob(store, Blob(hit.photo.sha256, hit.photo.size_bytes))
    return {
        "title": hit.listing.title,
        "price": price_text(hit.listing),
        "location": hit.listing.location,
        "category": " / ".join(hit.listing.category_path),
        "similarity": f"{hit.similarity:.3f}",
        "chance": _chance_values(hit, search.calibration),
        "own": hit.listing.product_id == search.own_listing,
        "photo": _data_uri(photo),
    }


def _chance_values(hit: ListingHit, calibration: Calibration) -> dict[str, str] | None:
    curve = telling_curve(calibration)
    if curve is None:
        return None
    probability = curve[1].probability(hit.similarity)
    return {
        "of": curve[0],
        "text": percent_text(probability),
        "width": f"{100 * probability:.1f}%",
    }


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
