"""reposts.html: photos that several listings share, by the groups that cleaning has found."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from batch_jobs.explore.made import Page, render
from batch_jobs.explore.stored import Shown, StoredRun
from batch_jobs.results import price_text
from batch_jobs.train.photos import PhotoSet

GROUPS, PHOTOS = 100, 12  # on the page; of a group
FILE, TITLE = "reposts.html", "Re-posted photos"
SAYS = "The same photo, or nearly the same, in several listings."


@dataclass(frozen=True)
class Group:
    """Photos of several listings that are copies of one another; one photo a listing."""

    name: str
    photos: list[int]
    copies: int  # all photos of the group


@dataclass(frozen=True)
class Reposts:
    """`groups` are those with most listings; the counts are of all groups."""

    groups: list[Group]
    group_count: int
    listing_count: int

    @property
    def places(self) -> set[int]:
        return {place for group in self.groups for place in group.photos[:PHOTOS]}


def choose_reposts(photos: PhotoSet) -> Reposts:
    """Groups with photos of more than one listing, those of most listings first."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(photos.groups):
        members[group].append(place)
    groups = []
    listings: set[int] = set()
    for name, places in members.items():
        first = photos.one_a_listing(places)
        if len(first) > 1:
            groups.append(Group(name, first, len(places)))
            listings.update(photos.listings[first].tolist())
    groups.sort(key=lambda group: (-len(group.photos), -group.copies, group.name))
    return Reposts(groups[:GROUPS], len(groups), len(listings))


def reposts_page(run: StoredRun, chosen: Reposts, shown: Shown) -> Page:
    every = sorted({place for group in chosen.groups for place in group.photos})
    pixels = run.column("pixel_sha256", np.array(every, dtype=np.int64))
    groups = [
        {
            "listings": len(group.photos),
            "copies": group.copies,
            "exact": len({pixels[place] for place in group.photos}) == 1,
            "photos": [_photo(place, shown) for place in group.photos[:PHOTOS]],
        }
        for group in chosen.groups
    ]
    content = render("reposts.html.j2", run=run, title=TITLE, chosen=chosen, groups=groups)
    return Page(FILE, TITLE, SAYS, content)


def _photo(place: int, shown: Shown) -> dict[str, object]:
    listing = shown.listing(place)
    return {
        **shown.photo(place),
        "price": price_text(listing),
        "location": listing.location,
        "id": listing.product_id,
    }
