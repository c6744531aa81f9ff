"""A table of figures in JSON, whose values another file may replace one by one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from release.errors import JobError


def load_table(kind: TypeAdapter[Any], bundled: Path, path: Path | None) -> Any:
    """The bundled table as its dataclass, or with the values of a file in place of its own.

    Raises JobError where the file cannot be read or a value does not fit.
    """
    table = json.loads(bundled.read_text())
    if path is not None:
        table = merged(table, _read(path))
    try:
        return kind.validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise JobError(f"{path or bundled}: {where}: {first['msg']}.") from error


def merged(table: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the other's values in place of its own, at any depth."""
    found = dict(table)
    for name, value in other.items():
        deep = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = merged(found[name], value) if deep else value
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text())
    except OSError as error:
        raise JobError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise JobError(f"{path} is not JSON: {error}.") from error
    if not isinstance(read, dict):
        raise JobError(f"{path} has no JSON object; give names with the values they are to have.")
    return read
