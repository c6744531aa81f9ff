"""The pages that stages have written, taken as they are but for a way back."""

from batch_jobs.explore.made import Page
from batch_jobs.explore.stored import StoredRun
from release.errors import MissingObjectError

_HEADER = b"<header>\n"
_BACK = b'<p class="quiet"><a href="index.html">&larr; All pages of this run</a></p>\n'
# By stage: the file there, the file here, its title, a line for the index.
_REPORTS = {
    "clean": (
        "report.html",
        Page("clean.html", "Cleaning", "What was kept, what was rejected, and why."),
    ),
    "train": (
        "report.html",
        Page("train.html", "Training", "How good the network is on listings that it never saw."),
    ),
    "index": (
        "plan.html",
        Page("plan.html", "Index", "The plans that were tried, and why one was chosen."),
    ),
}


def report(run: StoredRun, stage: str) -> Page:
    """A stage's page, or why there is none."""
    name, page = _REPORTS[stage]
    if stage in run.missing:
        return Page(page.file, page.title, page.says, why=run.missing[stage])
    folder = run.clean.sibling(stage)
    try:
        content = folder.read(name)
    except MissingObjectError:
        why = f"The {stage} stage's {name} is not there."
        return Page(page.file, page.title, page.says, why=why)
    return Page(page.file, page.title, page.says, content.replace(_HEADER, _HEADER + _BACK, 1))
