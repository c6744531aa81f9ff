"""Measures what `marketplace-search estimate` reckons with; with --write, throughputs.json anew.

PYTHONPATH=tests python tests/benchmarks/bench_throughputs.py [--catalogue FOLDER] [--write]

Seconds are of CPU time, which others on the machine change least, and the least of several rounds.
Figures that nobody measured here (`"measured": false`) are taken over from the file as they are.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from index_measures import in_child
from throughputs_of_clean import clean_figures
from throughputs_of_index import index_figures
from throughputs_of_networks import network_figures

from batch_jobs.cloud.throughputs import BUNDLED, load_throughputs
from batch_jobs.stage import cpu_count

DEMO = Path(__file__).resolve().parents[2] / "demo" / "furniture"
COMMAND = "PYTHONPATH=tests python tests/benchmarks/bench_throughputs.py --write"

Figures = dict[str, float]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--catalogue", type=Path, default=DEMO, help="a folder with images/")
    options.add_argument("--photos", type=int, default=400_000, help="of the index")
    options.add_argument("--write", action="store_true", help="what was found into the table")
    asked = options.parse_args()
    found: Figures = {}
    for figures in _measured(asked.catalogue, asked.photos):
        print(json.dumps(figures), flush=True)
        found |= figures
    table = written(json.loads(BUNDLED.read_text()), found)
    if asked.write:
        BUNDLED.write_text(table)
        load_throughputs()


def _measured(catalogue: Path, photos: int) -> Iterator[Figures]:
    """Each in a child, so that none has the memory and threads of another."""
    measures: list[tuple[Callable[..., Figures], tuple[object, ...]]] = [
        (clean_figures, (catalogue,)),
        (network_figures, ()),
        (index_figures, (photos,)),
    ]
    for measure, arguments in measures:
        with tempfile.TemporaryDirectory() as scratch:
            yield in_child(measure, *arguments, Path(scratch))


def written(table: dict[str, object], found: Figures) -> str:
    """The file with what was found in place of what was measured before."""
    figures = table["figures"]
    assert isinstance(figures, dict)
    known = {name for name, figure in figures.items() if figure["measured"]}
    if known - found.keys():
        sys.exit(f"Not measured: {', '.join(sorted(known - found.keys()))}.")
    for name, value in found.items():
        figures[name] |= {"value": float(f"{value:.4g}")}
    told = {"dated": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "command": COMMAND}
    return json.dumps({**table, **told, "figures": figures}, indent=2) + "\n"


def machine() -> str:
    flags = Path("/proc/cpuinfo").read_text()
    names = {"avx512_vnni": "AVX-512 VNNI", "avx512f": "AVX-512", "avx2": "AVX2"}
    best = next((name for flag, name in names.items() if flag in flags), "no AVX2")
    return f"{cpu_count()} vCPUs of x86-64 with {best}"


if __name__ == "__main__":
    main()
