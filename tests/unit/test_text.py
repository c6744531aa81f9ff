"""Texts are mended, and what was right before stays."""
# ruff: noqa: RUF001 -- texts in many scripts

import unicodedata

import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import example, given
from hypothesis import strategies as st

from batch_jobs.clean.listings.text import _MOJIBAKE_HINT, one_line, paragraphs, split_title

# What mending takes apart, in pieces, so that one step may put together what another must mend.
PIECES = st.sampled_from(
    [
        *("&", "amp;", "&am\u200bp;", "&#10;", "&#xD800;", "&lt;", "&pound;", "&nbsp;", "&shy;"),
        *("Ã", "Â", "â€", "™", "£", "é", "\u00a0", "\u0301", "e", "œ", "\u00ad", "\ufffd"),
        *("\0", "\x1b", "[31m", "\x85", "\x9f", "\x0b", "\r", "\n", "\n\n", " ", "\t", "\u2028"),
        *("\ud83d", "\ude00", "\u200d", "\u202e", "\ufeff", "\ufffc", "❤️", "👨", "|", " in ", "A"),
        *("Gumtree", "\u0958", "\ufb2c", "\u3000", "ﬁ"),
    ]
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=60) | st.lists(PIECES).map("".join)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Zo\u00c3\u00ab\u2019s caf\u00c3\u00a9", "Zoë\u2019s café"),
        ("CafÃƒÂ© table, Â£5, â€œas newâ€\x9d", "Café table, £5, “as new”"),
        ("Ã‚Â£20", "£20"),
        ("Cash &amp; collection, &pound;5", "Cash & collection, £5"),
        ("a <b> &amp;amp; c", "a <b> & c"),
        ("&amp;AMP;amp;lt;b&gt; &#163;5 &#x2019;", "<b> £5 ’"),
        ("AT&T; this&not that & more", "AT&T; this&not that & more"),
        ("cafe\u0301", "café"),
        ("a\x07b\x1b[31mc\ufeff", "abc"),
        ("ta\u00adble so\u200bfa\u2060", "table sofa"),
        ("\u202elamp\u202c \u200edesk\u2069", "lamp desk"),
        ("cha\u200dir\u200c", "chair"),
        ("50\x80 \x93new\x94 \x81", "50€ “new”"),
        ("a\0b", "ab"),
        ("one\x0btwo\x1cthree\u2028four", "one two three four"),
        ("\ud83d\ude00 \ud83d!", "😀 \ufffd!"),
        ("  two \t words\u00a0\n", "two words"),
        ("\u00a0\u3000", ""),
        ("", ""),
    ],
)
def test_dirt_is_taken_off(dirty: str, clean: str) -> None:
    assert one_line(dirty) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("\u201cquoted\u201d", "1½ m, 30 °C, 25 €", "🚚 ❤️ ⭐", "Køge, Zoë, naïve", "ﬁne", "Œuvre"),
        "👨\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        *("می\u200cخواهم", "Стол, стулья", "家具 椅子", "ÂME", "a < b > c", "R&B; D&G", "Ｆｕｌｌ"),
    ],
)
def test_what_is_right_stays(text: str) -> None:
    assert one_line(text) == paragraphs(text) == text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        (" One. \r\n  two  words\n\n\n\nthree ", "One.\ntwo words\n\nthree"),
        ("\n\n One.\rTwo.\x0bThree.\u2029Four. \n", "One.\nTwo.\nThree.\nFour."),
        ("One.&#10;Two &amp; three.", "One.\nTwo & three."),
        ("Â£5\nCafé\n \n\t\n \nnaÃ¯ve", "£5\nCafé\n\nnaïve"),
        ("One.\nTwo.", "One.\nTwo."),
    ],
)
def test_a_description_keeps_its_lines(dirty: str, clean: str) -> None:
    assert paragraphs(dirty) == clean


def test_deep_escapes_do_not_take_for_ever() -> None:
    assert one_line("&" + "amp;" * 100_000 + "lt;") == "<"


@pytest.mark.parametrize(
    ("text", "title", "location"),
    [
        ("Chair | in Hackney, London | Gumtree", "Chair", "Hackney, London"),
        ("Chair | in Hackney, London | Gumtree  ", "Chair", "Hackney, London"),
        ("CHAIR|IN  HACKNEY,\nLONDON|GUMTREE", "CHAIR", "HACKNEY, LONDON"),
        ("Chair  |  in hackney\u00a0| gumtree", "Chair", "hackney"),
        ("Chair | red | in Hackney | Gumtree", "Chair | red", "Hackney"),
        ("Chair | in good condition | in Bath | Gumtree", "Chair | in good condition", "Bath"),
        ("Table | in good condition", "Table | in good condition", ""),
        ("Table | indoor | Gumtree", "Table | indoor", ""),
        ("Chair | in Hackney", "Chair", "Hackney"),
        ("Chair | Gumtree", "Chair", ""),
        ("Chair | Gumtree | Gumtree", "Chair", ""),
        ("Chair | in | Gumtree", "Chair", ""),
        ("Chair |", "Chair |", ""),
        ("Chairs in Hackney | red", "Chairs in Hackney | red", ""),
        ("Chairs in Hackney from Gumtree", "Chairs in Hackney from Gumtree", ""),
        ("| in Hackney, London | Gumtree", "", "Hackney, London"),
        ("| Gumtree", "", ""),
        ("Gumtree", "Gumtree", ""),
        ("|", "|", ""),
        ("Chair\nred &amp; blue", "Chair red & blue", ""),
        ("CafÃ© chair &#124; in BodÃ¸ | Gumtree", "Café chair", "Bodø"),
        ("", "", ""),
    ],
)
def test_a_title_gives_its_location(text: str, title: str, location: str) -> None:
    assert split_title(text) == (title, location)


@given(TEXTS)
@example("Ã\u00a0\n")
def test_what_was_mended_once_is_mended_for_good(text: str) -> None:
    line, lines = one_line(text), paragraphs(text)
    assert one_line(line) == line
    assert paragraphs(lines) == lines
    title, location = split_title(text)
    assert one_line(title) == title
    assert one_line(location) == location


@given(TEXTS)
def test_no_text_is_too_odd(text: str) -> None:
    for clean in (one_line(text), paragraphs(text).replace("\n", " "), *split_title(text)):
        clean.encode()  # no lone surrogates, which neither SQLite nor Parquet take
        assert not {"Cc", "Cs", "Zl", "Zp"}.intersection(map(unicodedata.category, clean))
        assert clean == clean.strip()
        assert unicodedata.is_normalized("NFC", clean)


SUSPECTS = "".join(MOJIBAKE_CATEGORIES.values()) + "aA \u00a0вЂбрã€à²β™β×³√±≈°‚Äìâó♥ā"


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(SUSPECTS)))
def test_the_hint_sees_all_that_ftfy_calls_mojibake(text: str) -> None:
    assert _MOJIBAKE_HINT.search(text) or not is_bad(text)
