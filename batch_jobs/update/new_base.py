"""Compaction: one new base segment of all live listings, planned as for a new catalogue."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batch_jobs import cleaned
from batch_jobs.index.build import Built, build_base
from batch_jobs.index.page import write_plan
from batch_jobs.index.photos import copies_of, photos_of
from batch_jobs.index.source import RunSource
from batch_jobs.publish_stage import BASE, gate
from batch_jobs.stage import Done, StageFolder
from batch_jobs.update.budget import budget_of
from batch_jobs.update.segments import SEGMENTS_FILE
from batch_jobs.update.work import Work
from release.listings import Photo
from release.manifest import Measured, SegmentInfo
from release.segment import FILES
from release.segment_writer import write_segment_files


def write_new_base(work: Work) -> Done:
    """Writes the base's files and segments.json, which names it alone; plan.html and plan.json.

    Raises JobError where photos do not find themselves in it.
    """
    folder, embed = work.folder("index"), work.folder("embed")
    budget = budget_of(work.base)
    inputs = work.inputs(embed=embed.require().digest, budget=asdict(budget))
    if done := folder.begin(inputs):
        return done
    photos = list(photos_of(embed))
    with tempfile.TemporaryDirectory() as scratch:
        source = RunSource(embed)
        built = build_base(source, budget, Path(scratch), work.progress, copies_of(photos))
        gate({"finds_itself": built.finds_itself})
        info = _write(work, folder, built, photos)
    folder.write_json(SEGMENTS_FILE, [asdict(info)])
    write_plan(folder, built, len(photos), budget)
    counts = {"segment": BASE, "plan": info.plan, "photos": info.photos, "why": built.why}
    return folder.finish(inputs, counts)


def _write(work: Work, folder: StageFolder, built: Built, photos: Sequence[Photo]) -> SegmentInfo:
    listings, figures = list(cleaned.listings(work.clean)), dict[str, Any](built.measured())
    with tempfile.TemporaryDirectory() as written:
        write_segment_files(Path(written), listings, photos, built.index, built.lists)
        for file in FILES:
            folder.write(f"{BASE}/{file}", Path(written) / file)
    return SegmentInfo(
        name=BASE,
        plan=built.trial.plan.name,
        photos=len(photos),
        listings=len(listings),
        embedded_in=work.base.embedded_in,
        measured=Measured(**figures),
    )
