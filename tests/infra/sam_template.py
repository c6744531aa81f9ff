"""template.yaml and infra/batch.yaml as data, for the tests that look into them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
BATCH_TEMPLATE = ROOT / "infra" / "batch.yaml"


class CloudFormation(yaml.SafeLoader):
    """Reads !Ref X as {"!Ref": "X"}, and so on."""


def _tagged(loader: CloudFormation, tag: str, node: yaml.Node) -> dict[str, Any]:
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.MappingNode: loader.construct_mapping}
    if isinstance(node, yaml.SequenceNode):
        return {f"!{tag}": loader.construct_sequence(node, deep=True)}
    return {f"!{tag}": kinds[type(node)](node)}


CloudFormation.add_multi_constructor("!", _tagged)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """The whole template."""
    return yaml.load(path.read_text(), CloudFormation)  # noqa: S506  # a SafeLoader


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by name."""
    resources = template["Resources"].items()
    return {name: one["Properties"] for name, one in resources if one["Type"] == kind}


def resolved(value: Any, template: dict[str, Any]) -> str:
    """A value as the function sees it, with the parameters' defaults."""
    if isinstance(value, dict) and "!Ref" in value:
        return str(template["Parameters"][value["!Ref"]]["Default"])
    if isinstance(value, dict):
        return value["!Sub"].replace("${StoreBucket}", "the-bucket")
    return str(value)


def statements(policy: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a policy allows: pairs of an action and a resource."""
    for statement in policy["Statement"]:
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                (text,) = resource.values()
                yield action, text


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def references(value: Any) -> Iterator[str]:
    """The names that !Ref, !Sub, !GetAtt and !If name anywhere in a value."""
    for text in re.findall(r'"!(?:Ref|GetAtt)": "([\w:]+)', json.dumps(value)):
        yield text
    for text in re.findall(r'"!If": \["(\w+)"', json.dumps(value)):
        yield text
    yield from re.findall(r"\$\{([\w:]+)", json.dumps(value))


def dashboard(template: dict[str, Any]) -> list[dict[str, Any]]:
    """The widgets of the dashboard."""
    (board,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return json.loads(board["DashboardBody"]["!Sub"])["widgets"]
