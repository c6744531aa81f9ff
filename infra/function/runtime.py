"""Puts AWS's runtime interface for the function's Python in build/runtime, for the emulator.

    python infra/function/runtime.py

On Lambda the managed runtime brings it, and snapshot-restore-py with it, so neither is in the zip.
"""

import argparse
from pathlib import Path

from build_function import ROOT, install
from python_for import VERSION

PINS = ROOT / "requirements" / "dev.txt"


def main() -> None:
    """Installs it once, and again when its pin has changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=ROOT / "build" / "runtime")
    target = parser.parse_args().target
    (pin,) = (line for line in PINS.read_text().splitlines() if line.startswith("awslambdaric=="))
    name, _, version = pin.partition("==")
    if not (target / f"{name}-{version}.dist-info").exists():
        print(f"Installing {pin} for Python {VERSION} ...", flush=True)
        install(target, pin)


if __name__ == "__main__":
    main()
