"""The folder that pages are written into: seen whole or not at all, and no other one is touched."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from release.errors import JobError

MARK = "explore.json"  # names the files that belong to the folder


def check_folder(folder: Path) -> None:
    """Raises JobError where the folder has anything that was not written by `write_folder`."""
    if re.match(r"\w+:/", str(folder)):
        raise JobError(f"--out is {folder}: pages are written to this machine. Give a folder.")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise JobError(f"{folder} is no folder. Name another one: --out FOLDER")
    there = {path.name for path in folder.iterdir()}
    if others := sorted(there - _known(folder)):
        raise JobError(
            f"{folder} has what no earlier explore has written, such as {others[0]}, and would be "
            "replaced as a whole. Move it away, or name another folder: --out FOLDER"
        )


def _known(folder: Path) -> set[str]:
    try:
        found = json.loads((folder / MARK).read_bytes())
        return {MARK, *map(str, found["files"])}
    except (OSError, ValueError, TypeError, KeyError):
        return set()


def write_folder(folder: Path, run_id: str, files: Mapping[str, bytes]) -> None:
    """Writes the folder with just these files in place of an earlier one.

    Raises JobError where `check_folder` does or nothing can be written.
    """
    check_folder(folder)
    folder = folder.resolve()  # where it is a link, what it leads to is replaced
    mark = json.dumps({"run": run_id, "files": sorted(files)}, indent=1).encode()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside it, so that it can be renamed.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
            new, old = Path(scratch) / "new", Path(scratch) / "old"
            new.mkdir()
            for name, content in {**files, MARK: mark}.items():
                (new / name).write_bytes(content)
            _replace(folder, new, old)
    except OSError as error:
        shown = error.filename or folder
        raise JobError(f"{shown} cannot be written: {error.strerror}. Try --out FOLDER.") from error


def _replace(folder: Path, new: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
