"""How a catalogue is laid out: the usual ways, catalogue.toml, and what is wrong with one."""

from pathlib import Path

import pytest

from batch_jobs.clean.catalogue.find_layout import find_layout
from batch_jobs.clean.catalogue.layout import LISTING_COLUMNS, PHOTO_COLUMNS, Layout, Table
from release.errors import JobError
from release.store import Store

PRODUCTS = ",".join(LISTING_COLUMNS.values()) + "\n"
NO_MORE = 'category = ""\ndescription = ""\nprice = ""\nlocation = ""\n'


def layout_of(folder: Path, files: dict[str, str]) -> Layout:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return find_layout(Store(str(folder)))


def test_the_usual_layout(tmp_path: Path) -> None:
    files = {"Products.csv": PRODUCTS, "Images.csv": ",id,product_id\n", "images/a.jpg": "x"}
    assert layout_of(tmp_path, files) == Layout(
        Table("Products.csv", LISTING_COLUMNS),
        Table("Images.csv", PHOTO_COLUMNS),
        "images/{image_id}",
    )


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "ndjson"])
def test_the_usual_tables_may_have_another_format(tmp_path: Path, ending: str) -> None:
    names = list(LISTING_COLUMNS.values())
    text = {
        "csv": " ; ".join(names).upper(),
        "tsv": "\t".join(f'"{name}"' for name in names),
        "jsonl": '{"ID": 1}\n{' + ", ".join(f'"{name}": "a"' for name in names) + "}",
    }
    content = text.get(ending, text["jsonl"])
    layout = layout_of(tmp_path, {f"Products.{ending}": content + "\n"})
    assert layout.listings == Table(f"Products.{ending}", LISTING_COLUMNS)
    assert layout.photos is None


@pytest.mark.parametrize("identity", ["", "id,"])
def test_the_older_layout_of_images(tmp_path: Path, identity: str) -> None:
    header = f",{identity}product_id,bucket_link,image_ref,create_time\n"
    layout = layout_of(
        tmp_path, {"Products.csv": PRODUCTS, "Images.csv": header, "images/a.jpg": "x"}
    )
    columns = {"product_id": "product_id", "photo": "image_ref", "link": "bucket_link"}
    wanted = columns | ({"image_id": "id"} if identity else {})
    assert layout.photos == Table("Images.csv", wanted)
    assert layout.photo_path == "images/{photo_name}"


def test_class_folders_need_no_table(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, {"images/Chairs/Old/a.jpg": "x", "images/b.jpg": "x"})
    assert layout == Layout(None, None, "images/{photo}")
    assert layout.photo_folder == "images"


def test_a_layout_of_two_tables(tmp_path: Path) -> None:
    toml = """
        currency = "eur"
        category_separator = ">"
        photo_path = "pictures/big/{photo}"
        [listings]
        file = "data/items.csv"
        delimiter = "|"
        [listings.columns]
        product_id = "SKU"
        title = "name"
        price = ""
        [photos]
        file = "pictures.jsonl"
        [photos.columns]
        product_id = "sku"
        photo = "path"
    """
    files = {
        "catalogue.toml": toml,
        "data/items.csv": "sku|Name |category|product_description|location\n",
        "pictures.jsonl": '{"sku": 1, "path": "a.jpg"}\n',
        "pictures/big/a.jpg": "x",
    }
    layout = layout_of(tmp_path, files)
    listings = {
        "product_id": "SKU",
        "title": "name",
        "category": "category",
        "description": "product_description",
        "location": "location",
    }
    assert layout == Layout(
        Table("data/items.csv", listings, "|"),
        Table("pictures.jsonl", {"product_id": "sku", "photo": "path"}),
        "pictures/big/{photo}",
        "EUR",
        ">",
    )
    assert layout.photo_folder == "pictures/big"


def test_a_layout_of_one_table(tmp_path: Path) -> None:
    toml = f"""
        photo_path = "{{photo}}"
        photo_separator = "|"
        [listings.columns]
        title = "product_name"
        photos = "pictures"
        {NO_MORE}
    """
    files = {"catalogue.toml": toml, "Products.csv": "id,product_name,pictures\n", "a.jpg": "x"}
    layout = layout_of(tmp_path, files | {"Images.csv": ",id,product_id\n"})
    assert layout.listings is not None
    assert layout.listings.columns == {
        "product_id": "id",
        "title": "product_name",
        "photos": "pictures",
    }
    assert (layout.photos, layout.photo_folder, layout.photo_separator) == (None, "", "|")


WRONG = {
    "no TOML": ("currency = ", "is no TOML"),
    "unknown key": ('curency = "EUR"', "unknown key 'curency'. Choices are: currency, category_"),
    "unknown key of a table": (
        '[listings]\nfiles = "a"',
        "key 'listings.files'. Choices are: file",
    ),
    "number": ("currency = 5", "currency is 5. Give a text in quotes."),
    "no currency": ('currency = "euros"', "currency is 'euros'. Give the three letters"),
    "no section": ('listings = "a.csv"', "listings is 'a.csv'. Give a section."),
    "column of a number": ("[listings.columns]\ntitle = 1", "listings.columns.title is 1."),
    "unknown role": (
        '[listings.columns]\nname = "x"',
        "listings.columns has the unknown key 'name'. Choices are: product_id, title, category",
    ),
    "unknown role of photos": (
        '[photos]\nfile = "Products.csv"\n[photos.columns]\ntitle = "x"',
        "photos.columns has the unknown key 'title'. Choices are: image_id, product_id, photo",
    ),
    "unknown placeholder": (
        'photo_path = "images/{id}"',
        "photo_path has the unknown placeholder 'id'. Choices are: image_id",
    ),
    "no placeholder": ('photo_path = "images/"', "It needs {image_id} or {photo}"),
    "half a placeholder": ('photo_path = "images/{photo}{"', "It needs {image_id} or {photo}"),
    "outside": ('photo_path = "../{photo}"', "Give a path below the catalogue"),
    "absolute": ('[listings]\nfile = "/etc/a.csv"', "listings.file is '/etc/a.csv'. Give a path"),
    "a URL": ('[photos]\nfile = "https://x/a.csv"', "photos.file is 'https://x/a.csv'"),
    "unknown format": ('[listings]\nfile = "a.xlsx"', "Choices are names that end in: .csv, .tsv"),
    "long delimiter": ('[listings]\ndelimiter = "::"', "listings.delimiter is '::'. Give one"),
    "empty separator": ('photo_separator = ""', "photo_separator is empty"),
    "missing table": ('[listings]\nfile = "a.csv"', "a.csv is missing"),
    "no ids": ('[listings.columns]\nproduct_id = ""', 'listings.columns.product_id is ""'),
    "no photo": (
        '[photos]\nfile = "Products.csv"\n[photos.columns]\nimage_id = ""',
        "photos.columns names no photo",
    ),
    "no such column": (
        '[listings.columns]\nprice = "cost"',
        "Products.csv has no column cost. Found: 'id', 'product_name'",
    ),
    "placeholder without a column": (
        'photo_path = "images/{image_id}"\n[listings.columns]\nphotos = "location"',
        "photo_path 'images/{image_id}' needs {image_id}, but no column is mapped to it.",
    ),
    "a table of photos that is not there": ("[photos]", "Images.csv is missing"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_catalogue_toml_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    toml, message = WRONG[fault]
    with pytest.raises(JobError) as caught:
        layout_of(tmp_path, {"Products.csv": PRODUCTS, "catalogue.toml": toml})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_usual_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"has Products\.csv and Products\.jsonl\. Keep one"):
        layout_of(tmp_path, {"Products.csv": PRODUCTS, "Products.jsonl": "{}"})
