"""Builds the folder that becomes the function's zip: python infra/function/build_function.py

Wheels for Lambda's platform whatever this machine is, without what no search needs, with the
bytecode of Lambda's Python (its disk cannot be written to: without, every cold start compiles).
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prune import prune
from python_for import VERSION, find_python
from sizes import MB, TooLargeError, check, sizes, table

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "lambda_search" / "requirements.txt"
SOURCES = ("release", "lambda_search")
NOT_SOURCES = shutil.ignore_patterns("__pycache__", ".*", "ruff.toml", "requirements.txt")
# An older pip takes a platform at its word, so each that a wheel may name is named.
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64")
NO_BYTECODE = (
    f"No Python {VERSION} starts on this machine, so the folder has no bytecode: it works, "
    "and each cold start compiles what it imports (seconds). Install one and build again."
)


def build(target: Path, cache: Path) -> None:
    """Makes `target` anew, unless nothing has changed: somebody may be running what is there.

    The wheels come out of `cache` if they are the same as last time.
    """
    python = find_python()
    wheels = installed(cache, python)
    built_from, digest = target.with_name(f"{target.name}.inputs"), _digest(wheels)
    if built_from.exists() and built_from.read_text() == digest and (target / SOURCES[0]).exists():
        return
    built_from.unlink(missing_ok=True)
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(wheels, new, copy_function=_link)
    for source in SOURCES:
        shutil.copytree(ROOT / source, new / source, ignore=NOT_SOURCES)
        _compile(python, new / source, f"/var/task/{source}")
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
    built_from.write_text(digest)


def _digest(wheels: Path) -> str:
    """Of all that the folder is made of."""
    digest = hashlib.sha256(str(wheels).encode())
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until nobody else builds in this folder: two tests, or a test and `make function`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(cache: Path, python: Path | None) -> Path:
    """The folder of pruned and compiled wheels, made if requirements or rules have changed."""
    inputs = [REQUIREMENTS, *sorted(Path(__file__).parent.glob("*.py"))]
    digest = hashlib.sha256(str(python).encode())
    for path in inputs:
        digest.update(path.read_bytes())
    folder = cache / digest.hexdigest()[:16]
    if not folder.exists():
        shutil.rmtree(cache, ignore_errors=True)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        print(f"Installing the function's wheels for Python {VERSION}, x86-64 ...", flush=True)
        install(part, "--no-deps", "-r", str(REQUIREMENTS))
        print(f"Pruned {prune(part) / MB:.1f} MB.")
        _compile(python, part, "/var/task")
        part.rename(folder)
    return folder


def install(folder: Path, *requirements: str) -> None:
    """Installs wheels for the function's platform, whatever Python runs this.

    pip compares `requires-python` with the Python that runs it, even where another is asked for.
    The pins were resolved for that other, so the comparison is left out.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-compile", "--only-binary=:all:", "--python-version", VERSION, "--upgrade"]
    command += ["--ignore-requires-python"]
    command += [word for platform in PLATFORMS for word in ("--platform", platform)]
    command += [*requirements, "--target", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603


def _compile(python: Path | None, folder: Path, on_lambda: str) -> None:
    """Bytecode that is used as it is: a zip's times of files are not those of here."""
    if python is None:
        return
    command = [str(python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", on_lambda, str(folder)]
    subprocess.run(command, check=True)  # noqa: S603


def _link(source: str, target: str) -> None:
    """A second name for a file that nobody changes, or a copy on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def main() -> None:
    """Builds, says how large it is, and fails where it is too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=ROOT / "build" / "function")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "wheels")
    options = parser.parse_args()
    options.target.parent.mkdir(parents=True, exist_ok=True)
    with alone(options.cache.parent):
        build(options.target, options.cache)
        parts = sizes(options.target)
    print(table(parts))
    if find_python() is None:
        print(NO_BYTECODE, file=sys.stderr)
    try:
        check(parts)
    except TooLargeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
