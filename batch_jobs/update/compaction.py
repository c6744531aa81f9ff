"""When small segments and dead photos are so many that a new base is better."""

from dataclasses import dataclass

from batch_jobs.publish_stage import BASE
from batch_jobs.update.base import Base
from batch_jobs.update.compare import Changes
from release.errors import JobError

MAX_SEGMENTS = 16  # each is searched by itself, and opened when a release is loaded


@dataclass(frozen=True)
class UpdateOptions:
    """`compact` asks for a new base, `share` is the part of the photos from which on it is made.

    The part is of live photos: those in small segments, and the dead ones that are still searched
    past, beside all that are live.
    """

    compact: bool = False
    share: float = 0.2

    def __post_init__(self) -> None:
        if not self.share >= 0:
            raise JobError(f"--compact-share is {self.share}; it must be 0 or more, such as 0.2.")


@dataclass(frozen=True)
class Burden:
    """What the segments would be after an update without compaction; photos."""

    segments: int
    has_base: bool
    small: int  # live, outside the base
    dead: int
    live: int

    @property
    def share(self) -> float:
        return (self.small + self.dead) / max(1, self.live)

    @property
    def is_compact(self) -> bool:
        """Whether a new base would be nothing new."""
        return self.has_base and self.segments == 1 and self.dead == 0


def burden_of(base: Base, changes: Changes, written_photos: int) -> Burden:
    """What the release would bear with a new segment of `written_photos` photos."""
    segments, small, dead, live = 0, written_photos, 0, written_photos
    has_base = False
    for segment in base.segments:
        gone = segment.dead_with(changes.gone)
        if len(gone) == segment.info.listings:
            continue  # it is dropped
        lost = segment.photos_of(gone)
        segments += 1
        dead += lost
        live += segment.info.photos - lost
        if segment.info.name == BASE:
            has_base = True
        else:
            small += segment.info.photos - lost
    return Burden(segments + bool(written_photos), has_base, small, dead, live)


def wants_compaction(burden: Burden, options: UpdateOptions) -> bool:
    """Small segments are written beside a base, so without one there is a new one."""
    needed = not burden.has_base or burden.segments > MAX_SEGMENTS or burden.share > options.share
    return needed or (options.compact and not burden.is_compact)
