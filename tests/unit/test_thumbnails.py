"""The thumbnails of the report: what is shown, and what is not read again."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from cleaned_catalogue import picture
from made_report import FILES, Made, fill, made_in
from PIL import Image
from seen_page import Page

from batch_jobs.clean.report import thumbnails as thumbnails_module
from batch_jobs.clean.report.thumbnails import NAME
from batch_jobs.tables import PHOTOS
from release.pixels import encode, prepare


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    with made_in(tmp_path) as made:
        yield made


def test_photos_are_shown_where_they_can_be(made: Made) -> None:
    fill(made)
    shown_photos = {attributes["alt"] for attributes in Page(made.page()).pictures}
    names = ("p", "q", "s", "t")  # not r, which has no duplicate, and not what is no photo
    assert shown_photos == {f"Photo images/{name}.png" for name in names}
    for thumbnail in made.thumbnails().values():
        image = Image.open(io.BytesIO(thumbnail))
        assert (image.format, image.size) == ("JPEG", (64, 64))


def test_what_is_unchanged_is_not_read_again(made: Made) -> None:
    changed = made.unlisted_file("a.png", picture(1))
    made.unlisted_file("b.png", picture(2))
    made.unlisted_file("junk.png", b"junk")
    first = made.thumbnails()
    earlier = {NAME: made.folder.read(NAME)}
    for file in (made.root / "catalogue" / "images").iterdir():
        file.unlink()
    assert made.thumbnails(earlier=earlier.get) == first
    (made.root / "catalogue" / changed).write_bytes(picture(3))
    made.ledger.execute("UPDATE file SET version = '2' WHERE path = ?", (changed,))
    again = made.thumbnails(earlier=earlier.get)
    assert again.keys() == first.keys()
    assert again[changed] != first[changed]
    assert made.thumbnails() == {changed: again[changed]}


def test_a_photo_that_was_listed_before_is_not_read_again_either(made: Made) -> None:
    path = made.row_of_unknown_listing("s", picture(5, side=200))
    first = made.thumbnails()
    photo = encode(prepare(picture(5, side=200), 64).pixels)
    made.prepared = [dict.fromkeys(PHOTOS.names, "") | {"pixel_sha256": "abc", "photo": photo}]
    made.prepared[0] |= {"source_width": 200, "source_height": 200, "photo_bytes": len(photo)}
    earlier = {"photos-y-00000.parquet": made.folder.read(FILES.photos_name(0))}
    size = len(picture(5, side=200))
    made.ledger.execute(
        "INSERT INTO earlier (path, size_bytes, version, pixel_sha256, photos_file) "
        "VALUES (?, ?, '1', 'abc', 'photos-y-00000.parquet')",
        (path, size),
    )
    (made.root / "catalogue" / path).unlink()
    assert made.thumbnails(earlier=earlier.get) == first != {}


def test_a_huge_file_is_not_read_for_a_thumbnail(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.unlisted_file("a.png", picture(1))
    monkeypatch.setattr(thumbnails_module, "MAX_FILE_BYTES", 10)
    assert made.thumbnails() == {}


def test_a_file_name_that_no_store_could_hold_has_no_picture(made: Made) -> None:
    path = made.unlisted_file("new\nline.png", picture(1))
    made.unlisted_file("a b.png", picture(2))
    assert path not in made.thumbnails()
    assert "new line.png" in Page(made.page()).text
