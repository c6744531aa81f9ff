"""Reads JSON lines: one object a line, or a few lines where text has newlines of its own."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from batch_jobs.clean.catalogue.layout import Table, same_name
from batch_jobs.clean.records.lines import read_lines
from batch_jobs.clean.records.records import BrokenRecord, Record, Value
from batch_jobs.clean.records.values import value_of

MAX_CHARS = 2**20  # of one object; a brace that never closes must not take the whole file
_TOKEN = re.compile(r'"|[{}]')
_IN_TEXT = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_decode = json.JSONDecoder(strict=False).decode  # a newline may stand in a text as it is


def read_json_lines(chunks: Iterable[bytes], table: Table) -> Iterator[Record | BrokenRecord]:
    """Every line that is not blank, in a record or a broken one. Never raises.

    Lines are put together until they are an object, or until another line begins with a brace.
    """
    roles = {role: same_name(name) for role, name in table.columns.items()}
    for found in _objects(read_lines(chunks)):
        if isinstance(found, BrokenRecord):
            yield found
        else:
            yield Record(_fields(found.content, roles), found.line_from, found.line_to, found.raw)


def names_in_json_lines(chunks: Iterable[bytes], wanted: set[str]) -> dict[str, None]:
    """The names of all objects in the order found, up to where all that are wanted are found."""
    names: dict[str, None] = {}
    for found in _objects(read_lines(chunks)):
        if not isinstance(found, BrokenRecord):
            names |= dict.fromkeys(map(same_name, found.content))
            if wanted <= names.keys():
                break
    return names


class _Object(NamedTuple):
    content: dict[str, Any]
    line_from: int
    line_to: int
    raw: str


def _objects(lines: Iterable[tuple[int, str]]) -> Iterator[_Object | BrokenRecord]:
    group: list[str] = []
    first = 0
    scan = _Scan()
    for number, line in lines:
        if group and (line.lstrip().startswith("{") or scan.is_over):
            yield _object(first, group)
            group = []
        if not group:
            if not line.strip():
                continue
            found = _object(number, [line])
            if isinstance(found, _Object):
                yield found
                continue
            first, scan = number, _Scan()
        group.append(line)
        scan.add(line)
    if group:
        yield _object(first, group)


class _Scan:
    """Whether all braces of an object are closed, line by line."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self._chars = 0

    @property
    def is_over(self) -> bool:
        return (self._depth <= 0 and not self._in_text) or self._chars > MAX_CHARS

    def add(self, line: str) -> None:
        self._chars += len(line)
        position = 0
        while True:
            if self._in_text:
                position = self._after_text(line, position)
            found = _TOKEN.search(line, position)
            if found is None or self._in_text:
                return
            position = found.end()
            self._in_text = found[0] == '"'
            self._depth += {"{": 1, "}": -1}.get(found[0], 0)

    def _after_text(self, line: str, position: int) -> int:
        inside = _IN_TEXT.match(line, position)
        end = inside.end() if inside else len(line)
        self._in_text = end >= len(line) or line[end] != '"'
        return end + 1


def _object(first: int, lines: list[str]) -> _Object | BrokenRecord:
    while not lines[-1].strip():
        lines.pop()
    raw, last = "\n".join(lines), first + len(lines) - 1
    try:
        content = _decode(raw)
    except (ValueError, RecursionError) as error:
        return BrokenRecord(first, last, raw, f"No JSON object: {error}.")
    if isinstance(content, dict):
        return _Object(content, first, last, raw)
    kind = type(content).__name__
    return BrokenRecord(first, last, raw, f"JSON, but of the kind {kind} and no object.")


def _fields(content: dict[str, Any], roles: dict[str, str]) -> dict[str, Value]:
    named = {_same_name(name): value for name, value in reversed(content.items())}
    return {role: value_of(named.get(name), role) for role, name in roles.items()}


_same_name = lru_cache(maxsize=1000)(same_name)
