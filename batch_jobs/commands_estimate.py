"""The command that says what a catalogue costs: marketplace-search estimate --photos N"""

from pathlib import Path
from typing import Annotated

import typer

Photos = Annotated[int, typer.Option(help="Photos of the catalogue.")]
Searches = Annotated[int, typer.Option(help="Searches a month.")]
ListingCount = Annotated[
    int, typer.Option("--listings", help="Listings.", show_default="half as many as photos")
]
PhotoMb = Annotated[float, typer.Option(help="Megabytes of a photo, as it comes.")]
IndexMb = Annotated[
    float | None,
    typer.Option("--memory-mb", help="Of the index.", show_default="what recall 0.98 needs"),
]
EstimateBackbone = Annotated[
    str, typer.Option("--backbone", help="resnet50 or efficientnet_lite0.")
]
EstimatePrices = Annotated[
    Path | None, typer.Option("--prices", help="JSON with prices in place of the bundled ones.")
]
FiguresFile = Annotated[
    Path | None,
    typer.Option("--throughputs", help="JSON with figures in place of the bundled ones."),
]
Json = Annotated[bool, typer.Option("--json", help="Print every number as JSON.")]


def estimate(
    photos: Photos,
    searches: Searches = 0,
    listings: ListingCount = 0,
    photo_mb: PhotoMb = 0.5,
    memory_mb: IndexMb = None,
    backbone: EstimateBackbone = "resnet50",
    prices: EstimatePrices = None,
    throughputs: FiguresFile = None,
    json: Json = False,
) -> None:
    """Says how long a run takes on AWS, and what it and searches cost."""
    from batch_jobs.cloud import estimate_page
    from batch_jobs.cloud.estimate import estimate as estimated
    from batch_jobs.cloud.estimate_inputs import Tables, Wanted
    from batch_jobs.cloud.prices import load_prices
    from batch_jobs.cloud.throughputs import load_throughputs

    wanted = Wanted(photos, searches, listings, photo_mb, memory_mb, backbone)
    found = estimated(wanted, Tables(load_prices(prices), load_throughputs(throughputs)))
    if json:
        print(estimate_page.as_json(found))
    else:
        estimate_page.show(found)
