"""What the function imports, in a fresh interpreter, and which way imports run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "torchvision",
    "timm",
    "pandas",
    "pyarrow",
    "boto3",
    "sklearn",
    "matplotlib",
    "batch_jobs",
    "model_export",
)
# Who may import whom, of the project's own packages.
ARROWS = {"release": {"release"}, "lambda_search": {"release", "lambda_search"}}
OWN = {"release", "lambda_search", "model_export", "batch_jobs"}


def _loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_the_handler_loads_nothing_of_the_batch_side(monkeypatch):
    monkeypatch.setenv("STORE_URL", "no-such-store")
    assert not _loaded_by("lambda_search.handler") & {*HEAVY, "uvicorn", "onnx", "httpx2", "rich"}


def test_the_fetch_of_a_release_waits_for_none_of_the_long_imports():
    loaded = _loaded_by("lambda_search.first_fetch")
    assert not loaded & {*HEAVY, "numpy", "faiss", "onnxruntime", "PIL", "fastapi", "mangum"}


@pytest.mark.parametrize("module", ["publisher", "faiss_search", "pixels"])
def test_the_release_loads_nothing_of_the_other_packages(module):
    loaded = _loaded_by(f"release.{module}")
    assert not loaded & {*HEAVY, "lambda_search", "fastapi"}


@pytest.mark.parametrize("package", ARROWS)
def test_imports_run_one_way(package):
    found = {
        (path.name, name)
        for path in (ROOT / package).rglob("*.py")
        for name in _imported(path) & (OWN | set(HEAVY))
    }
    assert {name for _, name in found} <= ARROWS[package], found


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names
