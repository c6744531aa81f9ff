"""Embeds what an update needs: photos whose pixels this extractor has never seen."""

from collections import Counter
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from batch_jobs.embed_stage import NAMED, embed_unknown, write_embedded
from batch_jobs.embeddings import EmbeddingCache
from batch_jobs.extraction import ParallelExtractor, parallel_extractor
from batch_jobs.stage import Done, digest_of
from batch_jobs.tables import read_table
from batch_jobs.update.model import ModelFile, model_of
from batch_jobs.update.work import Work


def embed_changes(work: Work) -> Done:
    """Writes the embeddings of the photos of added and changed listings, or of all to compact.

    Those embedded before, in any run, are taken over. Raises JobError where the extractor is gone.
    """
    model = model_of(work.base, work.progress)
    folder = work.folder("embed")
    inputs = work.inputs(extractor=model.sha256, precision=model.precision)
    if done := folder.up_to_date(inputs):
        return done
    # The folder is never emptied: what is in it is taken over where the update is asked otherwise.
    embedding = _Embedding(work, model, f"embeddings-{digest_of(inputs)[:10]}-")
    files = sorted(name for name in work.clean.require().outputs if name.startswith("photos-"))
    for name in work.progress.track(files, len(files), "update: files of photos"):
        embedding.embed(name)
    for name in embedding.names:
        folder.keep(name)
    done = folder.finish(inputs, {**embedding.counts, "precision": model.precision})
    folder.sweep(done)
    return done


class _Embedding:
    """Embeds file by file, and counts."""

    def __init__(self, work: Work, model: ModelFile, prefix: str) -> None:
        self._work, self._model, self._prefix = work, model, prefix
        self._folder = work.folder("embed")
        self._there = set(self._folder.names("embeddings-"))
        self._cache = EmbeddingCache(work.base.store, model.sha256, work.progress)
        self._listings = pa.array(sorted(work.changes.written), pa.string())
        self.counts = Counter(photos=0, embedded=0, taken_over=0)
        self.names: list[str] = []

    @cached_property
    def _extractor(self) -> ParallelExtractor:
        return parallel_extractor(self._model.local())

    def embed(self, photos_name: str) -> None:
        """Writes the embeddings of the wanted photos of one file, if there are any."""
        photos = self._wanted(photos_name, NAMED)
        if not len(photos):
            return
        pixels = photos["pixel_sha256"].to_pylist()
        known = self._cache.find(pixels)
        new = sum(one not in known for one in pixels)
        name = self._prefix + photos_name.removeprefix("photos-")
        if name not in self._there:
            if new:
                photos = self._wanted(photos_name, [*NAMED, "photo"])
            write_embedded(self._folder, name, embed_unknown(photos, known, self._extractor))
        self.names.append(name)
        self.counts.update(photos=len(pixels), embedded=new, taken_over=len(pixels) - new)

    def _wanted(self, photos_name: str, columns: list[str]) -> pa.Table:
        table = read_table(self._work.clean, photos_name, columns)
        if self._work.compacts:
            return table
        return table.filter(pc.is_in(table["product_id"], value_set=self._listings))
