"""Prepared photos on local disk: one file of JPEGs that every process maps into its memory."""

import mmap
from pathlib import Path

import numpy as np

from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards

PHOTOS_FILE, ENDS_FILE = "photos.bin", "ends.npy"


def lay_out(clean: StageFolder, folder: Path) -> None:
    """Writes the photos that `clean` kept, in the order of its files, and where each ends."""
    ends: list[int] = []
    position = 0
    with (folder / PHOTOS_FILE).open("wb") as file:
        for _, table in read_shards(clean, "photos-", ["photo"]):
            for photo in table.column("photo"):
                position += file.write(photo.as_py())
                ends.append(position)
    np.save(folder / ENDS_FILE, np.array(ends, np.int64))


class Jpegs:
    """The photos that `lay_out` wrote, by place. Decoding processes share the file's pages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = np.load(folder / ENDS_FILE)  # (n,) bytes
        with (folder / PHOTOS_FILE).open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __reduce__(self) -> tuple[type["Jpegs"], tuple[Path]]:
        return Jpegs, (self._folder,)  # a process that is not forked maps the file anew

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> bytes:
        start = int(self._ends[place - 1]) if place else 0
        return self._bytes[start : int(self._ends[place])]
