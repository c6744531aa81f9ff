"""What can be chosen about an export. Any change of it exports again."""

from dataclasses import dataclass

from release.errors import JobError

PRECISIONS = ("int8", "fp32")


@dataclass(frozen=True)
class ExportOptions:
    """`precision` is what the function's extractor is to have; int8 only if its gates pass."""

    precision: str = "int8"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise JobError(
                f"--precision is {self.precision!r}. Choices are {', '.join(PRECISIONS)}."
            )
