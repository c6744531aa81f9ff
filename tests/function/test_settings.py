"""The function's settings come from the environment, and a wrong one is named."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_search.settings import Settings
from release.errors import MarketplaceSearchError

NAMES = (
    "STORE_URL",
    "CACHE_DIR",
    "RELEASE_CHECK_S",
    "MAX_BODY_MB",
    "MAX_UPLOAD_MB",
    "MAX_K",
    "TIME_LIMIT_S",
    "CORS_ORIGINS",
    "LOG_LEVEL",
    "THREADS",
)
MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in (*NAMES, MEMORY):
        monkeypatch.delenv(name, raising=False)


def test_defaults():
    settings = Settings.from_environment()
    assert settings.store_url == "./store"
    assert settings.cache_dir.name == "marketplace-search"
    assert (settings.release_check_s, settings.max_k) == (60, 100)
    assert settings.max_body_bytes == 10_000_000
    assert settings.threads == os.cpu_count()


def test_every_setting_has_a_variable(monkeypatch):
    origins = "https://a.example, https://b.example"
    values = ("s3://bucket/prefix", "/cache", "2.5", "4.5", "9", "50", "7", origins, "debug", "3")
    for name, value in zip(NAMES, values, strict=True):
        monkeypatch.setenv(name, value)
    settings = Settings.from_environment()
    assert settings == Settings(
        store_url="s3://bucket/prefix",
        cache_dir=Path("/cache"),
        release_check_s=2.5,
        max_body_mb=4.5,
        max_upload_mb=9,
        max_k=50,
        time_limit_s=7,
        cors_origins=("https://a.example", "https://b.example"),
        log_level="DEBUG",
        threads=3,
    )
    assert [field.name.upper() for field in dataclasses.fields(Settings)] == list(NAMES)


def test_an_empty_variable_leaves_the_default(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, " ")
    assert Settings.from_environment() == Settings()


@pytest.mark.parametrize(
    ("memory_mb", "threads"), [("128", 1), ("1769", 1), ("3537", 1), ("3538", 2), ("10240", 5)]
)
def test_threads_follow_the_memory_that_lambda_gives(monkeypatch, memory_mb, threads):
    monkeypatch.setenv(MEMORY, memory_mb)
    assert Settings.from_environment().threads == threads


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("RELEASE_CHECK_S", "soon", "a number"),
        ("RELEASE_CHECK_S", "-1", "at least 0"),
        ("RELEASE_CHECK_S", "nan", "at least 0"),
        ("MAX_BODY_MB", "inf", "at least 0.001"),
        ("MAX_BODY_MB", "0", "at least 0.001"),
        ("MAX_UPLOAD_MB", "0", "at least 0.001"),
        ("TIME_LIMIT_S", "0", "at least 0.001"),
        ("LOG_LEVEL", "LOUD", "Choices are: DEBUG, INFO"),
        ("MAX_K", "ten", "a whole number"),
        ("MAX_K", "9", "at least 10"),
        ("CORS_ORIGINS", "shop.example", "origins such as https"),
        ("CORS_ORIGINS", "https://shop.example/", "without a path"),
        ("THREADS", "1.5", "a whole number"),
        ("THREADS", "0", "at least 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_the_rule(monkeypatch, name, value, rule):
    monkeypatch.setenv(name, value)
    with pytest.raises(MarketplaceSearchError, match=f"{name} is .*{value}.*{rule}"):
        Settings.from_environment()


@pytest.mark.parametrize(("given", "expected"), [("", "2"), ("1", "1")])
def test_the_threads_are_limited_before_anything_reads_the_limit(monkeypatch, given, expected):
    monkeypatch.setenv("THREADS", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    if not given:
        monkeypatch.delenv("OMP_NUM_THREADS")
    code = (
        "import lambda_search, os, sys; "
        "print(os.environ['OMP_NUM_THREADS'], 'faiss' in sys.modules, 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [expected, "False", "False"]


def test_faiss_has_the_same_limit_in_every_thread(monkeypatch):
    """OpenMP's own call would limit the thread that calls it, and requests are served by others."""
    monkeypatch.setenv("THREADS", "1")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = (
        "import lambda_search.app, faiss, threading; "
        "limit = lambda: print(faiss.omp_get_max_threads()); "
        "limit(); thread = threading.Thread(target=limit); thread.start(); thread.join()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "1"]


@pytest.mark.parametrize(("name", "value"), [("MAX_K", "0"), ("THREADS", "x"), ("THREADS", "0")])
def test_a_server_with_a_wrong_value_says_so_in_one_line_and_ends(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "uvicorn", "--factory", "lambda_search.app:create_app"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode != 0
    assert run.stderr.startswith(f"error: {name} is ")
    assert run.stderr.count("\n") == 1
