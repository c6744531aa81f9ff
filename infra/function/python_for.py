"""Finds a Python of the function's version on this machine, to compile for it and to run it."""

import glob
import shutil
import subprocess
from pathlib import Path

VERSION = "3.13"  # as Runtime in template.yaml
# A pyenv shim stands in PATH and does not start, so pyenv's own folders are looked through too.
PYENV = "~/.pyenv/versions/{version}*/bin/python{version}"


def find_python(version: str = VERSION) -> Path | None:
    """The first that starts and is of this version ("3.13"); None where there is none."""
    on_path = shutil.which(f"python{version}")
    pattern = str(Path(PYENV.format(version=version)).expanduser())
    candidates = ([on_path] if on_path else []) + sorted(glob.glob(pattern))  # noqa: PTH207
    return next((found for path in candidates if (found := _started(path, version))), None)


def _started(path: str, version: str) -> Path | None:
    """The interpreter behind a path, which may be a shim."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    found = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    started, _, executable = found.stdout.strip().partition(" ")
    return Path(executable) if found.returncode == 0 and started == version else None
