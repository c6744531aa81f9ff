"""The commands that use releases: list them, go back to one, search, serve."""

import errno
import os
import socket
import sys
import tempfile
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from batch_jobs.arguments import StoreUrl
from batch_jobs.stage import cpu_count
from release.errors import JobError
from release.filters import Filters
from release.store import Store

ReleaseId = Annotated[
    str, typer.Argument(metavar="[RELEASE]", help="Which one.", show_default="the newest older one")
]
PhotoPath = Annotated[Path, typer.Argument(metavar="PHOTO", help="A photo file.")]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="How many listings to find.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page with photos to this file.")]
Open = Annotated[bool, typer.Option("--open", help="Show the page with photos in the browser.")]
Category = Annotated[str, typer.Option(help='Only below this category, such as "Home / Chairs".')]
PriceMin = Annotated[float | None, typer.Option(help="Only from this price on.")]
PriceMax = Annotated[float | None, typer.Option(help="Only up to this price.")]
Location = Annotated[str, typer.Option(help="Only at this location.")]
ListedAfter = Annotated[
    datetime | None, typer.Option(help="Only listed from this day or time (UTC) on.")
]
Words = Annotated[str, typer.Option(help='Only with titles that have such words: "oak cha".')]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def releases(store: StoreUrl = "./store") -> None:
    """Lists the releases, oldest first; * marks the current one."""
    from release.fetching import list_manifests, read_pointer

    opened = Store(store)
    pointer = read_pointer(opened)
    for manifest in list_manifests(opened):
        mark = "*" if pointer and pointer.release_id == manifest.release_id else " "
        shown = sum(segment.listings - segment.dead_listings for segment in manifest.segments)
        made = f"{manifest.created_at[:19]}  {shown} listings  {manifest.extractor.backbone}"
        print(f"{mark} {manifest.release_id}  {made} {manifest.extractor.precision}")
    if pointer is None:
        print(f"{store} has no release yet")


def rollback(release: ReleaseId = "", store: StoreUrl = "./store") -> None:
    """Makes an older release, or any one named, current."""
    from release.fetching import list_manifests, read_pointer
    from release.publisher import make_current, rollback_target

    opened = Store(store)
    seen = read_pointer(opened)
    chosen = release or rollback_target(opened, list_manifests(opened))
    make_current(opened, chosen, seen)
    print(f"{chosen} is current")


def search(
    photo: PhotoPath,
    store: StoreUrl = "./store",
    k: K = 10,
    html: Html = None,
    open_page: Open = False,
    category: Category = "",
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    location: Location = "",
    listed_after: ListedAfter = None,
    words: Words = "",
) -> None:
    """Prints the listings that look like a photo."""
    from batch_jobs.results import print_table, search_photo, write_page
    from release.reader import open_current

    content = _read(photo)
    if price_min is not None and price_max is not None and price_min > price_max:
        raise JobError(
            f"--price-min is {price_min} and --price-max {price_max}: nothing is between."
        )
    path = tuple(name.strip() for name in category.split("/") if name.strip())
    since = listed_after and listed_after.replace(tzinfo=UTC)
    filters = Filters(
        path or None, price_min, price_max, location or None, since, words=words or None
    )
    opened = Store(store)
    with tempfile.TemporaryDirectory() as cache:
        release = open_current(opened, Path(cache), cpu_count())
        found = search_photo(release, photo.name, content, k, filters)
        print_table(found)
        if html or open_page:
            page = html or Path(tempfile.mkdtemp(prefix="marketplace-search-")) / "search.html"
            write_page(page, f"Listings that look like {photo.name}", [found], release, opened)
            print(f"The same with photos: {page}")
            if open_page:
                webbrowser.open(page.resolve().as_uri())


def serve(store: StoreUrl = "./store", host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Serves searches over HTTP."""
    Store(store)  # a store that is not there is said now, not by every request
    _check_free(host, port)
    print(f"The search page: http://{host}:{port}", flush=True)
    # The function reads its store from the environment, here as on AWS.
    command = ["env", f"STORE_URL={store}", sys.executable, "-m", "uvicorn", "--factory"]
    command += ["lambda_search.app:create_app", "--host", host, "--port", str(port)]
    os.execvp(command[0], [*command, "--no-server-header"])  # noqa: S606


def _check_free(host: str, port: int) -> None:
    """Raises JobError where nothing can listen there."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise JobError(f"{host}:{port} {why}. Another: --port {port % 65535 + 1}") from error


def _read(photo: Path) -> bytes:
    try:
        return photo.read_bytes()
    except OSError as error:
        raise JobError(f"{photo} cannot be read: {error.strerror}.") from error
