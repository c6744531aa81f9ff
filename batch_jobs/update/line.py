"""What an update did, in one line as those of the stages."""

from batch_jobs.update.job import Updated


def line_of(updated: Updated) -> str:
    """For standard output."""
    changes, counts = updated.changes, updated.counts
    what = (
        f"{len(changes.added)} added, {len(changes.changed)} changed, "
        f"{len(changes.removed)} removed"
    )
    if updated.up_to_date:
        return f"update   {what}; release {updated.release}: up to date"
    segment = (
        f"segment {counts['segment']}, {counts['plan']}" if counts["segment"] else "no segment"
    )
    return (
        f"update   {what}; {counts['embedded']} photos embedded, "
        f"{counts['taken_over']} taken over; {segment}; release {updated.release}: "
        f"{updated.seconds:.1f} s"
    )
