"""template.yaml is valid, tells the function what it reads, and allows it what it needs."""

import dataclasses
import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from lambda_search.settings import Settings

ROOT = Path(__file__).parents[2]
TEMPLATE, EVENTS, SAM = ROOT / "template.yaml", ROOT / "infra" / "events", ROOT / ".venv-sam"
# No account, no region but this, and nothing told to anybody.
OFFLINE = {
    "PATH": os.environ["PATH"],  # noqa: TID251
    "AWS_DEFAULT_REGION": "eu-west-1",
    "SAM_CLI_TELEMETRY": "0",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}
needs_sam = pytest.mark.skipif(
    not (SAM / "bin" / "sam").exists(), reason="There is no .venv-sam with aws-sam-cli: make setup"
)


class CloudFormation(yaml.SafeLoader):
    """Reads !Ref X as {"!Ref": "X"}, and so on."""


def _tagged(loader: CloudFormation, tag: str, node: yaml.Node) -> dict[str, Any]:
    assert isinstance(node, yaml.ScalarNode)
    return {f"!{tag}": node.value}


CloudFormation.add_multi_constructor("!", _tagged)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), CloudFormation)  # noqa: S506  # a SafeLoader


@pytest.fixture(scope="module")
def function(template: dict[str, Any]) -> dict[str, Any]:
    return template["Resources"]["SearchFunction"]["Properties"]


@pytest.fixture(scope="module")
def make_events() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_events", EVENTS / "make_events.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def resolved(value: Any, template: dict[str, Any]) -> str:
    """A value as the function sees it, with the parameters' defaults."""
    if isinstance(value, dict) and "!Ref" in value:
        return str(template["Parameters"][value["!Ref"]]["Default"])
    if isinstance(value, dict):
        return value["!Sub"].replace("${StoreBucket}", "the-bucket")
    return str(value)


@needs_sam
@pytest.mark.parametrize(
    "command",
    [["sam", "validate", "--lint", "--template", str(TEMPLATE)], ["cfn-lint", str(TEMPLATE)]],
)
def test_the_template_is_valid_without_a_warning_and_offline(
    command: list[str], tmp_path: Path
) -> None:
    found = subprocess.run(
        [str(SAM / "bin" / command[0]), *command[1:]],
        env=OFFLINE | {"HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    output = (found.stdout + found.stderr).strip()
    assert found.returncode == 0, output
    assert output in ("", f"{TEMPLATE} is a valid SAM Template")


def test_every_variable_of_the_template_is_one_that_the_function_reads(
    template: dict[str, Any], function: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        name: resolved(value, template)
        for name, value in function["Environment"]["Variables"].items()
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = dataclasses.asdict(Settings.from_environment())
    # THREADS follows from the memory, which Lambda tells the function itself.
    assert variables.keys() == {name.upper() for name in settings} - {"THREADS"}
    for name, value in variables.items():
        assert type(settings[name.lower()])(value) == settings[name.lower()]


def test_the_function_writes_only_where_lambda_lets_it(function: dict[str, Any]) -> None:
    assert function["Environment"]["Variables"]["CACHE_DIR"].startswith("/tmp/")  # noqa: S108


def test_the_handler_is_there(function: dict[str, Any]) -> None:
    module, _, name = function["Handler"].rpartition(".")
    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()
    assert f"\n{name} = " in source


def test_the_role_allows_these_actions_on_these_resources_and_no_other(
    template: dict[str, Any],
) -> None:
    allowed = {
        (action, resource)
        for statement in _statements(template)
        for action in _list(statement["Action"])
        for resource in map(_text, _list(statement["Resource"]))
    }
    assert allowed == {
        ("s3:GetObject", "${StoreBucket.Arn}/current.json"),
        ("s3:GetObject", "${StoreBucket.Arn}/releases/*"),
        ("s3:GetObject", "${StoreBucket.Arn}/blobs/*"),
        ("s3:ListBucket", "StoreBucket.Arn"),
        ("logs:CreateLogStream", "SearchLogs.Arn"),
        ("logs:PutLogEvents", "SearchLogs.Arn"),
    }
    role = template["Resources"]["SearchRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    assert all(
        set(statement) == {"Effect", "Action", "Resource"} for statement in _statements(template)
    )


def _statements(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in template["Resources"]["SearchRole"]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: dict[str, str]) -> str:
    (text,) = value.values()
    return text


def test_the_bucket_is_closed_and_kept(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["StoreBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in bucket["Properties"]
    (statement,) = template["Resources"]["StoreBucketPolicy"]["Properties"]["PolicyDocument"][
        "Statement"
    ]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_every_sample_event_is_what_its_maker_writes(make_events: ModuleType) -> None:
    files = {path.name: json.loads(path.read_text()) for path in EVENTS.glob("*.json")}
    assert files == make_events.events()
