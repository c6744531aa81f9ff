"""A catalogue as the user gave it: a folder, a URL or a name in the store."""

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from batch_jobs.clean.catalogue.catalogue_file import FILE
from batch_jobs.clean.catalogue.files import files_below
from batch_jobs.clean.catalogue.find_layout import LAYOUT, find_layout
from batch_jobs.clean.catalogue.layout import Layout
from release.errors import JobError
from release.store import Entry, Store


class Catalogue:
    """Tables and the files of photos. The name is safe as a key."""

    def __init__(self, name: str, store: Store, layout: Layout) -> None:
        self.name = name
        self.store = store
        self.layout = layout

    def photo_files(self) -> Iterator[Entry]:
        """Every file below the folder of photos but the tables, in no certain order."""
        others = {FILE, *(table.file for table in self.layout.tables)}
        files = files_below(self.store, self.layout.photo_folder)
        return (file for file in files if file.path not in others)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 that changes with the tables' content and the photos' names, sizes and versions.

        A version is an ETag on S3 and the time of the last change on disk: no photo is read.
        """
        digest = hashlib.sha256()
        for file in (FILE, *(table.file for table in self.layout.tables)):
            digest.update(self._digest_of(file))
        # A sum, as the files come in no certain order and are too many to be sorted.
        total = 0
        for entry in self.photo_files():
            line = f"{entry.path}\0{entry.size_bytes}\0{entry.version}".encode()
            total += int.from_bytes(hashlib.sha256(line).digest())
        digest.update((total % 2**256).to_bytes(32))
        return digest.hexdigest()

    def _digest_of(self, file: str) -> bytes:
        """The SHA-256 of a file's name and content; of nothing where there is no such file."""
        content = hashlib.sha256()
        if entry := self.store.stat(file):
            content.update(f"{file}\0".encode())
            for chunk in self.store.read_chunks(file, entry.size_bytes):
                content.update(chunk)
        return content.digest()


def open_catalogue(given: str, store: Store) -> Catalogue:
    """Finds a catalogue and checks that it can be cleaned; raises JobError or StoreError."""
    name, found = _find(given, store)
    return Catalogue(name, found, find_layout(found))


def _find(given: str, store: Store) -> tuple[str, Store]:
    if "://" in given:
        return _safe_name(given), Store(given)
    folder = Path(given)
    if given and folder.is_dir():
        return _safe_name(str(folder.resolve())), Store(given)
    if folder.is_file():
        raise JobError(f"--catalogue {given}: this is a file. {LAYOUT}")
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", given):
        prefix = f"catalogues/{given}"
        if next(files_below(store, prefix), None):
            return _safe_name(given), Store(store.where(prefix))
    raise JobError(
        f"--catalogue {given!r}: there is no such folder, and the store {store.url} has no "
        f"catalogue of that name. {LAYOUT}"
    )


def _safe_name(location: str) -> str:
    """The last part of a path or URL, of letters, digits, dots, dashes and underscores."""
    last = location.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._")[:60] or "catalogue"
