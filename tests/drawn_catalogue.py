"""Small catalogues for tests: each listing a drawn shape, photographed from several sides."""

import csv
import random
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("ellipse", "rectangle", "polygon")
CATEGORIES = ("Home / Lamps", "Home / Tables", "Garden / Tools")
SIDE = 192

Part = tuple[str, tuple[int, int, int], int, int, int]  # shape, colour, left, top, side


@dataclass
class DrawnCatalogue:
    """A folder in the layout of a marketplace's export, and what is in it."""

    folder: Path
    product_ids: list[str] = field(default_factory=list)
    listing_of: dict[str, str] = field(default_factory=dict)  # image id to product id

    def photo(self, image_id: str) -> Path:
        return self.folder / "images" / f"{image_id}.jpg"

    def drop_last_listing(self) -> None:
        """Takes it out of Products.csv; its photos stay."""
        table = self.folder / "Products.csv"
        with table.open(newline="") as file:
            rows = list(csv.reader(file))
        _write(table, rows[0], rows[1:-1])


def draw_catalogue(
    folder: Path, listings: int = 12, photos: int = 3, seed: int = 0
) -> DrawnCatalogue:
    """Writes Products.csv, Images.csv and images/."""
    rng = random.Random(seed)
    catalogue = DrawnCatalogue(folder)
    (folder / "images").mkdir(parents=True)
    products, images = [], []
    for number in range(listings):
        product_id = _uuid(rng)
        catalogue.product_ids.append(product_id)
        kind = number % len(SHAPES)
        price = f"£{rng.randint(1, 900)}.00"
        title = f"Item {number} | in Hackney, London | Gumtree"
        products.append(
            [number, product_id, title, CATEGORIES[kind], f"Item {number}, as new.", price, ""]
        )
        parts = [_part(kind, rng) for _ in range(5)]
        for _ in range(photos):
            image_id = _uuid(rng)
            catalogue.listing_of[image_id] = product_id
            images.append([len(images), image_id, product_id])
            _draw(catalogue.photo(image_id), parts, rng)
    header = ["", "id", "product_name", "category", "product_description", "price", "location"]
    _write(folder / "Products.csv", header, products)
    _write(folder / "Images.csv", ["", "id", "product_id"], images)
    return catalogue


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _part(kind: int, rng: random.Random) -> Part:
    colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
    return (
        SHAPES[kind],
        colour,
        rng.randrange(20, 120),
        rng.randrange(20, 100),
        rng.randrange(30, 90),
    )


def _draw(path: Path, parts: list[Part], rng: random.Random) -> None:
    """The same parts, seen from a little elsewhere on another floor."""
    image = Image.new("RGB", (SIDE, SIDE - 32), (rng.randrange(200, 256),) * 3)
    draw, right, down = ImageDraw.Draw(image), rng.randrange(-16, 17), rng.randrange(-16, 17)
    for shape, colour, left, top, side in parts:
        box = (left + right, top + down, left + right + side, top + down + side)
        corners = [(box[0], box[3]), (box[2], box[3]), ((box[0] + box[2]) // 2, box[1])]
        getattr(draw, shape)(corners if shape == "polygon" else box, fill=colour)
    image.save(path, quality=92)


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
