"""What a notebook does with an undamaged Products.csv: read_csv and vectorised clean-up.

python tests/benchmarks/plain_pandas.py Products.csv products.parquet
"""

import sys

import pandas as pd

TEXTS = ["product_name", "product_description", "location"]
TITLE = r"^(?P<title>.*?)\s*(?:\|\s*in\s+(?P<place>[^|]*?)\s*)?(?:\|\s*Gumtree\s*)?$"


def main(given: str, wanted: str) -> None:
    table = pd.read_csv(given, index_col=0).drop_duplicates("id")
    for name in TEXTS:
        table[name] = table[name].fillna("").str.strip()
    figures = table["price"].str.replace(r"[£,\s]", "", regex=True)
    table["price"] = pd.to_numeric(figures, errors="coerce")
    table["category"] = table["category"].str.split(r"\s*/\s*", regex=True)
    parts = table["product_name"].str.extract(TITLE)
    table["product_name"] = parts["title"]
    table["location"] = table["location"].where(table["location"] != "", parts["place"])
    table.rename(columns={"id": "product_id"}).to_parquet(wanted)


if __name__ == "__main__":
    main(*sys.argv[1:3])
