"""Log lines are JSON whatever is in them, come once, and say which request they are of."""

import json
import logging
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lines_of_log import parsed

from lambda_search.logs import MAX_EXCEPTION, MAX_MESSAGE, JsonLines, printable
from lambda_search.request_ids import identified, request_id

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
ROOT = Path(__file__).parents[2]
HARD = (
    '\n\r\x00\x1b[31m\x9b\u2028\ud800 \udc00\N{GRINNING FACE}"}'  # chance seldom finds half a pair
)
LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "search"}
# As awslambdaric and uvicorn set logging up before the application is made.
AS_ON_LAMBDA = """
import io, logging, warnings
from awslambdaric import bootstrap
bootstrap._setup_logging(bootstrap.LogFormat.TEXT, "", bootstrap.StandardLogSink())
"""
UNDER_UVICORN = """
import logging, logging.config, warnings
from uvicorn.config import LOGGING_CONFIG
logging.config.dictConfig(LOGGING_CONFIG)
"""
CONFIGURED = """
from lambda_search.logs import configure
from lambda_search.settings import Settings
configure(Settings.from_environment())
configure(Settings.from_environment())
"""


def _record(message: str, *args: object, exc_info=None) -> logging.LogRecord:
    return logging.LogRecord("release", logging.INFO, "p.py", 1, message, args, exc_info)


def _run(code: str, **environment: str) -> list[str]:
    """What code writes to standard output in a fresh interpreter; nothing may go elsewhere."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    return run.stdout.splitlines()


@example(HARD, "")
@example("", HARD)
@given(ANY_TEXT, ANY_TEXT)
def test_a_line_is_one_object_whatever_is_logged_or_raised(message, told):
    try:
        raise ValueError(told)
    except ValueError:
        line = JsonLines().format(_record("%s", message, exc_info=sys.exc_info()))
    found = parsed(line)
    assert found["message"] == printable(message, MAX_MESSAGE)
    assert printable(told, MAX_EXCEPTION) in found["exception"]


def test_the_fields_of_a_line():
    record = _record("Release %s serves.", "r-1")
    found = parsed(JsonLines().format(record))
    written_at = datetime.fromisoformat(found.pop("time"))
    assert written_at.utcoffset() == timedelta(0)
    assert abs(written_at.timestamp() - record.created) <= 0.001
    assert found == {"level": "INFO", "logger": "release", "message": "Release r-1 serves."}


def test_a_traceback_is_one_field_and_a_long_one_keeps_its_end():
    try:
        raise ValueError("a" * 2 * MAX_EXCEPTION + "the end")
    except ValueError:
        found = parsed(JsonLines().format(_record("failed", exc_info=sys.exc_info())))
    assert len(found["exception"]) == MAX_EXCEPTION
    assert found["exception"].endswith("the end")
    assert len(parsed(JsonLines().format(_record("m" * 9 * MAX_MESSAGE)))["message"]) == MAX_MESSAGE


def _scope(of_client: bytes | None = None, **more: object) -> dict:
    headers = [] if of_client is None else [(b"x-request-id", of_client)]
    return {"type": "http", "headers": headers, **more}


def test_lines_of_a_request_have_its_id_and_others_have_none():
    with identified(_scope(b"from-client.1")):
        assert parsed(JsonLines().format(_record("in")))["request_id"] == "from-client.1"
    assert "request_id" not in parsed(JsonLines().format(_record("out")))
    assert request_id() == ""


def test_lambdas_id_comes_before_the_clients():
    context = SimpleNamespace(aws_request_id="8f5c1c0e-1d2f")
    with identified(_scope(b"from-client", **{"aws.context": context})) as found:
        assert found == "8f5c1c0e-1d2f"


@pytest.mark.parametrize("of_client", [b"", b"a" * 65, b"a b", b"a\n", b"\x1b[31m", b'"', b"\xff"])
def test_a_clients_id_that_could_do_harm_is_replaced(of_client):
    with identified(_scope(of_client)) as found, identified(_scope(of_client)) as next_one:
        assert len(found) == len(next_one) == 36
        assert found != next_one


@pytest.mark.parametrize("before", [AS_ON_LAMBDA, UNDER_UVICORN])
def test_every_line_comes_once_and_as_json(before):
    code = f"""{before}{CONFIGURED}
logging.getLogger("lambda_search.releases").info("ours")
logging.getLogger("uvicorn.error").info("the server's")
logging.getLogger("uvicorn.access").info("access")
logging.getLogger("mangum.http").info("GET / 200")
logging.getLogger("elsewhere").debug("a library's details")
warnings.warn("a warning")
"""
    lines = [parsed(line) for line in _run(code, **(LAMBDA if before is AS_ON_LAMBDA else {}))]
    assert [one["message"] for one in lines[:2]] == ["ours", "the server's"]
    assert [one["logger"] for one in lines[2:]] == ["py.warnings"]


def _levels(level: str, **environment: str) -> list[str]:
    code = f"""{UNDER_UVICORN}{CONFIGURED}
for name in ("lambda_search.requests", "release.store", "PIL"):
    for level in (logging.DEBUG, logging.INFO, logging.ERROR):
        logging.getLogger(name).log(level, "%s at %d", name, level)
"""
    lines = _run(code, LOG_LEVEL=level, **environment)
    return [json.loads(line)["message"] for line in lines]


def test_a_level_below_which_nothing_is_logged_and_libraries_never_tell_details():
    ours, libraries = ("lambda_search.requests", "release.store"), "PIL"
    every = {f"{name} at {level}" for name in ours for level in (10, 20, 40)}
    assert set(_levels("DEBUG")) == every | {f"{libraries} at {level}" for level in (20, 40)}
    assert set(_levels("ERROR")) == {f"{name} at 40" for name in (*ours, libraries)}


def test_on_lambda_a_requests_line_is_there_at_any_level_since_it_has_the_metrics():
    found = set(_levels("ERROR", **LAMBDA))
    assert found - set(_levels("ERROR")) == {"lambda_search.requests at 20"}
