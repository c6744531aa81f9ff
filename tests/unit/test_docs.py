"""The documentation is true: its links lead somewhere, its settings and commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from batch_jobs.cli import app

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "ARCHITECTURE.md", "DECISIONS.md", "CHANGELOG.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text())
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
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


def test_every_make_target_in_the_documentation_exists() -> None:
    text = "\n".join((ROOT / page).read_text() for page in PAGES)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set(re.findall(r"(?:^    |`)make ([a-z]+)", text, re.M))
    assert {"demo", "test", "serve", "help"} <= used <= targets


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "README.md"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
