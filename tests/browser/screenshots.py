"""Takes pictures of the page's states, desktop and phone, light and dark: make screenshots"""

import argparse
from pathlib import Path

from chromium import launched
from search_page import DESKTOP, PHONE, SearchPage
from served import Served
from states import STATES

_SEEN_PHOTOS_ARE_THERE = """() => [...document.images].every(image => {
  const {top, bottom} = image.getBoundingClientRect();
  return image.complete || top >= innerHeight || bottom <= 0;
})"""
SCREENS = {"desktop": DESKTOP, "phone": PHONE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="with a release, as of make demo")
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with Served(asked.store) as service, launched() as browser:
        for screen, viewport in SCREENS.items():
            for scheme in ("light", "dark"):
                for name in STATES:
                    options = {"viewport": viewport, "color_scheme": scheme}
                    with SearchPage.on(browser, service.url, **options) as page:
                        take(page, name, asked.out / f"{name}-{screen}-{scheme}.png")
    print(f"{len(list(asked.out.glob('*.png')))} pictures are in {asked.out}")


def take(page: SearchPage, name: str, path: Path) -> None:
    STATES[name](page)
    page.page.wait_for_function(_SEEN_PHOTOS_ARE_THERE)
    page.page.screenshot(path=path)


if __name__ == "__main__":
    main()
