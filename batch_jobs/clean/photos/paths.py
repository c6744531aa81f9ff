"""Where the file of a listed photo may lie below the catalogue, and its id where none is given.

Paths made here are only ever compared with those of files that are there; none is opened.
"""

import hashlib
import json
import re
from collections.abc import Iterator

from batch_jobs.clean.catalogue.layout import Layout
from batch_jobs.clean.records.records import Value
from batch_jobs.clean.rejects import id_text, is_safe

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
_OUTSIDE = re.compile(r"(?:^|/)\.\.(?:/|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def references(value: Value, separator: str | None) -> list[str]:
    """The photos that one cell names: a list, a list as JSON, or texts with a separator."""
    parts = value if isinstance(value, list) else _parts(id_text(value), separator)
    # Half a surrogate, which JSON can hold, is no text for a database.
    texts = (part.encode("utf-8", "replace").decode().strip() for part in parts)
    return [text for text in texts if text]


def _parts(text: str, separator: str | None) -> list[str]:
    if text.startswith("["):
        try:
            found = json.loads(text)
            return [str(part) for part in found if part is not None]
        except (ValueError, RecursionError):  # a file name may begin with a bracket
            pass
    return text.split(separator) if separator else [text]


def leads_outside(reference: str) -> bool:
    """Whether a reference climbs out of the catalogue or has control characters."""
    return bool(_OUTSIDE.search(reference.replace("\\", "/"))) or not can_be_read(reference)


def can_be_read(path: str) -> bool:
    """Whether a store can hold a path: none can with control characters."""
    return not _CONTROL.search(path)


def key_of(reference: str, catalogue_url: str) -> str:
    """A reference as a key below the catalogue; a URL from elsewhere stays as it is."""
    own = f"{catalogue_url.rstrip('/')}/"
    if reference.startswith(own):
        reference = reference.removeprefix(own)
    if "://" in reference:
        return reference
    return reference.replace("\\", "/").removeprefix("./").lstrip("/")


def candidates(layout: Layout, image_id: str, product_id: str, keys: list[str]) -> list[str]:
    """The paths that a photo's file may have, best first, with or without their ending."""
    return list(dict.fromkeys(_candidates(layout, image_id, product_id, keys)))


def _candidates(layout: Layout, image_id: str, product_id: str, keys: list[str]) -> Iterator[str]:
    names = {"{image_id}": image_id, "{product_id}": product_id}
    if "{photo" not in layout.photo_path:
        yield _filled(layout.photo_path, names)
        return
    folder = f"{layout.photo_folder}/" if layout.photo_folder else ""
    for key in keys:
        if key.startswith(folder):
            yield key
        values = names | {"{photo}": key, "{photo_name}": key.rsplit("/", 1)[-1]}
        yield _filled(layout.photo_path, values)


def _filled(template: str, values: dict[str, str]) -> str:
    # Not str.format, by which a template could reach into the values.
    return _PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), template)


def derived_id(path: str, folder: str) -> str:
    """The id of a photo that has none: its path below the folder, without its ending.

    Where that is not safe as a key, it is made so, with eight digits of the path's SHA-256.
    """
    below = path.removeprefix(f"{folder}/")
    name = without_ending(below)
    if is_safe(name):
        return name
    digits = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNSAFE.sub('-', name).strip('-._')[:80]}-{digits}".lstrip("-")


def id_in_listing(image_id: str, product_id: str) -> str:
    """The id of a photo whose file another listing has, too."""
    digits = hashlib.sha256(product_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{image_id[:80]}-{digits}"


def without_ending(path: str) -> str:
    """`images/a.b.jpg` as `images/a.b`; a name that begins with a dot has no ending."""
    head, dot, ending = path.rpartition(".")
    return head if dot and "/" not in ending and head.rsplit("/", 1)[-1] else path
