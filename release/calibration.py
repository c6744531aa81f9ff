"""What a similarity means: curves from cosine to probability, and from where on a match is good."""

import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

# Checked as parts of the manifest; by themselves only where a release is written, so built there.
_CHECKED = ConfigDict(extra="forbid", strict=True, defer_build=True)
_LARGEST_EXPONENT = 700.0  # exp() of more than 709 overflows

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
# The cosine of two float32 vectors oversteps 1 a little.
Cosine = Annotated[float, Field(ge=-1.001, le=1.001)]


@dataclass(frozen=True, config=_CHECKED)
class Curve:
    """A logistic curve from a photo pair's cosine to the probability of something they share.

    Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    intercept: Finite

    def probability(self, similarity: float) -> float:
        """1 / (1 + exp(-(slope * similarity + intercept))): 0 to 1, never falling."""
        exponent = -(self.slope * similarity + self.intercept)
        return 1 / (1 + math.exp(min(exponent, _LARGEST_EXPONENT)))


@dataclass(frozen=True, config=_CHECKED)
class Match:
    """Whether the nearest listing is a good match: where its cosine is at least `threshold`.

    Measured with single photos of listings held out for validation, half of them with no other
    photo of their listing in the catalogue: `precision` is the share of nearest listings called
    good that show the same item (`of` "item") or are of the same category (`of` "category", where
    no listing has several photos); `recall` the share of those that are called good.
    """

    of: Literal["item", "category"]
    threshold: Cosine
    precision: Share
    recall: Share

    def good(self, similarity: float) -> bool:
        return similarity >= self.threshold


@dataclass(frozen=True, config=_CHECKED)
class Calibration:
    """What is known of the similarities of a release; None for what its catalogue cannot tell.

    The curves are fitted on the nearest photos that searches with held-out ones show, of which
    every other search is without the photos of its own listing: they hold where about half of what
    is searched for is in the catalogue.
    """

    same_item: Curve | None = None
    same_category: Curve | None = None
    match: Match | None = None
