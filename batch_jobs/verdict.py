"""What the similarities of a search mean, in words."""

from dataclasses import dataclass

from release.calibration import Calibration, Curve
from release.faiss_search import ListingHit

NOTHING_FOUND = "No listing matches the filters."
_SHARED = {"item": "show the same item", "category": "are of the same category"}


@dataclass(frozen=True)
class Verdict:
    """Whether the nearest listing is a good match, and why; both "" where nobody knows."""

    good: bool
    said: str
    why: str

    def __str__(self) -> str:
        return f"{self.said}: {self.why}" if self.why else self.said


def verdict(hits: list[ListingHit], calibration: Calibration) -> Verdict:
    """`hits` are listings, nearest first."""
    match = calibration.match
    if not hits:
        return Verdict(False, NOTHING_FOUND, "")
    if match is None:
        return Verdict(False, "", "")
    nearest = hits[0].similarity
    if match.good(nearest):
        share = percent_text(match.precision)
        why = f"{share} of the nearest listings that are this similar {_SHARED[match.of]}."
        return Verdict(True, "A good match", why)
    why = (
        f"the nearest has a similarity of {nearest:.3f}, a good one {match.threshold:.3f} or more."
    )
    return Verdict(False, "Nothing is a good match", why)


def telling_curve(calibration: Calibration) -> tuple[str, Curve] | None:
    """The curve that says most to a person, and what it is the probability of."""
    if calibration.same_item:
        return "same item", calibration.same_item
    return ("same category", calibration.same_category) if calibration.same_category else None


def percent_text(probability: float) -> str:
    """In whole percent; what is nearly certain is not called certain."""
    if probability < 0.01:
        return "<1%"
    return ">99%" if probability > 0.99 else f"{probability:.0%}"
