"""A catalogue as the user gave it: a folder, a URL or a name in the store."""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from batch_jobs.clean.header import IMAGES, PRODUCTS, Columns, Header
from batch_jobs.clean.lines import read_lines
from release.errors import JobError
from release.store import Entry, Store

LAYOUT = "A catalogue is a folder with Products.csv, Images.csv and images/."


class Catalogue:
    """Products.csv, Images.csv and the files below images/. The name is safe as a key."""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self.store = store

    @cached_property
    def photo_files(self) -> list[Entry]:
        """Every file below images/, sorted by path."""
        folder = self.store.local("images")
        found = _local_files(folder) if folder else self.store.list("images")
        return sorted(found, key=lambda entry: entry.path)

    def chunks(self, file: str) -> Iterator[bytes]:
        """A table's bytes, in order."""
        entry = self.store.stat(file)
        if entry is None:
            raise JobError(f"{self.store.where(file)} is missing. {LAYOUT}")
        if entry.size_bytes == 0:
            raise JobError(f"{self.store.where(file)} is empty. Export it again.")
        return self.store.read_chunks(file, entry.size_bytes)

    def fingerprint(self) -> str:
        """SHA-256 that changes with the tables' content and the photos' names, sizes and versions.

        A version is an ETag on S3 and the time of the last change on disk: no photo is read.
        """
        digest = hashlib.sha256()
        for file in (PRODUCTS.file, IMAGES.file):
            content = hashlib.sha256()
            for chunk in self.chunks(file):
                content.update(chunk)
            digest.update(content.digest())
        for entry in self.photo_files:
            digest.update(f"{entry.path}\0{entry.size_bytes}\0{entry.version}\n".encode())
        return digest.hexdigest()


def open_catalogue(given: str, store: Store) -> Catalogue:
    """Finds a catalogue and checks that it can be cleaned; raises JobError or StoreError."""
    catalogue = _find(given, store)
    for columns in (PRODUCTS, IMAGES):
        _check_columns(catalogue, columns)
    if not catalogue.photo_files:
        raise JobError(f"{catalogue.store.where('images/')} has no photos. {LAYOUT}")
    return catalogue


def _find(given: str, store: Store) -> Catalogue:
    if "://" in given:
        return Catalogue(_safe_name(given), Store(given))
    folder = Path(given)
    if given and folder.is_dir():
        return Catalogue(_safe_name(str(folder.resolve())), Store(given))
    if folder.is_file():
        raise JobError(f"--catalogue {given}: this is a file. {LAYOUT}")
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", given):
        prefix = f"catalogues/{given}"
        if store.stat(f"{prefix}/{PRODUCTS.file}"):
            return Catalogue(_safe_name(given), Store(store.where(prefix)))
    raise JobError(
        f"--catalogue {given!r}: there is no such folder, and the store {store.url} has no "
        f"catalogue of that name. {LAYOUT}"
    )


def _check_columns(catalogue: Catalogue, columns: Columns) -> None:
    lines = read_lines(catalogue.chunks(columns.file))
    header = Header.of(next((text for _, text in lines), ""), columns)
    if header.missing:
        raise JobError(
            f"{catalogue.store.where(columns.file)} has no column {', '.join(header.missing)}. "
            f"Found: {', '.join(map(repr, header.names))[:500]}. "
            f"Needed: {', '.join(columns.needed)}."
        )


def _safe_name(location: str) -> str:
    """The last part of a path or URL, of letters, digits, dots, dashes and underscores."""
    last = location.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._")[:60] or "catalogue"


def _local_files(folder: Path) -> Iterator[Entry]:
    # Not through the store, which refuses a whole folder for one file name that it cannot hold.
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file():
                relative = os.fsencode(path.relative_to(folder))
                where = relative.decode("utf-8", "backslashreplace")
                stat = path.stat()
                yield Entry(f"images/{where}", stat.st_size, str(stat.st_mtime_ns))
