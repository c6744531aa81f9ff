"""The export stage: marketplace-search export --run RUN [--precision int8|fp32]"""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batch_jobs.embed_stage import FP32_FILE
from batch_jobs.export_gates import Choice, choose
from batch_jobs.export_options import ExportOptions
from batch_jobs.export_photos import load_export_photos
from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder, software
from batch_jobs.train.stage import load_network
from model_export.export import export
from model_export.verify import check_fp32, check_int8
from release.manifest import EXTRACTOR_FILE
from release.store import Store

DEFAULT = ExportOptions()


def run(
    store: Store,
    run_id: str,
    options: ExportOptions = DEFAULT,
    progress: Progress | None = None,
) -> Done:
    """Writes extractor-fp32.onnx, extractor.onnx (int8 where its gates pass) and export.json.

    Raises JobError where a file does not agree with torch, or with itself over batches, or the
    stages before are not finished.
    """
    folder = StageFolder(store, run_id, "export")
    clean, train = folder.sibling("clean"), folder.sibling("train")
    inputs = {
        "clean": clean.require().digest,
        "train": train.require().digest,
        "options": asdict(options),
        "software": software(),
    }
    if done := folder.begin(inputs):
        return done
    network, info = load_network(train)
    say = (progress or Progress()).say
    with tempfile.TemporaryDirectory() as scratch:
        fp32 = Path(scratch) / FP32_FILE
        differences = export(network, info["size"], fp32)
        verified = check_fp32(fp32, network, info["size"])
        if options.precision == "fp32":
            choice = Choice(fp32, "fp32", "asked for")
        else:
            photos = load_export_photos(clean, train, info)
            choice = choose(fp32, photos, Path(scratch) / EXTRACTOR_FILE, say)
        if choice.precision == "int8":
            verified |= check_int8(choice.path, fp32, info["size"])
        folder.write(FP32_FILE, fp32)
        folder.write(EXTRACTOR_FILE, choice.path)
        report = _report(choice, differences) | {"verified": verified}
        folder.write_json("export.json", {**info, **report, **choice.figures})
    return folder.finish(inputs, _counts(report, choice))


def _report(choice: Choice, differences: dict[str, float]) -> dict[str, Any]:
    return {
        "size_bytes": choice.path.stat().st_size,
        "precision": choice.precision,
        "precision_reason": choice.reason,
        "differences": differences,
    }


def _counts(report: dict[str, Any], choice: Choice) -> dict[str, Any]:
    """`cosine` and `overlap_at_10` are of int8 on the validation part, 1 where fp32 is taken."""
    shown = ("size_bytes", "precision", "precision_reason", "differences")
    gates = choice.figures.get("gates", {}) if choice.precision == "int8" else {}
    own = {name: gates.get(name, 1.0) for name in ("cosine", "overlap_at_10")}
    return {name: report[name] for name in shown} | own
