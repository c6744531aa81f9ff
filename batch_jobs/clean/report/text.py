"""What the report says of reasons and of prices, and how its page is made."""

from jinja2 import Environment

from batch_jobs.pages import text

MEANING = {
    "broken_record": "Fields and columns do not match, and the record could not be mended.",
    "duplicate_row": "The same as an earlier row, which stays.",
    "conflicting_row": "An earlier row has the same id and says something else. The first stays.",
    "missing_id": "There is no id.",
    "unsafe_id": "The id or the photo's name cannot be used as a name in the store.",
    "unknown_listing": "The photo's listing is not among those that were kept.",
    "missing_file": "A row lists a photo whose file is not there.",
    "unlisted_file": "A file is there, but no row lists it.",
    "empty_file": "The file has no bytes.",
    "not_an_image": "The file is no photo, whatever its name says.",
    "truncated": "The photo's data is damaged or incomplete.",
    "too_small": "A side of the photo has too few pixels.",
    "too_many_pixels": "The photo has more pixels than are safe to decode.",
    "unsupported": "The photo is encoded in a way that is not supported.",
    "duplicate_in_listing": "The listing has the same photo already, which stays.",
}
STATUS = {
    "ok": "a price",
    "free": "free, or zero",
    "missing": "no price given",
    "unreadable": "a text that is not one price",
    "suspicious": "absurdly high, or below zero",
}


def environment() -> Environment:
    """Of the page's template."""
    found = text.environment("batch_jobs.clean.report")
    found.globals |= {"MEANING": MEANING, "STATUS": STATUS}
    return found
