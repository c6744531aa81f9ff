"""When a listing was put up, in each notation and in none."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.listings.dates import LAST, ListedAt, read_listed_at

FIRST = datetime(1970, 1, 2)  # noqa: DTZ001 (hypothesis asks for none)
MOMENTS = st.datetimes(FIRST, FIRST.replace(9999, 12, 30))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ODD = st.text(st.characters(exclude_categories=()) | st.sampled_from("0123456789-:TZ+. "))


def seconds(moment: datetime) -> int:
    return math.floor(moment.timestamp())


@given(ODD)
def test_no_text_is_too_odd(text: str) -> None:
    found, status = read_listed_at(text)
    assert (found is not None) == (status == "ok")
    assert found is None or 0 < found <= LAST


@given(MOMENTS, ZONES, st.sampled_from(["T", " ", "t"]), st.sampled_from(["", " "]))
def test_iso_8601_with_a_zone(moment: datetime, zone: timezone, between: str, gap: str) -> None:
    moment = moment.replace(tzinfo=zone)
    text = f"{moment:%Y-%m-%d}{between}{moment.time().isoformat()}{gap}"
    for offset in (f"{moment:%z}", f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:]):
        assert read_listed_at(text + offset) == (seconds(moment), "ok")


@given(MOMENTS)
def test_iso_8601_without_a_zone_is_utc(moment: datetime) -> None:
    utc = moment.replace(tzinfo=UTC)
    for text in (moment.isoformat(), moment.isoformat() + "Z", f" {moment.isoformat(' ')} "):
        assert read_listed_at(text) == (seconds(utc), "ok")
    compact = moment.replace(microsecond=0).isoformat().replace("-", "").replace(":", "")
    assert read_listed_at(compact) == (seconds(utc), "ok")


@given(MOMENTS)
def test_a_date_is_its_first_second(moment: datetime) -> None:
    day = seconds(datetime(moment.year, moment.month, moment.day, tzinfo=UTC))
    for text in (f"{moment.date()}", f"{moment.date()}".replace("-", "")):
        assert read_listed_at(text) == (day, "ok")


@given(st.integers(10**8, 10**11 - 1), st.integers(0, 999))
def test_unix_seconds_and_milliseconds(number: int, thousandths: int) -> None:
    for text in (f"{number}", f"{number}.{thousandths}", f"{number}{thousandths:03}"):
        assert read_listed_at(text) == (number, "ok")


@pytest.mark.parametrize("text", ["", "  ", "N/A", "null", "None", "NaN", "NaT", "-", "\\N", "0"])
def test_nothing_is_missing(text: str) -> None:
    assert read_listed_at(text) == ListedAt(None, "missing")


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "01/02/2024",  # a day or a month first: nobody can tell
        "2024-13-01",
        "2024-02-30T10:00",
        "2024-01-02T25:00",
        "2024-01-02 10:00 GMT",
        "0001-01-01",  # what databases write where there is none
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1700000000000000",
        "-1700000000",
        "1,700,000,000",
        "\uff12024-01-02",
        "true",
        '{"$date": 1700000000000}',
    ],
)
def test_what_is_no_time_is_unreadable(text: str) -> None:
    assert read_listed_at(text) == ListedAt(None, "unreadable")
