"""The page as its users see it: what they can do, and what it then shows."""

import base64
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, JSHandle, Locator, Page, expect

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
_TRANSFER = """files => {
  const made = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
    made.items.add(new File([bytes], name, {type}));
  }
  return made;
}"""


@dataclass
class SearchPage:
    """One tab. `complaints` has what the browser said of it, such as scripts that it refused."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def on(cls, browser: Browser, url: str, **context: Any) -> Iterator["SearchPage"]:
        """A tab; errors in it fail the test, but for answers that are errors."""
        with browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **context}) as made:
            made.set_default_timeout(20_000)
            shown = cls(made.new_page(), url)
            shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
            shown.page.on("console", shown._heard)
            yield shown
            assert shown.complaints == []

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.url}/{query}")
        self.wait()

    def wait(self) -> None:
        """Until listings are there, or words about why not."""
        shown = "#results:not([aria-busy]) .card:not(.waiting), #message:not([hidden])"
        expect(self.page.locator(shown).first).to_be_visible()
        expect(self.page.locator("#results[aria-busy]")).to_have_count(0)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    @property
    def heading(self) -> Locator:
        return self.find("#found-title")

    @property
    def message(self) -> Locator:
        return self.find("#message")

    @property
    def cards(self) -> Locator:
        return self.find("#results > .card:not(.waiting)")

    def titles(self) -> list[str]:
        return self.find("#results h3").all_inner_texts()

    def search_sample(self, number: int = 1) -> None:
        self.page.get_by_role("link", name=f"Sample photo {number}").click()
        self.has_searched()

    def has_searched(self) -> None:
        expect(self.heading).to_contain_text("most alike first")
        self.wait()

    def choose(self, *files: Path) -> None:
        """As in the dialog of the operating system."""
        with self.page.expect_file_chooser() as chooser:
            self.button("Choose photos").click()
        chooser.value.set_files(list(files))

    def drop(self, *files: Path) -> None:
        """As from a folder of the operating system: the browser's own events, by its protocol."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        protocol = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 300, "y": 200, "data": data}
            protocol.send("Input.dispatchDragEvent", event)

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """With the mouse, between places of an element, in fractions of it."""
        box = self.find(selector).bounding_box()
        assert box

        def move(place: tuple[float, float]) -> None:
            x, y = box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]
            self.page.mouse.move(x, y, steps=5)

        move(start)
        self.page.mouse.down()
        move(end)
        self.page.mouse.up()

    def paste(self, *files: Path) -> None:
        script = "d => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: d}))"
        self.page.evaluate(script, self._transfer(files))

    def _transfer(self, files: tuple[Path, ...]) -> JSHandle:
        sent = [
            [
                file.name,
                mimetypes.guess_type(file.name)[0] or "",
                base64.b64encode(file.read_bytes()).decode(),
            ]
            for file in files
        ]
        return self.page.evaluate_handle(_TRANSFER, sent)
