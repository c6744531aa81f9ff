"""The images: linted, and they hold what they need. There is no engine here."""

import json
import re
import subprocess
import tomllib
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


@pytest.fixture(scope="module")
def jobs() -> Path:
    return ROOT / "infra" / "docker" / "batch.Dockerfile"


def copied(dockerfile: Path) -> list[str]:
    """What it takes out of the context, in its order."""
    lines = [line for line in instructions(dockerfile, "COPY") if "--from" not in line]
    return [source for line in lines for source in line.split()[:-1]]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_takes_what_the_context_lets_through(dockerfile: Path) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert copied(dockerfile)
    for source in copied(dockerfile):
        assert (ROOT / source).exists()
        assert f"!{source}" in ignore


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_runs_as_nobody_in_particular(dockerfile: Path) -> None:
    assert instructions(dockerfile, "USER") == ["10001"]


def test_the_image_of_the_jobs_has_every_package_after_what_changes_less(jobs: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sources = copied(jobs)
    assert sources[0] == "requirements/batch.txt"
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    assert packages <= set(sources)
    (entry,) = instructions(jobs, "ENTRYPOINT")
    assert json.loads(entry)[0] in project["project"]["scripts"]


def test_the_layer_of_torch_has_torch_and_all_of_cuda(jobs: Path) -> None:
    (line,) = (one for one in instructions(jobs, "RUN") if "grep" in one)
    (pattern,) = re.findall(r"'(.+)'", line)
    pins = (ROOT / "requirements" / "batch.txt").read_text().splitlines()
    chosen = {pin.partition("==")[0] for pin in pins if re.match(pattern, pin)}
    assert {"torch", "torchvision", "triton"} <= chosen
    assert {pin.partition("==")[0] for pin in pins if "nvidia" in pin or "cuda" in pin} <= chosen


def test_a_machine_whose_driver_is_older_than_torchs_cuda_is_refused(jobs: Path) -> None:
    pins = (ROOT / "requirements" / "batch.txt").read_text()
    (cuda,) = re.findall(r"^cuda-toolkit==(\d+\.\d+)", pins, re.MULTILINE)
    assert f"NVIDIA_REQUIRE_CUDA=cuda>={cuda}" in jobs.read_text()


def test_the_server_has_the_pins_of_the_function_and_a_server() -> None:
    def pins(path: Path) -> set[str]:
        lines = path.read_text().splitlines()
        return {line.partition(";")[0].strip() for line in lines if line}

    function = pins(ROOT / "lambda_search" / "requirements.txt")
    server = pins(ROOT / "requirements" / "server.txt")
    assert function <= server
    names = {pin.partition("==")[0] for pin in server}
    assert {"uvicorn", "prometheus-client"} <= names


def test_it_serves_to_all_and_says_whether_it_lives(search: Path) -> None:
    (command,) = instructions(search, "CMD")
    assert '"lambda_search.app:create_app", "--host", "0.0.0.0", "--port", "8080"' in command
    assert instructions(search, "EXPOSE") == ["8080"]
    (check,) = instructions(search, "HEALTHCHECK")
    assert "http://127.0.0.1:8080/health" in check
