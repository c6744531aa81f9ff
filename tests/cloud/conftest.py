"""The batch side on moto, deployed once, and the executions that the tests look at."""

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import ASKED, OPTIONS
from batch_runner import Attempt, reclaim
from deployed import Deployed, Finished, deploy
from drawn_catalogue import DrawnCatalogue, draw_catalogue

from batch_jobs.cloud.plan import make_plan

logging.getLogger("moto").setLevel(logging.CRITICAL)  # every state that is caught is an error to it


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    scratch = tmp_path_factory.mktemp("batch")
    with pytest.MonkeyPatch.context() as patch, deploy(scratch, patch) as made:
        yield made


@pytest.fixture(scope="session")
def finished(deployed: Deployed, catalogue: DrawnCatalogue) -> Finished:
    """The whole way; the machines of the training and of one job that embeds are taken away."""

    def take_machines_away(attempt: Attempt, process: "subprocess.Popen[bytes]") -> str:
        if attempt.number > 1:
            return ""
        if attempt.stage == "train":
            checkpoint = f"runs/{attempt.job.job_name.rpartition('-')[0]}/train/checkpoint.pt"
            while deployed.store.stat(checkpoint) is None and process.poll() is None:
                time.sleep(0.05)
            return reclaim(process)
        if (attempt.stage, attempt.index) == ("embed", 3):
            reclaim(process)  # of which Batch says no more than that the container has ended
        return ""

    deployed.put_catalogue(catalogue.folder, "drawn")
    deployed.runner.meddle = take_machines_away
    found = deployed.finish(ASKED)
    deployed.runner.meddle = lambda *_: ""
    return found


@pytest.fixture(scope="session")
def asked_again(finished: Finished) -> Finished:
    """The same wish as before, once that is over."""
    return finished.deployed.finish(ASKED)


@pytest.fixture(scope="session")
def made_otherwise(asked_again: Finished) -> Finished:
    """The same run with another option of training, cleaned before by an older version of ours."""
    store, done = asked_again.deployed.store, f"runs/{asked_again.plan['run']}/clean/done.json"
    old = json.loads(store.read(done))
    old["inputs"]["software"] = "0.0.1"
    store.write(done, json.dumps(old).encode())
    asked_again.deployed.leave_dead_mark()
    options = {**OPTIONS, "head_steps": 21, "photos_per_shard": 1000}
    return asked_again.deployed.finish({**ASKED, "options": options})


@pytest.fixture(scope="session")
def updated(made_otherwise: Finished, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The catalogue without its last listing, put in the bucket and said to be ready.

    What an update that was killed had begun, asked for otherwise, is in the way.
    """
    deployed = made_otherwise.deployed
    changed = draw_catalogue(tmp_path_factory.mktemp("changed") / "drawn", listings=14)
    changed.drop_last_listing()
    deployed.put_catalogue(changed.folder, "drawn")
    deployed.leave_dead_mark()
    run = make_plan(deployed.store, "drawn", "update", {}).run
    for stage in ("index", "publish"):
        deployed.store.write(f"runs/{run}/{stage}/begun.json", b"{}")
        deployed.store.write(f"runs/{run}/{stage}/left-over", b"")
    return deployed.finish({"ready": "catalogues/drawn/_READY", "action": "auto"})


@pytest.fixture(scope="session")
def failed(updated: Finished, tmp_path_factory: pytest.TempPathFactory) -> list[Finished]:
    """A run that cannot train, asked for twice; one of eight jobs that clean loses its machine."""
    deployed = updated.deployed

    def take_one_away(attempt: Attempt, process: "subprocess.Popen[bytes]") -> str:
        first = (attempt.stage, attempt.index, attempt.number) == ("clean", 5, 1)
        return reclaim(process) if first else ""

    folder = tmp_path_factory.mktemp("other") / "other"
    deployed.put_catalogue(draw_catalogue(folder, listings=16, seed=1).folder, "other")
    asked = {**ASKED, "catalogue": "other", "options": {**OPTIONS, "weights": "NO_SUCH_WEIGHTS"}}
    deployed.runner.meddle = take_one_away
    first = deployed.finish(asked)
    deployed.runner.meddle = lambda *_: ""
    return [first, deployed.finish(asked, attempt=2)]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where the function keeps what it has downloaded."""
    return tmp_path / "cache"
