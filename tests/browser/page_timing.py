"""What a dropped photo takes: from the drop to results on the screen, and what moved afterwards."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from search_page import SearchPage

_WATCH = """() => {
  window.shifts = [];
  const note = list => window.shifts.push(...list.getEntries().map(e => [e.startTime, e.value]));
  new PerformanceObserver(note).observe({type: 'layout-shift', buffered: true});
  addEventListener('drop', () => window.droppedAt = performance.now(), true);
}"""
_PAINTED = """() => new Promise(resolve => {
  const isSeen = image => {
    const {top, bottom} = image.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const look = () => {
    const images = [...document.querySelectorAll('#results .photo img')].filter(isSeen);
    const isThere = window.droppedAt && document.querySelector('#results:not([aria-busy]) .alike');
    if (isThere && images.every(image => image.complete && image.naturalWidth)) {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
})"""
# What moves after the frame that first shows results: in window.shiftsOfResults.
WATCH_SHIFTS = """
  window.shiftsOfResults = [];
  let shownAt = Infinity;
  const look = () => {
    if (!document.querySelector('#results .alike')) requestAnimationFrame(look);
    else requestAnimationFrame(() => (shownAt = performance.now()));
  };
  look();
  new PerformanceObserver(list => {
    const later = list.getEntries().filter(entry => entry.startTime > shownAt);
    window.shiftsOfResults.push(...later.map(entry => entry.value));
  }).observe({type: 'layout-shift', buffered: true});
"""
_REQUEST = """() => {
  const requests = performance.getEntriesByType('resource');
  const last = requests.findLast(entry => entry.name.endsWith('/search'));
  return last.responseEnd - last.startTime;
}"""


@dataclass(frozen=True)
class Painted:
    """Milliseconds from the drop to the photos of the results on the screen, those of the request
    in between, and by how much things moved in the second after that (cumulative layout shift)."""

    total_ms: float
    request_ms: float
    shift_afterwards: float

    @property
    def own_ms(self) -> float:
        return self.total_ms - self.request_ms


def photo_of_12_megapixels(source: Path) -> bytes:
    """A photo made as large as a phone's, with a phone's noise: JPEG, about 3 MB."""
    large = np.asarray(Image.open(source).convert("RGB").resize((4000, 3000)), dtype=np.int16)
    noise = np.random.default_rng(0).normal(0, 6, (3000, 4000, 1)).astype(np.int16)
    buffer = io.BytesIO()
    Image.fromarray((large + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def drop_timed(page: SearchPage, photo: Path) -> Painted:
    """Drops the photo on the start page; what is waited for is what its user waits for."""
    page.open()
    expect(page.find("#samples img").first).to_be_visible()
    page.page.evaluate(_WATCH)
    page.drop(photo)
    painted_at = page.page.evaluate(_PAINTED)
    page.page.wait_for_timeout(1000)
    dropped_at, shifts = page.page.evaluate("() => [window.droppedAt, window.shifts]")
    return Painted(
        total_ms=painted_at - dropped_at,
        request_ms=page.page.evaluate(_REQUEST),
        shift_afterwards=sum(value for at, value in shifts if at > painted_at),
    )
