"""Eight clients search while the release changes 20 times: failed, inconsistent, memory.

python tests/benchmarks/bench_swaps.py [--seconds 60] [--swaps 20] [--listings 400]
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from swap_load import swap_under_load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--listings", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = swap_under_load(Path(folder), asked.swaps, asked.seconds, asked.listings)
    print(json.dumps(dataclasses.asdict(load) | {"seen": sorted(load.seen)}))


if __name__ == "__main__":
    main()
