"""submit, status, logs and cancel, as people run them, against the stack that the jobs ran in."""

import json
import signal
import subprocess
import time

import pytest
from asked import OPTIONS
from aws_server import AwsServer
from batch_runner import PROGRAM, Attempt
from called import allows, needed_by
from deployed import PATIENCE_S, Deployed, Finished
from test_roles import pairs

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(900)]

OPERATOR = "operator"
SAME_OPTIONS = [
    f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()
]  # as ASKED, so that a run by it is the same


@pytest.fixture(scope="session")
def stack(failed: list[Finished]) -> Deployed:
    """The stack's outputs, by which the commands find all else."""
    deployed = failed[0].deployed
    outputs = {
        "StoreUrl": deployed.url,
        "PipelineArn": deployed.machine,
        "JobLogGroupName": deployed.values.name("JobLogs"),
    }
    template = {
        "Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    formation = deployed.server.client("cloudformation")
    formation.create_stack(StackName="marketplace-search", TemplateBody=json.dumps(template))
    template["Outputs"] = {}
    formation.create_stack(StackName="no-batch", TemplateBody=json.dumps(template))
    return deployed


def ask(server: AwsServer, *words: str, **environment: str) -> tuple[int, str]:
    """The exit code of a command and what it printed."""
    found = subprocess.run(
        [PROGRAM or "", *words],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "AWS_EC2_METADATA_DISABLED": "true"}
        | server.environment(OPERATOR)
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout + found.stderr


def test_submitting_what_has_run_starts_nothing(stack: Deployed, failed: list[Finished]) -> None:
    (release_before, executions) = stack.store.read("current.json"), stack.executions()
    code, said = ask(stack.server, "submit", "--catalogue", "drawn", "--only-update")
    assert code == 0, said
    (name,) = (line.partition(":")[0] for line in said.splitlines() if "started" in line)
    ended = stack.wait(stack.machine.replace("stateMachine", "execution") + f":{name}")
    assert ended["status"] == "SUCCEEDED"
    assert stack.store.read("current.json") == release_before  # up to date, so no new release
    code, said = ask(stack.server, "submit", "--catalogue", "drawn", "--only-update")
    assert (code, "has succeeded before" in said) == (0, True)
    assert "marketplace-search cancel" not in said  # there is nothing to cancel
    assert stack.executions().keys() - executions.keys() == {name}


def test_status_lists_executions_and_shows_one(stack: Deployed, finished: Finished) -> None:
    newest = sorted(stack.executions())
    code, said = ask(stack.server, "status")
    assert code == 0
    shown = [line.split()[0] for line in said.splitlines()[1:]]
    assert len(shown) == 10
    assert set(shown) < set(newest)
    assert any("plans a run" in line for line in said.splitlines())
    code, said = ask(stack.server, "status", finished.plan["execution"])
    assert code == 0, said
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.split()}
    assert lines[finished.plan["execution"]][1] == "SUCCEEDED"
    assert lines["embed"][1:4] == ["done", "8/8", "9"]  # seven shards and the whole, one twice
    assert lines["train"][1:4] == ["done", "1/1", "2"]
    assert "Cost so far, estimated: 0." in said
    assert "/states/home?region=us-east-1#/v2/executions/details/arn:" in said
    assert said.count("logsV2:log-groups/log-group/") == len(finished.plan["stages"])


def test_status_of_a_run_that_failed_says_why(stack: Deployed, failed: list[Finished]) -> None:
    code, said = ask(stack.server, "status", failed[0].plan["run"])
    assert code == 0
    assert said.startswith(failed[1].execution["name"])  # the newest of the run
    table = said[: said.index("Cost so far")]
    lines = {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.split()}
    assert lines["train"][0] == "failed"
    assert "train failed: " in said
    assert "NO_SUCH_WEIGHTS" in said
    assert lines["publish"] == ["not", "begun"]


def test_logs_are_of_the_stage_and_shard_that_is_asked_for(
    stack: Deployed, failed: list[Finished]
) -> None:
    name = failed[0].execution["name"]
    code, said = ask(stack.server, "logs", name, "--stage", "clean", "--shard", "5")
    heads = [line for line in said.splitlines() if line.startswith("== ")]
    assert code == 0
    assert len(heads) == 2
    assert heads[0].startswith("== clean shard 5 attempt 1")  # which may have printed nothing
    assert heads[1].startswith("== clean shard 5 attempt 2: ")
    code, said = ask(stack.server, "logs", name, "--stage", "train", "--follow")
    assert code == 0
    assert "error: " in said.splitlines()[-1]
    assert ask(stack.server, "logs", name) == (0, said)  # the stage that failed
    code, said = ask(stack.server, "logs", name, "--stage", "all")
    assert {line.split()[1] for line in said.splitlines() if line.startswith("== ")} == {
        "clean",
        "train",
    }
    code, said = ask(stack.server, "logs", name, "--stage", "publish")
    assert (code, "has begun no job of the stage publish" in said) == (1, True)
    code, said = ask(stack.server, "logs", name, "--stage", "trian")
    assert (code, "Choices are clean, train, " in said) == (1, True)


def test_a_run_that_is_cancelled_stops_its_job(
    stack: Deployed,
) -> None:
    def hang(attempt: Attempt, process: "subprocess.Popen[bytes]") -> str:
        if attempt.stage == "train" and attempt.number == 1:
            process.send_signal(signal.SIGSTOP)
            while not attempt.job.stop:
                time.sleep(0.05)
            process.kill()
            return str(attempt.job.job_stopped_reason)
        return ""

    stack.runner.meddle = hang
    before = len(stack.runner.begun)
    options = [*SAME_OPTIONS, "--seed=7", "--photos-per-shard=1000"]
    code, said = ask(stack.server, "submit", "--catalogue", "drawn", *options)
    name = said.partition(":")[0]
    assert code == 0, said
    until = time.monotonic() + PATIENCE_S
    while not any(one.stage == "train" for one in stack.runner.begun[before:]):
        assert time.monotonic() < until, stack.executions()
        time.sleep(0.1)
    assert "runs already" in ask(stack.server, "submit", "--catalogue", "drawn", *options)[1]
    assert "running" in ask(stack.server, "status", name)[1]
    code, said = ask(stack.server, "cancel", name)
    assert (code, said) == (
        0,
        f"{name} is cancelled, and of its jobs: Train. `submit` goes on from here.\n",
    )
    ended = stack.wait(stack.machine.replace("stateMachine", "execution") + f":{name}")
    assert ended["status"] == "ABORTED"
    assert "is over: ABORTED" in ask(stack.server, "cancel", name)[1]
    stack.runner.meddle = lambda *_: ""


def test_what_has_failed_is_the_next_attempt_when_submitted_again(
    stack: Deployed, failed: list[Finished]
) -> None:
    options = [*SAME_OPTIONS, "--weights=NO_SUCH_WEIGHTS"]
    code, said = ask(stack.server, "submit", "--catalogue", "other", *options)
    name = f"{failed[0].plan['execution']}-3"
    assert (code, said.splitlines()[0]) == (0, f"{name}: started")
    ended = stack.wait(stack.machine.replace("stateMachine", "execution") + f":{name}")
    assert ended["error"] == "train failed"


@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        (["status", "nothing"], {}, "There is no execution of a run 'nothing'"),
        (["status", "--stack", "other"], {}, "There is no stack 'other' in us-east-1"),
        (["status", "--stack", "no-batch"], {}, "deployed without its batch side"),
        (["status"], {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials"),
        (["status"], {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "No AWS region is set"),
        (["status"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Is the network up?"),
        (["status"], {"AWS_PROFILE": "nobody"}, "Is AWS_PROFILE right"),
        (["status", "--prices", "gone.json"], {}, "gone.json cannot be read"),
        (["submit", "--catalogue", "./folder"], {}, "aws s3 sync FOLDER s3://"),
        (["submit", "--catalogue", "nowhere"], {}, "has no catalogue of that name; it has: drawn"),
        (["submit", "--catalogue", "drawn", "--epochs=-1"], {}, "--epochs is -1"),
    ],
)
def test_what_is_missing_is_said_in_a_line_with_the_remedy(
    stack: Deployed, words: list[str], environment: dict[str, str], says: str
) -> None:
    code, said = ask(stack.server, *words, **environment)
    assert code == 1
    assert said.startswith("error: ")
    assert says in said
    assert len(said.splitlines()) == 1


def test_the_operators_policy_allows_all_of_this_and_nothing_else(
    stack: Deployed, failed: list[Finished]
) -> None:
    name = failed[0].execution["name"]
    ask(stack.server, "logs", name, "--stage", "train")
    ask(stack.server, "submit", "--catalogue", "drawn", "--only-update")
    granted = list(pairs([stack.values.properties("OperatorPolicy")]))
    did = {
        need
        for call in stack.server.calls
        if call.who == OPERATOR
        for need in needed_by(call)
        if "stack/other" not in need.resource and "stack/no-batch" not in need.resource
    }
    assert sorted(need for need in did if not any(allows(one, need) for one in granted)) == []
    unused = [one["Action"] for one in granted if not any(allows(one, need) for need in did)]
    assert unused == ["execute-api:Invoke"]  # POST /runs, which API Gateway answers
