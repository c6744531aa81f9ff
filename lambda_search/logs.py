"""Log lines as JSON: one object a line, in ASCII, whatever is in it."""

import json
import logging
import sys
from datetime import UTC, datetime

from lambda_search.request_ids import request_id
from lambda_search.settings import Settings, function_name

REQUESTS = "lambda_search.requests"  # the logger that has one line a request
_OWN = ("lambda_search", "release")
MAX_MESSAGE = 4000  # characters; CloudWatch takes 256 kB a line
MAX_EXCEPTION = 16_000


def configure(settings: Settings) -> None:
    """All that is logged becomes JSON lines on standard output, from `settings.log_level` up.

    Lambda's and uvicorn's own handlers go, so that no line comes twice. May be called again.
    """
    root = logging.getLogger()
    kept = [] if function_name() else [one for one in root.handlers if not _is_ours(one)]
    root.handlers[:] = [*kept, _StandardOutput()]
    _set_levels(logging.getLevelNamesMapping()[settings.log_level])
    _quieten_servers()
    logging.captureWarnings(True)


def printable(text: str, most: int) -> str:
    """At most `most` characters of it; what UTF-8 has no bytes for is a question mark."""
    return text[:most].encode("utf-8", "replace").decode("utf-8")


class JsonLines(logging.Formatter):
    """A record as one line. `extra={"fields": {...}}` adds fields of any JSON type."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": _iso(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": printable(record.getMessage(), MAX_MESSAGE),
        }
        if of_request := request_id():
            fields["request_id"] = of_request
        if record.exc_info:
            # The end of a traceback says what happened.
            text = self.formatException(record.exc_info)[-MAX_EXCEPTION:]
            fields["exception"] = printable(text, MAX_EXCEPTION)
        return json.dumps(fields | getattr(record, "fields", {}))


class _StandardOutput(logging.Handler):
    """Writes to sys.stdout as it is at that moment: Lambda changes it for one of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # One write, so that lines of several processes do not mix.
            sys.stdout.write(self.format(record) + "\n")
            sys.stdout.flush()
        except Exception:  # as every handler does: a line lost is no request lost
            self.handleError(record)


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler, _StandardOutput)


def _set_levels(level: int) -> None:
    # Libraries' debug lines tell of every chunk of a body; photos stay out of the log.
    logging.getLogger().setLevel(max(level, logging.INFO))
    for name in _OWN:
        logging.getLogger(name).setLevel(level)
    # On Lambda a request's line is its metrics too, which no level may silence.
    logging.getLogger(REQUESTS).setLevel(logging.INFO if function_name() else logging.NOTSET)


def _quieten_servers() -> None:
    """uvicorn's lines come through the root; its and Mangum's line a request would be a second."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("mangum.http").setLevel(logging.WARNING)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
