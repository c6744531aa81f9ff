"""How pages show numbers, and texts from strangers: made visible, shortened, escaped."""

import base64
import re

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

# Controls, marks that turn the direction of what follows, half characters: none may act, all show.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff]"
)

NONE = "\u2013"  # where there is no number


def environment(package: str) -> Environment:
    """Of the templates of a package, and those here: all is escaped, and no character acts."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("batch_jobs.pages", ".")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    found.filters |= {"number": number, "share": share, "shown": shown, "data_uri": data_uri}
    return found


def number(value: float | None) -> str:
    """`1,234`; an amount of money with its decimals, if there are any."""
    if value is None:
        return NONE
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if value >= 0.01 else f"{value:.2g}"


def share(part: float, whole: float) -> str:
    """A percentage that is 0% or 100% only where it is just that."""
    if not whole:
        return NONE
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1%"
    if 99.9 < percent < 100:
        return "> 99.9%"
    return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.1f}%"


def shown(text: object, most: int = 120) -> str:
    """A text, none of whose characters does anything, shortened to `most`."""
    found = str(visible(str(text)[: most + 1]))
    return found if len(found) <= most else f"{found[: most - 1]}…"


def visible(value: object) -> object:
    """A text with names for characters that would act; any other value, and HTML, as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _ACTING.sub(_name, value)
    return value


def _name(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else f"⟨{code:04X}⟩"


def data_uri(jpeg: bytes) -> str:
    """A photo as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
