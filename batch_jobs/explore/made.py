"""A page that was made, or one that was not and why; how templates of pages are found."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from batch_jobs.pages import text
from batch_jobs.pages.photos import thumbnail

PHOTO_SIDE = 188  # pixels: twice of what the style shows, for dense displays


@dataclass(frozen=True)
class Page:
    """A file of the folder. Where `why` says something, there is no such file."""

    file: str
    title: str
    says: str  # a line for the index
    content: bytes = b""
    why: str = ""


def render(template: str, **values: Any) -> bytes:
    """A page of this package's template."""
    return environment().get_template(template).render(values).encode()


@cache
def environment() -> Environment:
    found = text.environment("batch_jobs.explore")
    found.filters |= {"small": _small, "path": path_text}
    return found


def path_text(path: tuple[str, ...]) -> str:
    """A category as one text."""
    return " / ".join(path)


def _small(jpeg: bytes) -> Markup:
    """A photo's address, no larger than it is shown."""
    return Markup(text.data_uri(thumbnail(jpeg, PHOTO_SIDE)))  # noqa: S704
