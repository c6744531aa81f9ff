"""Searches as pages show them: the photo searched with, the photos found, what each of them is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batch_jobs.pages.photos import thumbnail

PHOTO_SIDE = 160  # pixels; shown at half of that or a little more


@dataclass(frozen=True)
class Found:
    """A photo that a search found."""

    photo: bytes  # JPEG
    title: str
    similarity: float  # cosine
    same_item: bool
    same_category: bool


@dataclass(frozen=True)
class Query:
    """A photo that was searched with; `found` is nearest first."""

    photo: bytes  # JPEG
    title: str
    found: list[Found]


def shown_searches(queries: Sequence[Query]) -> list[dict[str, Any]]:
    """What the macro `query` of searches.html.j2 wants of each."""
    return [
        {
            "title": query.title,
            "photo": thumbnail(query.photo, PHOTO_SIDE),
            "found": [
                {**vars(one), "photo": thumbnail(one.photo, PHOTO_SIDE), "mark": _mark(one)}
                for one in query.found
            ],
        }
        for query in queries
    ]


def _mark(found: Found) -> tuple[str, str]:
    """A class and words."""
    if found.same_item:
        return ("item", "\N{BLACK CIRCLE} same item")
    if found.same_category:
        return ("category", "\N{CIRCLE WITH LEFT HALF BLACK} same category")
    return ("other", "\N{WHITE CIRCLE} neither")
