"""The first answer of a new process, under Lambda's emulator; then searches of one that is warm.

PYTHONPATH=tests python tests/benchmarks/bench_cold.py [--runs N] [--folder FOLDER] [--only cold]

Cold, in turn: a handler that only imports our libraries; ours, from a local store and from moto's
S3; the student project's way. Warm: beside decode, session and index called directly, and beside
the student project's way. The release has 100,000 photos; --folder keeps it for the next time.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cold_lines import (
    IMPORTS,
    ON_S3,
    OURS,
    STUDENT,
    cold_lines,
    cold_table,
    warm_lines,
    warm_table,
)
from cold_start import Start, Way, start
from function.emulator import SOURCE_TREE, Code, artifact, emulator_path
from index_lines import Must
from s3_of_moto import s3_of
from search_data import SMALL, Searched, made
from search_events import FORM, predict_event, results_of, search_event
from warm_search import warm_searches


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch, "searched")
        folder.mkdir(parents=True, exist_ok=True)
        searched = made(folder, asked.photos)
        print(_described(searched), flush=True)
        missed = [must.what for must in _measured(asked, searched, Path(scratch)) if not_held(must)]
    if missed:
        sys.exit(f"Missed: {'; '.join(missed)}.")
    print("All that was judged holds.")


def not_held(must: Must) -> bool:
    """Prints the line beside."""
    print(must, flush=True)
    return must.holds is False


def _described(searched: Searched) -> str:
    manifest = searched.manifest
    sizes = {name: blob.size_bytes / 1e6 for name, blob in manifest.files.items()}
    files = ", ".join(f"{name} {size:.1f} MB" for name, size in sizes.items())
    photos = ", ".join(
        f"{path.stat().st_size:,} bytes for {name}" for name, path in searched.photos.items()
    )
    (segment,) = manifest.segments
    return (
        f"{segment.photos:,} photos, {segment.plan}\n"
        f"read at a start: {files}; in all {sum(sizes.values()):.1f} MB\nphotos: {photos}"
    )


def _measured(asked: argparse.Namespace, searched: Searched, scratch: Path) -> Iterator[Must]:
    if asked.only != "warm":
        yield from _cold(searched, asked.runs, scratch)
    if asked.only != "cold":
        found = warm_searches(searched, asked.rounds, scratch)
        print("\n".join(warm_table(found)), flush=True)
        yield from warm_lines(found)


def _cold(searched: Searched, runs: int, scratch: Path) -> Iterator[Must]:
    if emulator_path() is None:
        sys.exit("There is no .venv-sam with the emulator: make setup")
    codes = [code for code in (artifact(), SOURCE_TREE) if code]
    with s3_of(searched.store, scratch / "moto.log") as on_s3:
        ways = [way for code in codes for way in _ways(code, searched, on_s3)]
        starts = _in_turn(ways, searched.photos[SMALL].read_bytes(), runs, scratch)
    for code in codes:
        its = {way.name: starts[code.version, way.name] for way in ways if way.code is code}
        print("\n".join(cold_table(code.version, its)), flush=True)
        yield from cold_lines(code.version, its)


def _ways(code: Code, searched: Searched, on_s3: dict[str, str]) -> Iterator[Way]:
    ours = "lambda_search.handler.handler"
    yield Way(IMPORTS, code, "imports_handler.handler")
    yield Way(OURS, code, ours, {"STORE_URL": str(searched.store)})
    yield Way(ON_S3, code, ours, on_s3)
    if code is SOURCE_TREE:  # torch is for the batch side's Python alone
        student = {"STUDENT_FOLDER": str(searched.student)}
        yield Way(STUDENT, code, "student_handler.handler", student)


def _in_turn(
    ways: list[Way], photo: bytes, runs: int, scratch: Path
) -> dict[tuple[str, str], list[Start]]:
    """By Python and name; all the ways of a run before the next run, so all meet the same noise."""
    found: dict[tuple[str, str], list[Start]] = {}
    for number in range(-1, runs):  # the first fills the disk's cache and does not count
        for way in ways:
            is_student = way.name == STUDENT
            event = predict_event(photo) if is_student else search_event(photo, FORM)
            one = start(way, event, scratch)
            if way.name != IMPORTS:
                results_of(one.response)
            if number >= 0:
                found.setdefault((way.code.version, way.name), []).append(one)
    return found


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=7, help="cold starts of each")
    options.add_argument("--rounds", type=int, default=40, help="warm searches of each")
    options.add_argument("--folder", type=Path, help="keeps the release; default: a temporary one")
    options.add_argument("--only", choices=("cold", "warm"))
    return options.parse_args()


if __name__ == "__main__":
    main()
