"""All templates pass the linters and the policies, offline; each exception says why it is one."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from sam_template import BATCH_TEMPLATE, ROOT, TEMPLATE

TEMPLATES = [TEMPLATE, BATCH_TEMPLATE]
SAM, CHECKOV = ROOT / ".venv-sam" / "bin", ROOT / ".venv-checkov" / "bin" / "checkov"
# No account, no region but this, and nothing told to anybody.
OFFLINE = {
    "PATH": os.environ["PATH"],  # noqa: TID251
    "AWS_DEFAULT_REGION": "eu-west-1",
    "SAM_CLI_TELEMETRY": "0",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def run(command: list[str | Path], home: Path) -> tuple[int, str]:
    """The exit code, and all that it printed."""
    environment = OFFLINE | {"HOME": str(home)}
    found = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.returncode, (found.stdout + found.stderr).strip()


@pytest.mark.skipif(
    not (SAM / "sam").exists(), reason="There is no .venv-sam with aws-sam-cli: make setup"
)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("command", [["sam", "validate", "--lint", "--template"], ["cfn-lint"]])
def test_a_template_is_valid_without_a_warning_and_offline(
    command: list[str], template: Path, tmp_path: Path
) -> None:
    code, output = run([SAM / command[0], *command[1:], template], tmp_path)
    assert code == 0, output
    assert output in ("", f"{template} is a valid SAM Template")


@pytest.mark.skipif(not CHECKOV.exists(), reason="There is no .venv-checkov: make setup")
def test_the_templates_keep_to_checkovs_policies_but_for_what_is_explained_beside_it(
    tmp_path: Path,
) -> None:
    options = ["--framework", "cloudformation", "--compact", "--skip-download"]
    code, output = run([CHECKOV, *options, "--file", *TEMPLATES], tmp_path)
    assert code == 0, output
    passed, failed, skipped = map(
        int, re.findall(r"(?:Passed|Failed|Skipped) checks: (\d+)", output)
    )
    assert passed > 100
    assert failed == 0
    exceptions = re.findall(
        r"- id: (CKV\w+)\n +comment: (.{20,})", "".join(map(Path.read_text, TEMPLATES))
    )
    assert len(exceptions) == skipped  # none is there for nothing, and each has its reason
