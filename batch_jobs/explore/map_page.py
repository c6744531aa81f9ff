"""map.html: embeddings in two dimensions, coloured by category, with photos on hover."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from markupsafe import Markup

from batch_jobs.explore.made import Page, path_text, render
from batch_jobs.explore.map_layout import Points, lay_out
from batch_jobs.explore.map_neighbours import Neighbours, neighbours
from batch_jobs.explore.map_sample import Groups, group_by_root, sample
from batch_jobs.explore.sprite import Sprite, sprite_of
from batch_jobs.explore.stored import Embeddings, Places, Shown, StoredRun
from batch_jobs.pages.text import shown as shown_text
from batch_jobs.train.photos import PhotoSet

FEWEST = 10  # photos; of fewer, a map says nothing
TITLE_LENGTH = 100
DIGITS = 4  # of a coordinate from 0 to 1
FILE, TITLE = "map.html", "Map of the photos"
SAYS = "What the network takes for similar lies together; photos on hover."


@dataclass(frozen=True)
class Map:
    """The photos at `places`, (n,): where each is, and in which group; how categories are near."""

    places: Places
    points: Points
    groups: Groups
    neighbours: list[Neighbours]


def choose_places(photos: PhotoSet) -> Places:
    return sample(photos.labels)


def make_map(photos: PhotoSet, places: Places, embeddings: Embeddings) -> Map:
    """`embeddings` are of all photos; n is at least FEWEST."""
    own, labels = embeddings[places], photos.labels[places]
    return Map(
        places,
        lay_out(own),
        group_by_root(labels, photos.categories),
        neighbours(own, labels, photos.categories),
    )


def map_page(run: StoredRun, chosen: Map, shown: Shown) -> Page:
    jpegs = (shown.photos.jpegs[place] for place in chosen.places.tolist())
    sprite = sprite_of(jpegs, len(chosen.places))
    counts = np.bincount(chosen.groups.of, minlength=len(chosen.groups.names)).tolist()
    content = render(
        "map.html.j2",
        run=run,
        title=TITLE,
        script=script(),
        script_hash=script_hash(),
        data=in_page(map_data(chosen, shown, sprite)),
        sprite=sprite,
        count=len(chosen.places),
        photos=len(run.photos),
        level=chosen.groups.level,
        groups=list(zip(chosen.groups.names, counts, strict=True)),
        neighbours=chosen.neighbours,
    )
    return Page(FILE, TITLE, SAYS, content)


def map_data(chosen: Map, shown: Shown, sprite: Sprite) -> dict[str, Any]:
    """What the script draws: a column for each property of a photo."""
    listings = [shown.listing(place) for place in chosen.places.tolist()]
    paths = [path_text(listing.category_path) for listing in listings]
    categories = sorted(set(paths))
    number = {path: place for place, path in enumerate(categories)}
    across, down = chosen.points.round(DIGITS).T.tolist()
    return {
        "wide": max(*across, 1e-3),
        "high": max(*down, 1e-3),
        "x": across,
        "y": down,
        "group": chosen.groups.of.tolist(),
        "category": [number[path] for path in paths],
        "title": [shown_text(listing.title, TITLE_LENGTH) for listing in listings],
        "categories": [shown_text(path, 160) for path in categories],
        "side": sprite.side,
        "columns": sprite.columns,
    }


def in_page(value: object) -> Markup:
    """JSON that no text inside can end: neither `</script>` nor `<!--` is in it, all is ASCII."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


@cache
def script() -> Markup:
    """The one script of the page."""
    parts = [(files(__package__) / name).read_text() for name in ("map_marks.js", "map.js")]
    return Markup("\n".join(parts))  # noqa: S704


def script_hash() -> Markup:
    """As the page's policy names the script, which alone may run."""
    digest = hashlib.sha256(script().encode()).digest()
    return Markup(base64.b64encode(digest).decode())  # noqa: S704
