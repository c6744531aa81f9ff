"""A recorded request as IAM sees it: actions with the resources that they need."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from aws_server import ACCOUNT, REGION, Call


@dataclass(frozen=True, order=True)
class Needed:
    """An action on a resource; `prefix` is what a listing is asked for."""

    action: str
    resource: str
    prefix: str = ""


def needed_by(call: Call) -> Iterator[Needed]:
    """What a role must be allowed for a call (Service Authorization Reference)."""
    if call.service == "s3":
        yield from _s3(call)
    elif call.service == "batch":
        yield from _batch(call)
    elif call.service == "states":
        asked = json.loads(call.body)
        resource = asked.get("executionArn") or asked.get("stateMachineArn", "*")
        yield Needed(f"states:{call.target.partition('.')[2]}", resource)
    elif call.service == "sns":
        form = parse_qs(call.body.decode())
        yield Needed(f"sns:{form['Action'][0]}", form["TopicArn"][0])
    elif call.service == "logs":
        group = json.loads(call.body)["logGroupName"]
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
        yield Needed(f"logs:{call.target.partition('.')[2]}", arn)
    elif call.service == "cloudformation":
        form = parse_qs(call.body.decode())
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{form['StackName'][0]}/id"
        yield Needed(f"cloudformation:{form['Action'][0]}", arn)
    else:
        yield Needed(f"{call.service}:{call.method} {call.path}", "*")


def _s3(call: Call) -> Iterator[Needed]:
    bucket, _, key = call.path.lstrip("/").partition("/")
    bucket, key = f"arn:aws:s3:::{bucket}", unquote(key)
    query = parse_qs(call.query, keep_blank_values=True)
    if not key and call.method == "GET":
        yield Needed("s3:ListBucket", bucket, query.get("prefix", [""])[0])
    elif not key and "delete" in query:
        for found in re.findall(rb"<Key>([^<]+)</Key>", call.body):
            yield Needed("s3:DeleteObject", f"{bucket}/{found.decode()}")
    elif call.method == "DELETE" and "uploadId" in query:
        yield Needed("s3:AbortMultipartUpload", f"{bucket}/{key}")
    else:
        action = _S3_ACTIONS[call.method]
        yield Needed(action, f"{bucket}/{key}")
        if call.status == 404 and action == "s3:GetObject":
            yield Needed("s3:ListBucket", bucket)  # without it the answer would be 403


_S3_ACTIONS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",  # the parts of a large object
    "DELETE": "s3:DeleteObject",
}


_BATCH_ACTIONS = {
    "submitjob": "SubmitJob",
    "describejobs": "DescribeJobs",
    "terminatejob": "TerminateJob",
}


def _batch(call: Call) -> Iterator[Needed]:
    action = _BATCH_ACTIONS[call.path.rpartition("/")[2]]
    if action != "SubmitJob":
        yield Needed(f"batch:{action}", "*")
        return
    asked = json.loads(call.body)
    yield Needed("batch:SubmitJob", asked["jobQueue"])
    definition = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/{asked['jobDefinition']}"
    yield Needed("batch:SubmitJob", definition)


def statements(policies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for policy in policies:
        yield from policy["PolicyDocument"]["Statement"]


def allows(statement: dict[str, Any], need: Needed) -> bool:
    """Whether one statement allows it; conditions other than on s3:prefix count as met."""
    if statement["Effect"] != "Allow":
        return False
    actions, resources = _list(statement["Action"]), _list(statement["Resource"])
    if not any(_fits(need.action, one) for one in actions):
        return False
    return any(_fits(need.resource, one) for one in resources) and _prefix_fits(statement, need)


def _prefix_fits(statement: dict[str, Any], need: Needed) -> bool:
    conditions = statement.get("Condition", {})
    wanted = [
        pattern
        for operator in conditions.values()
        for key, patterns in operator.items()
        if key == "s3:prefix"
        for pattern in _list(patterns)
    ]
    return not wanted or any(_fits(need.prefix, pattern) for pattern in wanted)


def _fits(value: str, pattern: str) -> bool:
    parts = (re.escape(part).replace(r"\?", ".") for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
