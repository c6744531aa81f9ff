"""template.yaml is valid, tells the function what it reads, and allows it what it needs."""

import dataclasses
import json
import re
import sys
from typing import Any

import pytest
from sam_template import ROOT, of_type, references, resolved, statements

from lambda_search.app import CORS_EXPOSED, CORS_HEADERS
from lambda_search.settings import Settings

EVENTS, SAM = ROOT / "infra" / "events", ROOT / ".venv-sam"
sys.path += [str(EVENTS), str(ROOT / "infra" / "function")]

import make_events  # noqa: E402
import python_for  # noqa: E402


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


def test_the_function_is_built_for_the_runtime_that_it_has(function: dict[str, Any]) -> None:
    assert function["Runtime"] == f"python{python_for.VERSION}"
    assert function["Architectures"] == ["x86_64"]


def test_callers_get_the_alias_and_its_snapshot(
    template: dict[str, Any], function: dict[str, Any]
) -> None:
    assert function["AutoPublishAlias"] == "live"
    assert function["SnapStart"] == {
        "ApplyOn": {"!If": ["HasSnapStart", "PublishedVersions", "None"]}
    }
    (integration,) = of_type(template, "AWS::ApiGatewayV2::Integration").values()
    (permission,) = of_type(template, "AWS::Lambda::Permission").values()
    assert integration["IntegrationUri"] == {"!Ref": "SearchFunction.Alias"}
    assert permission["FunctionName"] == {"!Ref": "SearchFunction.Alias"}


def test_an_answer_of_ours_comes_before_the_function_and_the_api_give_up(
    template: dict[str, Any], function: dict[str, Any]
) -> None:
    limit_s = function["Environment"]["Variables"]["TIME_LIMIT_S"]
    assert limit_s < function["Timeout"] < 30


def test_the_role_allows_these_actions_on_these_resources_and_no_other(
    template: dict[str, Any],
) -> None:
    role = template["Resources"]["SearchRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    assert {
        allowed for policy in role["Policies"] for allowed in statements(policy["PolicyDocument"])
    } == {
        ("s3:GetObject", "${StoreBucket.Arn}/current.json"),
        ("s3:GetObject", "${StoreBucket.Arn}/releases/*"),
        ("s3:GetObject", "${StoreBucket.Arn}/blobs/*"),
        ("s3:GetObject", "${StoreBucket.Arn}/uploads/*"),
        ("s3:PutObject", "${StoreBucket.Arn}/uploads/*"),
        ("s3:ListBucket", "StoreBucket.Arn"),
        ("logs:CreateLogStream", "SearchLogs.Arn"),
        ("logs:PutLogEvents", "SearchLogs.Arn"),
    }


def test_who_renews_the_snapshot_may_change_this_function_alone(template: dict[str, Any]) -> None:
    (policy,) = of_type(template, "AWS::IAM::ManagedPolicy").values()
    allowed = set(statements(policy["PolicyDocument"]))
    assert {resource for _, resource in allowed} == {
        "SearchFunction.Arn",
        "${SearchFunction.Arn}:*",
    }
    assert {action for action, _ in allowed} == {
        "lambda:GetAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:PublishVersion",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionConfiguration",
    }


def test_the_page_on_the_function_has_the_defaults_of_the_template(
    template: dict[str, Any],
) -> None:
    page = (ROOT / "docs" / "function.md").read_text()
    table = page.partition("| parameter | default | |")[2].partition("\n\n")[0]
    documented: dict[str, str] = {}
    for row in table.splitlines()[2:]:
        _, names, defaults, *_ = row.split("|")
        values = [value.strip() for value in defaults.split(",")]
        documented |= zip(re.findall(r"`(\w+)`", names), values, strict=True)
    assert {"ThrottleRate", "AlarmLatencyMs"} <= documented.keys()
    defaults = {name: str(template["Parameters"][name]["Default"]) for name in documented}
    assert documented == defaults


def test_the_api_lets_whole_pages_of_results_through(template: dict[str, Any]) -> None:
    a_page = 24 * 5  # the page's results, each with as many photos as it shows
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    limits = {name: resolved(one, template) for name, one in stage["DefaultRouteSettings"].items()}
    assert int(limits["ThrottlingRateLimit"]) > a_page
    assert int(limits["ThrottlingBurstLimit"]) > 3 * a_page


def test_every_parameter_and_condition_is_used(template: dict[str, Any]) -> None:
    used = set(references({name: template[name] for name in ("Rules", "Conditions", "Resources")}))
    used |= {one["Condition"] for one in template["Resources"].values() if "Condition" in one}
    assert template["Parameters"].keys() <= used
    assert template["Conditions"].keys() <= used


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


def test_an_upload_is_forgotten_and_only_the_sites_named_may_make_one(
    template: dict[str, Any],
) -> None:
    bucket = template["Resources"]["StoreBucket"]["Properties"]
    (rule,) = (
        one for one in bucket["LifecycleConfiguration"]["Rules"] if one["Id"] == "ForgetUploads"
    )
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("uploads/", 1)
    (cors,) = bucket["CorsConfiguration"]["CorsRules"]
    assert cors["AllowedMethods"] == ["PUT"]
    assert set(references(cors["AllowedOrigins"])) >= {"SearchApi", "AllowedOrigins"}


def test_rules_refuse_a_jwt_without_issuer_and_a_large_disk_with_snapstart(
    template: dict[str, Any],
) -> None:
    rules = template["Rules"]
    jwt, disk = rules["JwtNeedsIssuerAndAudience"], rules["SnapStartHasLittleDisk"]
    assert jwt["RuleCondition"] == {"!Equals": [{"!Ref": "AuthType"}, "jwt"]}
    assert [one["Assert"] for one in jwt["Assertions"]] == [
        {"!Not": [{"!Equals": [{"!Ref": name}, ""]}]} for name in ("JwtIssuer", "JwtAudience")
    ]
    assert disk["RuleCondition"] == {"!Equals": [{"!Ref": "SnapStart"}, "on"]}
    assert disk["Assertions"][0]["Assert"] == {"!Equals": [{"!Ref": "EphemeralStorageMb"}, "512"]}


def test_a_rule_refuses_subnets_without_security_groups(template: dict[str, Any]) -> None:
    rule = template["Rules"]["SubnetsNeedSecurityGroups"]
    assert rule["RuleCondition"] == {"!Not": [{"!Contains": [{"!Ref": "SubnetIds"}, ""]}]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"!Not": [{"!Contains": [{"!Ref": "SecurityGroupIds"}, ""]}]}


def test_a_browser_may_ask_whether_it_may_ask_without_credentials(
    template: dict[str, Any],
) -> None:
    routes = {
        one["RouteKey"]: one for one in of_type(template, "AWS::ApiGatewayV2::Route").values()
    }
    assert routes["$default"]["AuthorizationType"] != "NONE"
    assert routes["OPTIONS /{proxy+}"]["AuthorizationType"] == "NONE"


def test_every_sample_event_is_what_its_maker_writes() -> None:
    files = {path.name: json.loads(path.read_text()) for path in EVENTS.glob("*.json")}
    assert files == make_events.events()


def test_the_gateway_lets_pages_send_and_see_the_headers_that_the_function_does(
    template: dict[str, Any],
) -> None:
    api = template["Resources"]["SearchApi"]["Properties"]
    cors = next(part for part in api["CorsConfiguration"]["!If"] if isinstance(part, dict))
    assert tuple(cors["AllowHeaders"]) == CORS_HEADERS
    assert tuple(cors["ExposeHeaders"]) == CORS_EXPOSED
