"""How fast the stages are and how large what they write is: figures with their date and source."""

from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from batch_jobs.cloud.table_file import load_table
from batch_jobs.index.plan import Coder
from release.errors import JobError

BUNDLED = Path(__file__).parent / "throughputs.json"
BACKBONES = ("resnet50", "efficientnet_lite0")
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Figure:
    """A value, in the unit that the end of its name tells."""

    value: Positive
    measured: bool  # on the table's machine, by its command
    source: str


@dataclass(frozen=True, config=_STRICT)
class CodedPlan:
    """How well an index finds whose inverted lists hold such codes."""

    coder: Coder
    dimensions: Annotated[int, Field(gt=0)]
    recall_at_10: Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, config=_STRICT)
class Throughputs:
    """`cpu_s` are seconds of one vCPU."""

    dated: str
    machine: str
    command: str
    plans_source: str
    plans: Annotated[tuple[CodedPlan, ...], Field(min_length=1)]
    figures: dict[str, Figure]

    def __getitem__(self, name: str) -> float:
        return self.figures[name].value

    @property
    def assumed(self) -> dict[str, Figure]:
        """Those that were not measured on the table's machine."""
        return {name: one for name, one in self.figures.items() if not one.measured}


def load_throughputs(path: Path | None = None) -> Throughputs:
    """The bundled table, or with the values of a file in place of its own.

    Raises JobError where the file cannot be read, has a figure that there is not, or a value that
    does not fit.
    """
    kind = TypeAdapter(Throughputs)
    bundled: Throughputs = load_table(kind, BUNDLED, None)
    if path is None:
        return bundled
    found: Throughputs = load_table(kind, BUNDLED, path)
    if unknown := sorted(found.figures.keys() - bundled.figures.keys()):
        raise JobError(f"{path}: figures.{unknown[0]}: there is no such figure.")
    return found
