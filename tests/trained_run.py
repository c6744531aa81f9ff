"""Runs that are cleaned, and trained only so far that an export has all it needs."""

import io
from pathlib import Path

import torch
from drawn_catalogue import draw_catalogue

from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from model_export.network import (
    ExtractorNetwork,
    NetworkConfig,
    build_network,
    set_categories,
)
from release.pixels import prepare
from release.store import Store

RUN_ID = "drawn"
PARTS = ("train", "validation", "train", "test", "train", "train")


def trained_run(
    folder: Path, backbone: str, weights: str, size: int, listings: int = 24, held_out: bool = True
) -> Store:
    """A store with a run whose network knows the means of its categories, and no more.

    Its projection is random: whitening by so few photos would blow up what they never showed.
    """
    catalogue = draw_catalogue(folder / "catalogue", listings=listings)
    store = Store(str(folder / "store"), create=True)
    clean_stage.run(store, str(catalogue.folder), CleanOptions(size=size), RUN_ID, Progress())
    clean = StageFolder(store, RUN_ID, "clean")
    paths = {
        row["product_id"]: tuple(row["category_path"])
        for row in read_table(clean, "products.parquet").to_pylist()
    }
    parts = PARTS if held_out else ("train",)
    split = {one: parts[place % len(parts)] for place, one in enumerate(sorted(paths))}
    categories = sorted(set(paths.values()))
    torch.manual_seed(0)
    config = NetworkConfig(backbone, size, len(categories))
    network = build_network(config, weights).eval()
    _start(network, clean, {one: categories.index(path) for one, path in paths.items()}, split)
    _write(clean.sibling("train"), network, config, categories, split)
    return store


@torch.no_grad()
def _start(
    network: ExtractorNetwork, clean: StageFolder, labels: dict[str, int], split: dict[str, str]
) -> None:
    rows = [row for _, table in read_shards(clean, "photos-") for row in table.to_pylist()]
    rows = [row for row in rows if split[row["product_id"]] == "train"]
    size = clean.require().inputs["options"]["size"]
    pixels = torch.stack([torch.tensor(prepare(row["photo"], size).pixels) for row in rows])
    features = network.features(pixels)
    embedding, _ = network.head(features)
    numbers = torch.tensor([labels[row["product_id"]] for row in rows])
    set_categories(network.categories, embedding, numbers)


def _write(
    train: StageFolder,
    network: ExtractorNetwork,
    config: NetworkConfig,
    categories: list[tuple[str, ...]],
    split: dict[str, str],
) -> None:
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    train.write("best.pt", buffer.getvalue())
    train.write_json("split.json", split)
    info = {"backbone": config.backbone, "size": config.size, "width": config.width}
    train.write_json("network.json", {**info, "categories": categories, "weights": "best.pt"})
    train.finish({"clean": train.sibling("clean").require().digest}, {})
