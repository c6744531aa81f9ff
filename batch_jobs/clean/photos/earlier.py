"""What an earlier cleaning of the same catalogue made of the files that have not changed since."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from batch_jobs.clean.ledger import Ledger
from batch_jobs.progress import Progress
from batch_jobs.stage import Inputs, StageFolder
from batch_jobs.tables import OUTCOMES, parse_table
from release.blobs import blob_of
from release.errors import JobError, MissingObjectError

Row = dict[str, Any]

_NAMES = [name for name in OUTCOMES.names if name not in ("image_id", "product_id")]
_ADD = (
    f"INSERT OR IGNORE INTO earlier ({', '.join(_NAMES)}, photos_file) "
    f"VALUES ({', '.join('?' * len(_NAMES))}, ?)"
)
_FIND = f"""
SELECT wanted.image_id, wanted.product_id, earlier.photos_file,
    {", ".join(f"earlier.{name}" for name in _NAMES)}
FROM wanted JOIN earlier USING (path, size_bytes, version) WHERE place >= ? AND place < ?
"""
_REASON = _NAMES.index("reason")
FILES_AT_ONCE = 3  # of photos in memory; the order of a catalogue changes little


class Earlier:
    """The outcomes and the prepared photos of a finished stage, by the version of each file."""

    def __init__(self, folder: StageFolder, outputs: Mapping[str, str], progress: Progress) -> None:
        self._folder = folder
        self._outputs = outputs
        self._progress = progress
        self._photos = lru_cache(FILES_AT_ONCE)(self._read_photos)

    def load(self, ledger: Ledger) -> None:
        """Reads all outcomes into the ledger."""
        for name in self._outputs:
            if name.startswith("outcomes-") and (data := self.output(name)):
                table = parse_table(data, _NAMES)
                photos_file = name.replace("outcomes-", "photos-", 1)
                rows = zip(*(table[name].to_pylist() for name in _NAMES), strict=True)
                ledger.execute_many(
                    _ADD, ((*row, photos_file) for row in rows if row[_REASON] != "missing_file")
                )

    def outcomes(self, places: tuple[int, int], ledger: Ledger) -> dict[str, Row]:
        """By image id, what is known of the wanted photos from one place to before another."""
        known = {}
        for image_id, product_id, photos_file, *values in ledger.rows(_FIND, places):
            row = dict(zip(_NAMES, values, strict=True))
            row |= {"image_id": image_id, "product_id": product_id}
            if row["reason"] is None:
                row["photo"] = self._photos(photos_file).get(row["pixel_sha256"])
            if row["reason"] or row["photo"]:
                known[image_id] = row
        return known

    def output(self, name: str) -> bytes | None:
        """A file as it was when the stage was finished; None where there was or is none."""
        if name not in self._outputs:
            return None
        try:
            data = self._folder.read(name)
        except MissingObjectError:
            data = b""
        if blob_of(data).sha256 == self._outputs[name]:
            return data
        where = self._folder.store.where(self._folder.path(name))
        self._progress.say(f"clean: {where} is damaged or gone; what was in it is made again")
        return None

    def _read_photos(self, name: str) -> dict[str, bytes]:
        """A file's photos by the SHA-256 of their pixels."""
        data = self.output(name)
        if data is None:
            return {}
        table = parse_table(data, ["pixel_sha256", "photo"])
        return dict(zip(*(column.to_pylist() for column in table.columns), strict=True))


def find_earlier(folder: StageFolder, inputs: Inputs, progress: Progress) -> Earlier:
    """The newest finished cleaning of this catalogue with the same options, in any run.

    Where there is none, one that knows nothing.
    """
    found: list[tuple[str, str, StageFolder, Mapping[str, str]]] = [("", "", folder, {})]
    for run_id in folder.store.folders("runs"):
        other = StageFolder(folder.store, run_id, folder.stage)
        try:
            done = other.done()
        except JobError as error:
            progress.say(f"clean: {error} It is passed over.")
            continue
        if done and all(
            done.inputs.get(name) == inputs[name] for name in ("catalogue", "options", "software")
        ):
            found.append((done.finished_at, run_id, other, done.outputs))
    *_, newest, outputs = max(found, key=lambda one: one[:2])
    return Earlier(newest, outputs, progress)
