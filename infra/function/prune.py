"""What a wheel has that a search never opens, taken out of the function's folder."""

import shutil
from pathlib import Path

# Folders of tests, wherever they are. numpy.testing stays: numpy names it as an attribute.
FOLDERS = ("**/tests",)
# Types for type checkers; headers, Cython declarations and static libraries for compilers.
FILES = ("**/*.pyi", "**/*.pxd", "**/*.h", "**/*.a", "**/*.pyc")
PLACES = (
    "bin",  # command lines; Lambda starts a handler
    "numpy/f2py",  # a Fortran compiler's front end
    "onnxruntime/backend",  # the onnx package's interface, which is not installed
    "onnxruntime/datasets",
    "onnxruntime/quantization",  # the batch side quantises
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
# The C library, 33 MB. The module for Python has all of it inside and never loads this one.
LIBRARIES = ("onnxruntime/capi/libonnxruntime.so*",)


def prune(folder: Path) -> int:
    """Deletes these in a folder of installed wheels. Gives the bytes that were freed.

    Raises FileNotFoundError where a place or library is not there: a newer wheel has another
    layout then, and this list has to be read again. The folders `*.dist-info` stay whole: they
    have the licences, and opentelemetry and pydantic look up entry points in them.
    """
    freed_bytes = 0
    for pattern in (*PLACES, *LIBRARIES):
        if not any(folder.glob(pattern)):
            raise FileNotFoundError(
                f"There is no {pattern} in {folder}, which infra/function/prune.py deletes. "
                "If the wheel has a new layout, change the list there."
            )
    for pattern in (*PLACES, *LIBRARIES, *FOLDERS, *FILES):
        for path in sorted(folder.glob(pattern)):
            freed_bytes += _delete(path)
    return freed_bytes


def _delete(path: Path) -> int:
    if not path.exists():  # it was in a folder that is gone
        return 0
    if not path.is_dir():
        size_bytes = path.stat().st_size
        path.unlink()
        return size_bytes
    size_bytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    shutil.rmtree(path)
    return size_bytes
