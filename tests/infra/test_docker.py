"""The image of the search service: linted, and it holds what it needs. There is no engine here."""

import subprocess
from pathlib import Path

import pytest
from sam_template import ROOT

DOCKERFILES = sorted((ROOT / "infra" / "docker").glob("*.Dockerfile"))
HADOLINT = ROOT / ".venv-sam" / "bin" / "hadolint"


def instructions(dockerfile: Path, name: str) -> list[str]:
    """What comes after this instruction, continued lines joined."""
    lines = dockerfile.read_text().replace("\\\n", " ").splitlines()
    return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@pytest.mark.skipif(not HADOLINT.exists(), reason="There is no hadolint in .venv-sam: make setup")
@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_has_nothing_to_warn_of(dockerfile: Path) -> None:
    found = subprocess.run([HADOLINT, dockerfile], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.fixture(scope="module")
def search() -> Path:
    return ROOT / "infra" / "docker" / "search.Dockerfile"


def test_the_image_takes_what_the_context_lets_through(search: Path) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    copies = [line.split()[0] for line in instructions(search, "COPY") if "--from" not in line]
    assert copies
    for source in copies:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignore


def test_the_server_has_the_pins_of_the_function_and_a_server() -> None:
    def pins(path: Path) -> set[str]:
        lines = path.read_text().splitlines()
        return {line.partition(";")[0].strip() for line in lines if line}

    function = pins(ROOT / "lambda_search" / "requirements.txt")
    server = pins(ROOT / "requirements" / "server.txt")
    assert function <= server
    names = {pin.partition("==")[0] for pin in server}
    assert {"uvicorn", "prometheus-client"} <= names


def test_it_serves_to_all_as_nobody_in_particular_and_says_whether_it_lives(search: Path) -> None:
    assert instructions(search, "USER") == ["10001"]
    (command,) = instructions(search, "CMD")
    assert '"lambda_search.app:create_app", "--host", "0.0.0.0", "--port", "8080"' in command
    assert instructions(search, "EXPOSE") == ["8080"]
    (check,) = instructions(search, "HEALTHCHECK")
    assert "http://127.0.0.1:8080/health" in check
