"""The export stage: marketplace-search export --run RUN"""

import tempfile
from pathlib import Path

from batch_jobs.stage import Done, StageFolder, software
from batch_jobs.train.stage import load_network
from model_export.export import export
from release.manifest import EXTRACTOR_FILE
from release.store import Store


def run(store: Store, run_id: str) -> Done:
    """Writes extractor.onnx (fp32) and export.json with its differences from torch.

    Raises JobError where the two do not agree or the train stage is not finished.
    """
    folder = StageFolder(store, run_id, "export")
    train = folder.sibling("train")
    inputs = {"train": train.require().digest, "software": software()}
    if done := folder.begin(inputs):
        return done
    network, info = load_network(train)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / EXTRACTOR_FILE
        differences = export(network, info["size"], path)
        size_bytes = path.stat().st_size
        folder.write(EXTRACTOR_FILE, path)
    counts = {"size_bytes": size_bytes, "precision": "fp32", "differences": differences}
    folder.write_json("export.json", {**info, **counts})
    return folder.finish(inputs, counts)
