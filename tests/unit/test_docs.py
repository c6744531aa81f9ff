"""The documentation is true: its links lead somewhere, its settings and commands exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from batch_jobs.clean.catalogue.catalogue_file import read_settings
from batch_jobs.clean.report.text import MEANING
from batch_jobs.cli import app
from batch_jobs.cloud.stage_commands import context_of
from release.pixels import PHOTO_REASONS

ROOT = Path(__file__).parents[2]
GENERATED = ("README.md", "docs/cleaning.md", "docs/training.md")
PAGES = (
    *GENERATED,
    "docs/deployment.md",
    "docs/explore.md",
    "docs/function.md",
    "docs/index.md",
    "docs/snapshots.md",
    "docs/update.md",
    "ARCHITECTURE.md",
    "DECISIONS.md",
    "CHANGELOG.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text())
    folder = (ROOT / page).parent
    missing = [link for link in links if "://" not in link and not (folder / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_every_path_in_code_marks_exists(page: str) -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", (ROOT / page).read_text())
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"store"}
    ours = {name for name in named if name.split("/")[0] in folders}
    assert [name for name in ours if not (ROOT / name).exists()] == []


def test_every_setting_of_the_function_is_in_the_readme() -> None:
    source = (ROOT / "lambda_search" / "settings.py").read_text()
    names = set(re.findall(r'_read\("([A-Z_]+)"', source))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.M))
    assert names == documented


def test_every_command_in_the_readme_exists() -> None:
    used = set(re.findall(r"marketplace-search ([a-z]+) ", (ROOT / "README.md").read_text()))
    assert used
    assert used <= {command.callback.__name__ for command in app.registered_commands}


def deployment_commands() -> list[str]:
    """Each command of ours on the deployment page, in code blocks and in the text."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    return re.findall(r"marketplace-search ([a-z][^`\n]*)", text)


@pytest.mark.parametrize("line", deployment_commands())
def test_every_command_of_the_deployment_page_parses(line: str) -> None:
    words = [{"N": "1000", "M": "1000"}.get(word, word) for word in shlex.split(line)]
    if words[1:]:  # `marketplace-search run`, by itself, names a command
        assert context_of(tuple(words))
    assert words[0] in {command.callback.__name__ for command in app.registered_commands}


def test_the_deployment_page_names_each_command_for_it_and_says_what_was_not_run() -> None:
    named = {line.split()[0] for line in deployment_commands()}
    assert {"submit", "status", "logs", "cancel", "prune", "estimate"} <= named
    text = (ROOT / "docs" / "deployment.md").read_text()
    assert text.count("\n## What has not been run\n") == 1


def test_every_make_target_in_the_documentation_exists() -> None:
    text = "\n".join((ROOT / page).read_text() for page in PAGES)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.M))
    assert {"demo", "test", "serve", "help"} <= used <= targets


def test_the_generated_parts_of_the_documentation_are_up_to_date() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", *GENERATED]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_example_of_a_catalogue_toml_can_be_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/cleaning.md").read_text(), re.S)
    for text in (example, re.sub(r"^# (\w)", r"\1", example, flags=re.M)):
        read_settings(text.encode(), "catalogue.toml")


def test_every_reason_of_a_reject_is_explained() -> None:
    source = "".join(path.read_text() for path in (ROOT / "batch_jobs/clean").rglob("*.py"))
    used = set(re.findall(r'Problem\(\s*"(\w+)"', source)) | set(
        re.findall(r"reason = '(\w+)'", source)
    )
    assert {"broken_record", "missing_file"} <= used
    assert used | set(PHOTO_REASONS) <= MEANING.keys()
