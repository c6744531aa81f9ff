"""What a browser makes of a page, and what holds of every page: it is harmless and accessible."""

import base64
import hashlib
from collections.abc import Collection
from html.parser import HTMLParser

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</pre></style></svg><a href=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m\x7f\x85\ufeff",
    "$\\frac{1}{0}$ &lt; &#x3c;",
    "👨‍👩‍👧 کتاب",
    "A" * 5000,
]


class Page(HTMLParser):
    """What a browser would make of a page: its text, and each element with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.elements = "", list[tuple[str, dict[str, str | None]]]()
        self.scripts: list[str] = []
        self._unseen = False
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += "" if tag in ("a", "bdi", "code", "span", "strong") else " "
        self._unseen = tag in ("style", "script")
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = self._unseen and tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._unseen else data
        if self._unseen and self.elements[-1][0] == "script":
            self.scripts[-1] += data

    @property
    def pictures(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == "img"]


def check_harmless(
    page: str, links: Collection[str] = (), scripts: Collection[str] = frozenset()
) -> None:
    """Nothing runs, nothing is fetched, and no character of a stranger's text acts.

    `links` are the files beside it that it may lead to, `scripts` those that it may run: its
    policy names them by their content.
    """
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    if scripts:
        policy += f"; script-src {' '.join(map(_hashed, scripts))}"
    assert f'content="{policy}"' in page
    parsed = Page(page)
    elements = parsed.elements
    active = {"script", "iframe", "object", "embed", "form", "link", "base"}
    assert active & {tag for tag, _ in elements} == ({"script"} if scripts else set())
    kinds = [attributes.get("type") for tag, attributes in elements if tag == "script"]
    running = [text for text, kind in zip(parsed.scripts, kinds, strict=True) if kind is None]
    assert running == list(scripts)
    assert set(kinds) <= {None, "application/json"}
    for tag, attributes in elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        href = str(attributes.get("href", "#"))
        assert href.startswith("#") or href in links
        assert str(attributes.get("src", "data:image/jpeg;base64,")).startswith("data:image/jpeg;")
        fetching = ("@import", "http:", "https:", "file:", "url(")
        assert not [text for text in fetching if text in str(attributes.get("style", ""))]
    assert not set("\x00\x1b\x7f\x85\ufeff\u202e\u2066\r") & set(page)


def _hashed(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def check_fetches_nothing(page: str) -> None:
    """Of a page with no text of strangers, who may write of addresses."""
    for fetching in ("@import", "http:", "https:", "file:", "url("):
        assert fetching not in page.replace('"http://www.w3.org/', '"')


def check_accessible(page: str, links: Collection[str] = ()) -> None:
    """Plots and photos have names, tables have headers, ids are unique, a heading begins.

    `links` are the files beside it that it may lead to.
    """
    elements = Page(page).elements
    for tag, attributes in elements:
        if tag == "svg":
            assert (attributes["role"], bool(attributes["aria-label"])) == ("img", True)
        if tag == "img":
            assert attributes["alt"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {*(f"#{one}" for one in ids), *links} >= {
        attributes["href"] for tag, attributes in elements if tag == "a"
    }
    headings = [int(tag[1]) for tag, _ in elements if tag in ("h1", "h2", "h3", "h4")]
    assert headings[0] == 1
    steps = zip(headings[1:], headings, strict=False)
    assert all(after - before <= 1 for after, before in steps)
