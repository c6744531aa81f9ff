"""The scripts that build the function's folder: what they take out, count, refuse and find."""

import shutil
import sys
from pathlib import Path

import pytest
from sam_template import ROOT

sys.path.append(str(ROOT / "infra" / "function"))

import build_function
from prune import LIBRARIES, PLACES, prune
from python_for import find_python
from sizes import LIMIT_MB, MB, TooLargeError, check, sizes, table


def write(path: Path, size_bytes: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size_bytes)
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with a file in each place that is pruned, and what has to stay."""
    for place in (*PLACES, *LIBRARIES):
        write(tmp_path / place.replace("*", ".1.2") / "file.py")
    write(tmp_path / "numpy" / "_core" / "tests" / "test_it.py")
    write(tmp_path / "numpy" / "__init__.pyi")
    for name in ("numpy/__init__.py", "numpy/typing/__init__.py", "a-1.dist-info/METADATA"):
        write(tmp_path / name)
    return tmp_path


def test_pruning_leaves_what_a_search_needs_and_says_how_much_went(wheels: Path) -> None:
    count = sum(path.is_file() for path in wheels.rglob("*"))
    freed_bytes = prune(wheels)
    left = {str(path.relative_to(wheels)) for path in wheels.rglob("*") if path.is_file()}
    assert left == {"numpy/__init__.py", "numpy/typing/__init__.py", "a-1.dist-info/METADATA"}
    assert freed_bytes == 10 * (count - len(left))


@pytest.mark.parametrize("place", [*PLACES, *LIBRARIES])
def test_a_wheel_with_another_layout_is_said_and_nothing_is_deleted(
    wheels: Path, place: str
) -> None:
    shutil.rmtree(wheels / place.replace("*", ".1.2"))
    before = sorted(wheels.rglob("*"))
    with pytest.raises(FileNotFoundError, match=r"infra/function/prune\.py"):
        prune(wheels)
    assert sorted(wheels.rglob("*")) == before


def test_sizes_are_by_part_with_its_libraries_largest_first(tmp_path: Path) -> None:
    write(tmp_path / "numpy" / "core" / "a.so", 100)
    write(tmp_path / "numpy.libs" / "b.so", 50)
    write(tmp_path / "numpy-2.5.dist-info" / "METADATA", 5)
    write(tmp_path / "faiss_cpu.libs" / "b.so", 200)
    write(tmp_path / "typing_extensions.py", 1)
    parts = sizes(tmp_path)
    assert list(parts.items()) == [("faiss", 200), ("numpy", 155), ("typing_extensions", 1)]
    assert table({"numpy": 3 * MB // 2, "faiss": MB // 2}).splitlines()[-1] == "    2.0 MB  total"


def test_a_folder_over_the_limit_is_refused_with_its_largest_parts() -> None:
    check({"faiss": LIMIT_MB * MB})
    with pytest.raises(TooLargeError) as raised:
        check({"faiss": LIMIT_MB * MB, "numpy": MB, "PIL": 2, "idna": 1})
    assert "231.0 MB, the limit is 230 MB" in str(raised.value)
    assert "faiss 230.0 MB, numpy 1.0 MB, PIL 0.0 MB." in str(raised.value)


def test_a_python_that_is_here_is_found_and_one_that_is_not_is_none() -> None:
    found = find_python(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found
    assert found.exists()
    assert find_python("3.99") is None


def test_a_changed_source_is_taken_over_and_a_deleted_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in build_function.SOURCES:
        write(tmp_path / "tree" / source / "kept.py", 0).write_text("VALUE = 1\n")
        write(tmp_path / "tree" / source / "gone.py", 0)
    wheel = write(tmp_path / "cache" / "wheel" / "module.py", 0)
    monkeypatch.setattr(build_function, "ROOT", tmp_path / "tree")
    monkeypatch.setattr(build_function, "installed", lambda *_: wheel.parent)
    target = tmp_path / "function"
    build_function.build(target, tmp_path / "cache")
    (tmp_path / "tree" / "release" / "gone.py").unlink()
    (tmp_path / "tree" / "release" / "kept.py").write_text("VALUE = 2\n")
    build_function.build(target, tmp_path / "cache")
    files = {str(path.relative_to(target)) for path in target.rglob("*.py")}
    assert files == {
        "module.py",
        "release/kept.py",
        "lambda_search/kept.py",
        "lambda_search/gone.py",
    }
    assert (target / "release" / "kept.py").read_text() == "VALUE = 2\n"
    assert not target.with_name("function.new").exists()
