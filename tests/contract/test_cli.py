"""The command line as a person uses it: what goes wrong is said in one line, with an exit code."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from test_whole_way import copy_of
from whole_way import RUN_ID, SmallRun


def run(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """marketplace-search with these arguments, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "batch_jobs", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "STORE_URL": "./store", **environment},  # noqa: TID251
    )


def refused(*arguments: str, code: int = 1, **environment: str) -> str:
    """The message of a command that is to fail."""
    result = run(*arguments, **environment)
    assert result.returncode == code, result
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def broken(tmp_path: Path) -> DrawnCatalogue:
    return draw_catalogue(tmp_path / "broken", listings=2, photos=1)


def clean(catalogue: DrawnCatalogue, tmp_path: Path) -> str:
    return refused(
        "clean", "--catalogue", str(catalogue.folder), "--store", str(tmp_path / "store")
    )


def test_a_missing_column_is_named_with_those_that_are_there(
    broken: DrawnCatalogue, tmp_path: Path
) -> None:
    table = broken.folder / "Products.csv"
    table.write_text(table.read_text().replace("product_name", "label"))
    message = clean(broken, tmp_path)
    assert "Products.csv has no column product_name" in message
    assert "label" in message


def test_an_empty_table_is_named(broken: DrawnCatalogue, tmp_path: Path) -> None:
    (broken.folder / "Images.csv").write_bytes(b"")
    assert "Images.csv is empty" in clean(broken, tmp_path)


def test_a_catalogue_without_photos_is_refused(broken: DrawnCatalogue, tmp_path: Path) -> None:
    for image_id in broken.listing_of:
        broken.photo(image_id).unlink()
    assert "images/ has no photos" in clean(broken, tmp_path)


def test_a_catalogue_whose_photos_are_all_rejected_is_cleaned_but_not_trained_on(
    broken: DrawnCatalogue, tmp_path: Path
) -> None:
    for image_id in broken.listing_of:
        broken.photo(image_id).write_bytes(b"<html>not found</html>")
    store = str(tmp_path / "store")
    cleaned = run("clean", "--catalogue", str(broken.folder), "--store", store, "--run", "r")
    assert cleaned.returncode == 0
    assert "0 photos kept" in cleaned.stdout
    assert "warning: every photo was rejected" in cleaned.stderr
    assert "report.html says why" in cleaned.stderr
    message = refused("train", "--store", store, "--run", "r", "--backbone", "efficientnet_lite0")
    assert "no photo to train on" in message


def test_a_catalogue_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    message = refused("run", "--catalogue", str(tmp_path / "nothing"), "--store", store)
    assert "no such folder" in message


def test_an_unknown_backbone_is_refused_before_anything_is_done(
    broken: DrawnCatalogue, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    folder = str(broken.folder)
    message = refused("run", "--catalogue", folder, "--store", str(store), "--backbone", "resnet51")
    assert "Unknown backbone 'resnet51'. Choices are" in message
    assert not store.exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--epochs", "-1"], "--epochs is -1"),
        (["--seed", "-1"], "--seed is -1"),
        (["--batch-size", "1"], "--batch-size is 1"),
        (["--sibling-weight", "2"], "--sibling-weight is 2"),
        (["--learning-rate", "0"], "--learning-rate is 0"),
        (["--weights", "no-such-file.pt"], "no-such-file.pt"),
    ],
)
def test_training_options_out_of_range_name_their_limits(
    small_run: SmallRun, arguments: list[str], part: str
) -> None:
    store = ["--store", small_run.url, "--run", RUN_ID]
    before = sorted(Path(small_run.url).rglob("*"))
    assert part in refused("train", *store, *arguments)
    assert sorted(Path(small_run.url).rglob("*")) == before


def test_a_store_that_is_a_file_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert "is a file" in refused("releases", "--store", str(file))
    assert "unknown kind of store" in refused("releases", "--store", "ftp://host/store")
    assert "no such folder" in refused("releases", "--store", str(tmp_path / "nothing"))


def test_a_store_that_does_not_answer_is_refused_within_seconds() -> None:
    message = refused(
        "releases",
        "--store",
        "s3://bucket/prefix",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",  # noqa: S106
        AWS_REGION="eu-west-2",
    )
    assert "s3://bucket/prefix" in message


def test_a_stage_without_the_one_before_it_says_which_to_run(tmp_path: Path) -> None:
    message = refused("index", "--store", str(tmp_path), "--run", "nothing")
    assert "marketplace-search clean" in message
    assert "has no run yet. Make one: marketplace-search run --catalogue PATH" in refused(
        "train", "--store", str(tmp_path)
    )
    assert "a run id is" in refused("index", "--store", str(tmp_path), "--run", "../up")


def test_serving_where_somebody_else_does_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = refused("serve", "--store", str(tmp_path), "--port", str(port))
    assert f"127.0.0.1:{port} is taken. Another: --port " in message


def test_a_file_that_is_no_photo_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no photo")
    assert "not a photo" in refused("search", str(text), "--store", small_run.url)
    missing = str(tmp_path / "nothing.jpg")
    assert "No such file" in refused("search", missing, "--store", small_run.url)


def test_searching_a_store_without_a_release_says_how_to_make_one(
    broken: DrawnCatalogue, tmp_path: Path
) -> None:
    photo = str(broken.photo(next(iter(broken.listing_of))))
    (tmp_path / "empty").mkdir()
    message = refused("search", photo, "--store", str(tmp_path / "empty"))
    assert "marketplace-search run --catalogue" in message


def test_search_prints_a_table_and_writes_a_page_that_needs_nothing_else(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    image_id = next(iter(catalogue.listing_of))
    page = tmp_path / "page.html"
    photo = str(catalogue.photo(image_id))
    result = run("search", photo, "--store", small_run.url, "-k", "3", "--html", str(page))
    assert result.returncode == 0, result.stderr
    assert "Item 0" in result.stdout
    assert str(page) in result.stdout
    html = page.read_text()
    assert html.count("data:image/jpeg;base64,") == 4  # the query and three listings
    assert "://" not in html


def test_a_page_that_cannot_be_written_and_prices_that_cross_are_refused(
    small_run: SmallRun, catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    photo = str(catalogue.photo(next(iter(catalogue.listing_of))))
    command = ["search", photo, "--store", small_run.url]
    result = run(*command, "--html", str(tmp_path))
    assert (result.returncode, result.stderr) == (
        1,
        f"error: {tmp_path} cannot be written: Is a directory.\n",
    )
    assert "nothing is between" in refused(*command, "--price-min", "9", "--price-max", "1")


def test_a_release_of_newer_software_is_listed_as_such_and_hides_no_other(
    small_run: SmallRun, tmp_path: Path
) -> None:
    store = copy_of(small_run, tmp_path)
    store.write("releases/newer.json", b'{"schema_version": 99}')
    result = run("releases", "--store", store.url)
    assert result.returncode == 0
    assert small_run.release_id in result.stdout
    assert "newer.json has schema version 99" in result.stderr


def test_search_honours_filters(small_run: SmallRun, catalogue: DrawnCatalogue) -> None:
    photo = str(catalogue.photo(next(iter(catalogue.listing_of))))
    command = ["search", photo, "--store", small_run.url, "--category", "Garden / Tools"]
    result = run(*command)
    titles = [line.split("│")[2].strip() for line in result.stdout.splitlines() if "│" in line]
    assert sorted(titles) == ["Item 11", "Item 2", "Item 5", "Item 8"]
    result = run(*command, "--words", "1 ITE")
    titles = [line.split("│")[2].strip() for line in result.stdout.splitlines() if "│" in line]
    assert titles == ["Item 11"]
    assert "at most 200" in refused(*command, "--words", "a" * 201)
    assert "There are 11 words; at most 10" in refused(*command, "--words", "item " * 11)


def test_releases_are_listed_and_a_rollback_needs_an_older_one(small_run: SmallRun) -> None:
    result = run("releases", "--store", small_run.url)
    assert result.stdout.startswith(f"* {small_run.release_id}")
    assert "older than the current one" in refused("rollback", "--store", small_run.url)
    assert "has no release 'nothing'" in refused("rollback", "nothing", "--store", small_run.url)


def test_every_command_explains_itself() -> None:
    listed = run("--help").stdout
    for command in ("demo", "run", "clean", "train", "export", "embed", "index", "publish"):
        assert f" {command} " in listed
        assert run(command, "--help").returncode == 0


def test_a_wrong_option_is_a_usage_error() -> None:
    assert "No such option" in refused("search", "--nothing", code=2)
    assert "Missing" in refused("run", code=2)


def test_ctrl_c_is_no_traceback_and_the_same_command_goes_on(
    catalogue: DrawnCatalogue, tmp_path: Path
) -> None:
    command = ["clean", "--catalogue", str(catalogue.folder), "--store", str(tmp_path / "store")]
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_jobs", *command], stderr=subprocess.PIPE, text=True
    )
    runs = tmp_path / "store" / "runs"
    while not runs.exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    message = process.communicate()[1]
    if process.returncode:  # else the stage was done before the signal came
        assert message == "stopped; the same command goes on from here\n"
        assert process.returncode == 130
    again = run(*command)
    assert again.returncode == 0
    assert "14 listings and 42 photos kept" in again.stdout
