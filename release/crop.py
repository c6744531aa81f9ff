"""A part of a photo, as fractions of its sides."""

from dataclasses import dataclass

from release.errors import QueryError

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True)
class Crop:
    """A box in fractions of the width and height of the photo as it is seen, upright.

    0 <= left < right <= 1 and 0 <= top < bottom <= 1; the origin is at the top left. Raises
    QueryError for anything else.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        for low, high in ((self.left, self.right), (self.top, self.bottom)):
            if not 0 <= low < high <= 1:
                raise QueryError(
                    f"The crop is [{self.left}, {self.top}, {self.right}, {self.bottom}]; it must "
                    "be [left, top, right, bottom] in fractions from 0 to 1, left before right "
                    "and top before bottom.",
                )

    def of(self, width: int, height: int) -> Box:
        """In the pixels of a photo of this size."""
        left, right = round(self.left * width), round(self.right * width)
        top, bottom = round(self.top * height), round(self.bottom * height)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def size_of(box: Box) -> tuple[int, int]:
    """Width and height."""
    left, top, right, bottom = box
    return right - left, bottom - top


WHOLE = Crop(0, 0, 1, 1)
