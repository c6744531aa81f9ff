"""Warm searches in turn: our function with its bare parts beside it, then the student project's."""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index_measures import percentiles
from lines_of_json import asking
from search_data import LARGE, SMALL, Searched
from search_events import FORM, JSON

WARM_UP = 3
PARTS = ("decode", "extract", "search")


@dataclass
class Warm:
    """Milliseconds of the searches with one photo, sent in one way.

    `stages` as the answer says, `bare` of the same three called directly, `base64` of decoding
    what the event has encoded, `student` of the other project's answers.
    """

    answer: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    bare: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    base64: list[float] = field(default_factory=list)
    student: list[float] = field(default_factory=list)

    def add(self, ours: dict[str, Any], student: dict[str, float]) -> None:
        self.answer.append(ours["answer"])
        self.base64.append(ours["base64"])
        self.student.append(student["answer"])
        for kept, found in ((self.stages, ours["stages"]), (self.bare, ours["bare"])):
            for name, value in found.items():
                kept[name].append(value)

    @property
    def bare_sums(self) -> list[float]:
        """Decode, extract and search, measured beside each answer."""
        return [sum(parts) for parts in zip(*self.bare.values(), strict=True)]

    @property
    def times_bare(self) -> float:
        return median_ratio(self.answer, self.bare_sums)

    @property
    def times_faster(self) -> float:
        return median_ratio(self.student, self.answer)

    def split(self) -> dict[str, float]:
        """Medians of the stages as the answer says, and of the rest of the answer."""
        shown = {name: self.stages.get(name) or self.bare[name] for name in PARTS}
        rest = [
            whole - sum(parts) for whole, *parts in zip(self.answer, *shown.values(), strict=True)
        ]
        return {name: percentiles(values)[0] for name, values in (shown | {"rest": rest}).items()}


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Of times taken in turn."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


Asked = tuple[str, str]  # the photo's name, and how it is sent


def warm_searches(searched: Searched, rounds: int, scratch: Path) -> dict[Asked, Warm]:
    """Both photos in both ways, so many rounds in turn, after a few that do not count."""
    ours = {
        "AWS_LAMBDA_FUNCTION_NAME": "search",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",  # one vCPU, one thread
        "STORE_URL": str(searched.store),
        "CACHE_DIR": str(scratch / "cache"),
    }
    student = {"STUDENT_FOLDER": str(searched.student)}
    with contextlib.ExitStack() as stack:
        ask_ours = stack.enter_context(
            asking("warm_ours.py", str(searched.folder), log=scratch / "ours.log", environment=ours)
        )
        ask_student = stack.enter_context(
            asking("warm_student.py", log=scratch / "student.log", environment=student)
        )
        return _in_turn(searched.photos, ask_ours, ask_student, rounds)


def _in_turn(
    photos: dict[str, Path],
    ask_ours: Callable[[Any], Any],
    ask_student: Callable[[Any], Any],
    rounds: int,
) -> dict[Asked, Warm]:
    found = {(name, kind): Warm() for name in (LARGE, SMALL) for kind in (FORM, JSON)}
    for number in range(-WARM_UP, rounds):
        for (name, kind), warm in found.items():
            photo = str(photos[name])
            ours = ask_ours({"photo": photo, "kind": kind})
            theirs = ask_student({"photo": photo})
            if number >= 0:
                warm.add(ours, theirs)
    return found
