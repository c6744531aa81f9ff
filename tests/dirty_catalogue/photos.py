"""Writes Images.csv and images/ for listings that are kept, and notes what is true of them."""

import csv
import random
from pathlib import Path

from PIL import Image

from dirty_catalogue.pictures import DAMAGED, FLAT, MODES, Encoded, encoded, picture, same_pixels
from dirty_catalogue.truth import Kept, Rejected, Truth
from dirty_catalogue.words import uuid_of

ENDINGS = (".jpg", ".jpg", ".jpg", ".jpeg", ".JPG", ".png", ".webp")


class Photos:
    """One to three photos for the first listing, none to three for each other."""

    def __init__(self, folder: Path, rng: random.Random, truth: Truth, defect_share: float) -> None:
        self._folder, self._rng, self._truth = folder, rng, truth
        self._defect_share = defect_share
        self._rows: list[tuple[str, str]] = []  # image id, product id
        self._shown: list[tuple[Image.Image, list[str]]] = []  # pictures with all their photos
        self._near: set[tuple[int, str]] = set()  # which of them has a near copy in which listing

    def write(self) -> None:
        for place, product_id in enumerate(self._truth.products):
            for photo in range(self._rng.randint(int(place == 0), 3)):
                if place + photo == 0 or self._rng.random() >= self._defect_share:
                    self._keep(product_id, encoded(picture(self._rng), self._rng.choice([*MODES])))
                else:
                    self._damaged(product_id)
        groups = (frozenset(photos) for _, photos in self._shown if len(photos) > 1)
        self._truth.duplicate_groups = set(groups)
        self._truth.photo_rows = len(self._rows)
        with (self._folder / "Images.csv").open("w", newline="", encoding="utf-8") as file:
            rows = ([str(number), *row] for number, row in enumerate(self._rows))
            csv.writer(file).writerows([["", "id", "product_id"], *rows])

    def _damaged(self, product_id: str) -> None:
        kinds = dict.fromkeys(DAMAGED, self._not_a_photo)
        kinds |= dict.fromkeys(("missing_file", "unsafe_id"), self._row_only)
        kinds |= {"unknown_listing": self._unknown_listing, "unlisted_file": self._unlisted_file}
        kinds |= {"original": self._original}
        if self._shown:
            kinds |= {"copy": self._copy, "near_copy": self._near_copy}
            kinds |= {"duplicate_in_listing": self._repeat, "repeated_row": self._repeated_row}
        kind = self._rng.choice([*kinds])
        kinds[kind](product_id, kind)

    def _original(self, product_id: str, _kind: str) -> None:
        """A photo that others may be copies of."""
        image = picture(self._rng)
        image_id = self._keep(product_id, self._lossless(image))
        self._shown.append((image, [image_id]))

    def _copy(self, product_id: str, kind: str) -> None:
        image, photos = self._rng.choice(self._shown)
        if any(self._truth.photos[photo].product_id == product_id for photo in photos):
            self._original(product_id, kind)  # in one listing the copy might be a repeat
        else:
            photos.append(self._keep(product_id, self._lossless(image)))

    def _near_copy(self, product_id: str, kind: str) -> None:
        number = self._rng.randrange(len(self._shown))
        if (number, product_id) in self._near:
            return self._original(product_id, kind)  # two near copies are the same
        self._near.add((number, product_id))
        image, photos = self._shown[number]
        size = (image.width * 2, image.height * 2)
        larger = image.resize(size, Image.Resampling.BICUBIC)
        return photos.append(self._keep(product_id, encoded(larger, "jpeg")))

    def _repeat(self, _product_id: str, kind: str) -> None:
        image, photos = self._rng.choice(self._shown)
        self._reject(self._truth.photos[photos[0]].product_id, kind, self._lossless(image)[0])

    def _repeated_row(self, product_id: str, _kind: str) -> None:
        photo = self._rng.choice([*self._truth.photos])
        same = self._truth.photos[photo].product_id == product_id
        self._reject_row(photo, product_id, "duplicate_row" if same else "conflicting_row")

    def _not_a_photo(self, product_id: str, kind: str) -> None:
        self._reject(product_id, kind, DAMAGED[kind](picture(self._rng), self._rng))

    def _row_only(self, product_id: str, kind: str) -> None:
        unsafe = self._rng.choice(["../{}", "a/{}", "-{}", "{}/../b"])
        form = unsafe if kind == "unsafe_id" else "{}"
        self._reject_row(form.format(uuid_of(self._rng)), product_id, kind)

    def _unknown_listing(self, _product_id: str, kind: str) -> None:
        image_id = uuid_of(self._rng)
        self._file(image_id, encoded(picture(self._rng), "jpeg")[0])
        self._reject_row(image_id, uuid_of(self._rng), kind)

    def _unlisted_file(self, _product_id: str, kind: str) -> None:
        image_id = uuid_of(self._rng)
        path = self._file(image_id, encoded(picture(self._rng), "jpeg")[0])
        self._truth.rejected_photos.append(Rejected(image_id, kind, path))

    def _lossless(self, image: Image.Image) -> Encoded:
        return same_pixels(image, self._rng.choice(FLAT)), image.size

    def _keep(self, product_id: str, photo: Encoded) -> str:
        image_id = uuid_of(self._rng)
        self._file(image_id, photo[0])
        self._rows.append((image_id, product_id))
        self._truth.photos[image_id] = Kept(product_id, *photo[1])
        return image_id

    def _reject(self, product_id: str, reason: str, data: bytes) -> None:
        image_id = uuid_of(self._rng)
        path = self._file(image_id, data)
        self._rows.append((image_id, product_id))
        self._truth.rejected_photos.append(Rejected(image_id, reason, path))

    def _reject_row(self, image_id: str, product_id: str, reason: str) -> None:
        self._rows.append((image_id, product_id))
        line = len(self._rows) + 1
        rejected = Rejected(image_id, reason, "Images.csv", line, line)
        self._truth.rejected_photos.append(rejected)

    def _file(self, image_id: str, data: bytes) -> str:
        path = f"images/{image_id}{self._rng.choice(ENDINGS)}"
        (self._folder / path).write_bytes(data)
        self._truth.photo_files += 1
        return path
