"""Serves the search page: files of our own, and headers by which a browser runs nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from lambda_search.errors import RequestError
from lambda_search.releases import Releases
from lambda_search.routes import PRESIGNED_FOR
from lambda_search.settings import Settings
from lambda_search.threads import Route
from release.errors import StoreError
from release.store import Store

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
_KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

router = APIRouter(route_class=Route, include_in_schema=False)


@dataclass(frozen=True)
class Page:
    """Every file by its name. `version` is of all, so that no browser mixes those of two."""

    version: str
    files: Mapping[str, bytes]


@cache
def read_page() -> Page:
    """Read when first asked for: most cold starts are for a search."""
    files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    version = digest.hexdigest()[:12]
    files[INDEX] = files[INDEX].replace(b"VERSION", version.encode())
    return Page(version, files)


@router.api_route("/", methods=["GET", "HEAD"])
def page(request: Request) -> Response:
    """The page itself; it is there also while there is no release."""
    headers = {**_HEADERS, "Cache-Control": "no-cache", "Content-Security-Policy": _policy(request)}
    return Response(read_page().files[INDEX], 200, headers, "text/html")


@router.api_route("/page/{of_version}/{name}", methods=["GET", "HEAD"])
def file(of_version: str, name: str) -> Response:
    """A file that the page names, kept by browsers for ever under this version's address."""
    found = read_page()
    if name not in found.files or name == INDEX:
        raise RequestError("not_found", f"The page has no file {name!r}.")
    caching = _FOR_EVER if of_version == found.version else "no-cache"
    headers = {**_HEADERS, "Cache-Control": caching}
    return Response(found.files[name], 200, headers, _KINDS[Path(name).suffix])


def _policy(request: Request) -> str:
    photos = _origin(request.app.state.releases, request.app.state.settings)
    policy = {**_POLICY, "img-src": f"{_POLICY['img-src']} {photos}".rstrip()}
    return "; ".join(f"{name} {allowed}" for name, allowed in policy.items())


def _origin(releases: Releases, settings: Settings) -> str:
    """Where photos are redirected to, which a page must be allowed too; '' for a folder."""
    try:
        store = releases.current_with_store()[0] if releases.has_one else Store(settings.store_url)
        url = urlsplit(store.presign("photo", PRESIGNED_FOR) or "")
    except StoreError:
        return ""  # the page says that there is nothing to search in, and shows no photo
    return f"{url.scheme}://{url.netloc}" if url.netloc else ""
