"""Tables in a store of each kind: no more is read than was asked for, and damage is known."""

import os
from pathlib import Path

import obstore
import pyarrow as pa
import pytest

from batch_jobs import table_files
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table, write_table
from release.errors import JobError, MissingObjectError
from release.store import Store

KIND = pa.schema([("name", pa.string()), ("photo", pa.binary()), ("number", pa.int64())])
PHOTO_BYTES = 200_000


@pytest.fixture
def folder(store: Store) -> StageFolder:
    """Seven files of five photos each."""
    folder = StageFolder(store, "a-run", "clean")
    for file in range(7):
        numbers = range(5 * file, 5 * file + 5)
        rows = [
            {"name": f"p{number}", "number": number, "photo": os.urandom(PHOTO_BYTES)}
            for number in numbers
        ]
        write_table(folder, f"photos-{file}.parquet", rows, KIND)
    folder.write("other.json", b"{}")
    folder.finish({}, {})
    return folder


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each object or range that is read from now on through the store."""
    read: list[int] = []
    get_range, get = obstore.get_range, obstore.get

    def counted_range(*given: object, **named: object) -> object:
        found = get_range(*given, **named)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    def counted(*given: object) -> object:
        found = get(*given)  # type: ignore[arg-type]
        read.append(found.meta["size"])
        return found

    monkeypatch.setattr(obstore, "get_range", counted_range)
    monkeypatch.setattr(obstore, "get", counted)
    return read


def test_shards_come_by_name_with_the_columns_in_the_order_asked_for(folder: StageFolder) -> None:
    found = list(read_shards(folder, "photos-", ["number", "name"]))
    assert [name for name, _ in found] == [f"photos-{file}.parquet" for file in range(7)]
    assert [table.column_names for _, table in found] == [["number", "name"]] * 7
    assert pa.concat_tables(table for _, table in found)["number"].to_pylist() == list(range(35))


def test_what_is_not_asked_for_is_not_read(folder: StageFolder, ranges: list[int]) -> None:
    table = read_table(folder, "photos-3.parquet", ["name", "number"])
    assert table["name"].to_pylist() == ["p15", "p16", "p17", "p18", "p19"]
    assert sum(ranges) < PHOTO_BYTES
    if not folder.store.folder:
        assert 0 < len(ranges) <= 4


def test_a_column_larger_than_one_request_is_read_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StageFolder(store, "a-run", "clean")
    photo = os.urandom(300_000)
    write_table(folder, "photos-0.parquet", [{"photo": photo}] * 2, KIND)
    monkeypatch.setattr("release.store.CHUNK_BYTES", 100_000)
    assert read_table(folder, "photos-0.parquet", ["photo"])["photo"].to_pylist() == [photo] * 2


def test_a_whole_table_is_one_request(folder: StageFolder, ranges: list[int]) -> None:
    assert read_table(folder, "photos-0.parquet").column_names == KIND.names
    assert len(ranges) == (0 if folder.store.folder else 1)


def test_shards_are_read_only_a_few_ahead(folder: StageFolder) -> None:
    read: list[str] = []

    def note(name: str) -> str:
        read.append(name)
        return name

    names = list("abcdefghijklmnop")
    for given, name in enumerate(table_files.in_order(folder.store, note, names)):
        assert name == names[given]
        assert len(read) <= given + 2 + table_files.AHEAD
    assert sorted(read) == names


def test_a_table_that_is_not_there_is_missing(folder: StageFolder) -> None:
    for columns in (None, ["name"]):
        with pytest.raises(MissingObjectError, match="photos-9"):
            read_table(folder, "photos-9.parquet", columns)


def test_a_column_that_older_software_did_not_write_is_named(folder: StageFolder) -> None:
    with pytest.raises(JobError, match="no column colour, size: older software made it"):
        read_table(folder, "photos-0.parquet", ["name", "colour", "size"])


@pytest.mark.parametrize("columns", [None, ["photo"]], ids=["whole", "some"])
@pytest.mark.parametrize("at", [PHOTO_BYTES, -20], ids=["photo", "footer"])
def test_damage_in_what_is_read_is_known(
    folder: StageFolder, at: int, columns: list[str] | None
) -> None:
    data = bytearray(folder.read("photos-0.parquet"))
    data[at] ^= 1
    folder.store.write(folder.path("photos-0.parquet"), bytes(data))
    with pytest.raises(JobError, match=r"photos-0\.parquet cannot be read as Parquet"):
        read_table(folder, "photos-0.parquet", columns)
    if at > 0:
        assert read_table(folder, "photos-0.parquet", ["number"])["number"].to_pylist()[0] == 0


def test_no_file_is_left_open(tmp_path: Path) -> None:
    folder = StageFolder(Store(str(tmp_path), create=True), "a-run", "clean")
    write_table(folder, "photos-0.parquet", [{"name": "a"}], KIND)
    for _ in range(10):
        read_table(folder, "photos-0.parquet", ["name"])
    targets = [
        str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()
    ]
    assert not [target for target in targets if target.endswith(".parquet")]
