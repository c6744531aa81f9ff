"""The folder of pages is whole and ours: nothing else is replaced."""

from pathlib import Path

import pytest

from batch_jobs.explore.folder import write_folder
from release.errors import JobError

FILES = {"index.html": b"first", "map.html": b"map"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_earlier_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    write_folder(out, "run", FILES)
    write_folder(out, "run", {"index.html": b"second"})
    assert contents(out).keys() == {"index.html", "explore.json"}
    assert (out / "index.html").read_bytes() == b"second"
    assert list(out.parent.iterdir()) == [out]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    write_folder(tmp_path, "run", FILES)
    assert contents(tmp_path).keys() == {*FILES, "explore.json"}


@pytest.mark.parametrize("mark", [None, b"[]", b'{"files": 3}', b"\xff", b'{"files": ["other"]}'])
def test_a_folder_of_somebody_else_is_refused_and_stays(tmp_path: Path, mark: bytes | None) -> None:
    (tmp_path / "thesis.txt").write_bytes(b"years of work")
    if mark:
        (tmp_path / "explore.json").write_bytes(mark)
    before = contents(tmp_path)
    with pytest.raises(JobError, match=r"such as \S+, and .*--out FOLDER"):
        write_folder(tmp_path, "run", FILES)
    assert contents(tmp_path) == before


def test_a_note_added_to_the_pages_is_not_lost(tmp_path: Path) -> None:
    write_folder(tmp_path, "run", FILES)
    (tmp_path / "notes.txt").write_text("look at this chair")
    with pytest.raises(JobError, match=r"notes\.txt"):
        write_folder(tmp_path, "run", FILES)
    assert (tmp_path / "notes.txt").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(JobError, match="is no folder"):
        write_folder(tmp_path / "out", "run", FILES)


def test_pages_are_written_to_this_machine_only() -> None:
    with pytest.raises(JobError, match="Give a folder"):
        write_folder(Path("s3://bucket/pages"), "run", FILES)


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", "run", FILES)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_folder(tmp_path / "link", "run", {"index.html": b"second"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "index.html").read_bytes() == b"second"


def test_a_write_that_fails_leaves_the_earlier_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_folder(out, "run", FILES)
    before, rename = contents(out), Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(28, "No space left on device", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(JobError, match="No space left"):
        write_folder(out, "run", {"index.html": b"second"})
    assert contents(out) == before
    assert list(tmp_path.iterdir()) == [out]
