"""What pages read of a run: finished stages, labelled photos, embeddings, JPEGs, listings."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_jobs.cleaned import listings
from batch_jobs.stage import STAGES, Done, StageFolder
from batch_jobs.table_files import opened
from batch_jobs.train.evaluate import Parts
from batch_jobs.train.options import TrainOptions
from batch_jobs.train.photos import PhotoSet, photo_set
from batch_jobs.train.split import PARTS, Split
from release.errors import JobError
from release.listings import Listing
from release.store import Store

Places = NDArray[np.int64]
Embeddings = NDArray[np.float32]  # (n, width), unit norm


@dataclass(frozen=True)
class StoredRun:
    """A run whose clean stage is done; of the other stages, which are and why others are not."""

    clean: StageFolder
    done: Mapping[str, Done]
    missing: Mapping[str, str]

    @classmethod
    def of(cls, store: Store, run_id: str) -> "StoredRun":
        """Raises JobError where not even the clean stage is done."""
        clean = StageFolder(store, run_id, "clean")
        done, missing = {"clean": clean.require()}, {}
        for stage in STAGES[1:]:
            try:
                done[stage] = clean.sibling(stage).require()
            except JobError:  # its text names the store, which a page for others must not
                missing[stage] = f"This run has no finished {stage} stage."
        return cls(clean, done, missing)

    @property
    def run_id(self) -> str:
        return self.clean.run_id

    @property
    def catalogue(self) -> str:
        return str(self.done["clean"].inputs["catalogue"])

    @cached_property
    def photos(self) -> PhotoSet:
        """All photos with their labels, as the network has learnt them; no JPEG is there yet."""
        options = self._train_options
        return photo_set(self.clean, {}, options["label_level"], options["min_photos"])

    @cached_property
    def parts(self) -> Parts:
        """The photos that the training's report is about, and those that they are searched in."""
        of_listing = json.loads(self.clean.sibling("train").read("split.json"))
        of_each = [PARTS.index(of_listing[listing]) for listing in self.photos.product_ids]
        split = Split(np.array(of_each, np.int64)[self.photos.listings])
        return Parts.of(split, self._train_options["seed"])

    @cached_property
    def _train_options(self) -> Mapping[str, Any]:
        if "train" not in self.done:
            return vars(TrainOptions())
        made = json.loads(self.clean.sibling("train").read("training.json"))
        return dict(made["options"])

    def embeddings(self, places: Places) -> Embeddings:
        """(n, width) of all photos, where rows at other places are zero."""
        embed = self.clean.sibling("embed")
        found = None
        for start, file_places, table in _files(embed, ["image_id", "embedding"], places):
            ids = table["image_id"].to_pylist()
            if ids != self.photos.image_ids[start : start + len(ids)]:
                raise JobError(
                    f"The embeddings of run {self.run_id} are of other photos than were cleaned. "
                    f"Embed them again: marketplace-search embed --run {self.run_id}"
                )
            rows = table["embedding"].combine_chunks().flatten().to_numpy().reshape(len(ids), -1)
            if found is None:
                # Of pages that are never written to, the system gives none.
                found = np.zeros((len(self.photos), rows.shape[1]), np.float32)
            found[file_places] = rows[file_places - start]
        return np.zeros((len(self.photos), 1), np.float32) if found is None else found

    def column(self, name: str, places: Places) -> dict[int, Any]:
        """By place, a column of photos-*.parquet."""
        return {
            place: value
            for start, file_places, table in _files(self.clean, [name], places)
            for place, value in zip(
                file_places.tolist(), table[name].take(file_places - start).to_pylist(), strict=True
            )
        }

    def shown(self, places: Iterable[int]) -> "Shown":
        """Photos and listings of the photos at some places."""
        wanted = np.unique(np.fromiter(places, np.int64))
        photos = self.photos
        owners = {photos.product_ids[listing] for listing in photos.listings[wanted].tolist()}
        of = {listing.product_id: listing for listing in listings(self.clean, owners)}
        return Shown(replace(photos, jpegs=self.column("photo", wanted)), of)


@dataclass(frozen=True)
class Shown:
    """What pages show of some photos: of those, `photos` has the JPEGs too."""

    photos: PhotoSet
    listings: Mapping[str, Listing]

    def listing(self, place: int) -> Listing:
        return self.listings[self.photos.product_ids[self.photos.listings[place]]]

    def photo(self, place: int) -> dict[str, Any]:
        """As templates want it."""
        return {"jpeg": self.photos.jpegs[place], "title": self.listing(place).title}


def _files(
    folder: StageFolder, columns: list[str], places: Places
) -> Iterator[tuple[int, Places, Any]]:
    """Of each file of photos with any of these places: its first place, those places, its rows."""
    prefix = "photos-" if folder.stage == "clean" else "embeddings-"
    names = sorted(name for name in folder.require().outputs if name.startswith(prefix))
    start = 0
    for name in names:
        with opened(folder, name) as file:
            end = start + file.metadata.num_rows
            own = places[(places >= start) & (places < end)]
            if len(own):
                yield start, own, file.read(columns)
        start = end
