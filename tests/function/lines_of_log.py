"""Collects log lines as the function writes them, without touching the root logger."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambda_search.logs import REQUESTS, JsonLines


class _Collecting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def request_lines() -> Iterator[list[str]]:
    """The line of each request that ends inside."""
    logger, handler = logging.getLogger(REQUESTS), _Collecting()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def parsed(line: str) -> dict[str, Any]:
    """A line's object. It fails where the line is not one of JSON in printable ASCII."""
    assert line.isascii()
    assert line.isprintable()
    found = json.loads(line)
    json.dumps(found, ensure_ascii=False).encode("utf-8")  # fails on half a surrogate pair
    assert isinstance(found, dict)
    return found
