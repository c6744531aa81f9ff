"""A SQLite file of a release, opened read-only. One object may be used from several threads."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from release.errors import ReleaseFileError

T = TypeVar("T")
Row = tuple[Any, ...]

_BATCH = 500  # bound variables in one statement


class TableFile:
    """Raises ReleaseFileError, here and in each method, where the file is damaged or no such one.

    `version` is what its user_version must be.
    """

    def __init__(self, path: Path, version: int) -> None:
        self._path = path
        self._reading = threading.Lock()
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = self._sound(lambda: sqlite3.connect(uri, uri=True, check_same_thread=False))
        found = self.one("PRAGMA user_version")
        if found != version:
            raise ReleaseFileError(
                f"{path} has listings of version {found}, this software reads {version}. "
                "Update the software, or publish the run again."
            )

    def close(self) -> None:
        self._db.close()

    def one(self, statement: str) -> int:
        """The number that a statement gives."""
        return int(self.all(statement)[0][0])

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement."""
        # From Python 3.12 on threads that share a connection get each other's rows.
        with self._reading:
            return self._sound(lambda: self._db.execute(statement, values).fetchall())

    def of(self, statement: str, values: Sequence[Any], *more: Any) -> Iterator[Row]:
        """The rows of a statement with {} for a list of values, however many they are."""
        for start in range(0, len(values), _BATCH):
            some = values[start : start + _BATCH]
            yield from self.all(statement.format(",".join("?" * len(some))), (*some, *more))

    def rows(self, statement: str) -> Iterator[Row]:
        """One after the other, however many they are. Nobody else may read meanwhile."""
        cursor = self._sound(lambda: self._db.execute(statement))
        while row := self._sound(cursor.fetchone):
            yield row

    def _sound(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except sqlite3.DatabaseError as error:
            raise ReleaseFileError(
                f"{self._path} is damaged or not a listings file: {error}. Publish the run again."
            ) from error
