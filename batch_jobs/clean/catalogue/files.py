"""Streams the files of a catalogue's folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from release.store import Entry, Store


def files_below(store: Store, prefix: str) -> Iterator[Entry]:
    """Every file below a folder ("": the whole store), in no certain order and never all held.

    A version is an ETag on S3 and the time of the last change on disk: no file is read.
    """
    folder = store.local(prefix)
    if folder is None:
        return store.list(prefix)
    return _local_files(folder, f"{prefix}/" if prefix else "")


def _local_files(folder: Path, prefix: str) -> Iterator[Entry]:
    # Not through the store, which refuses a whole folder for one file name that it cannot hold;
    # not os.walk, which holds all names of a folder.
    folders = [(os.fspath(folder), prefix)] if folder.is_dir() else []
    while folders:
        parent, path = folders.pop()
        with os.scandir(parent) as found:
            for file in found:
                name = os.fsencode(file.name).decode("utf-8", "backslashreplace")
                if file.is_dir(follow_symlinks=False):
                    folders.append((file.path, f"{path}{name}/"))
                elif file.is_file():
                    stat = file.stat()
                    yield Entry(f"{path}{name}", stat.st_size, str(stat.st_mtime_ns))
