"""The model file that embedded the current release's photos, by which new ones are embedded too."""

from dataclasses import dataclass
from pathlib import Path

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.update.base import Base
from release.blobs import blob_of
from release.errors import JobError
from release.manifest import EXTRACTOR_FILE


@dataclass(frozen=True)
class ModelFile:
    """`sha256` is the model's; `exported` is the export stage that has it, None: the release."""

    base: Base
    sha256: str
    exported: StageFolder | None = None

    @property
    def precision(self) -> str:
        return self.base.embedded_in

    def local(self) -> Path:
        """The file on this disk. Raises JobError or DamagedBlobError where it is damaged."""
        if self.exported is None:
            return self.base.file(EXTRACTOR_FILE)
        name = self.exported.path(FP32_FILE)
        path = self.exported.store.local(name)
        if path is None:
            path = self.base.cache / FP32_FILE
            path.write_bytes(self.exported.read(FP32_FILE))
        if blob_of(path).sha256 != self.sha256:
            where = self.exported.store.where(name)
            raise JobError(f"{where} is damaged. Delete done.json beside it and export again.")
        return path


def model_of(base: Base, progress: Progress) -> ModelFile:
    """The extractor in the precision of the release's photos.

    That is the release's own, or, where a GPU embedded in fp32 and queries are in int8, the one
    exported beside it. Raises JobError where no run has that one any more.
    """
    own = base.manifest.extractor
    if base.embedded_in == own.precision:
        return ModelFile(base, own.sha256)
    for run_id in base.store.folders("runs"):
        exported = StageFolder(base.store, run_id, "export")
        try:
            done = exported.done()
        except JobError as error:
            progress.say(f"update: {error} It is passed over.")
            continue
        same = done and done.outputs.get(EXTRACTOR_FILE) == own.sha256
        if done and same and FP32_FILE in done.outputs and exported.has(FP32_FILE):
            return ModelFile(base, done.outputs[FP32_FILE], exported)
    raise JobError(
        f"The photos of release {base.release_id} were embedded in {base.embedded_in}, queries are "
        f"in {own.precision}, and no run of {base.store.url} has {FP32_FILE} of that export any "
        "more. Make a new release: marketplace-search run"
    )
