"""The command by which the state machine plans: marketplace-search plan --catalogue NAME"""

import json
import re
from typing import Annotated

import typer

from batch_jobs.arguments import StoreUrl
from release.errors import JobError
from release.store import Store

Name = Annotated[str, typer.Option("--catalogue", help="The name of a catalogue in the store.")]
Action = Annotated[str, typer.Option(help="run, update, or auto: update where there is a release.")]
Options = Annotated[
    str, typer.Option(help='Options of `run` or `update` as JSON, such as {"epochs": 3}.')
]
Save = Annotated[
    str, typer.Option(help="Write the plan to plans/<this>.json of the store as well.")
]


def plan(
    catalogue: Name,
    store: StoreUrl = "./store",
    action: Action = "run",
    options: Options = "{}",
    save: Save = "",
) -> None:
    """Prints what an execution on AWS would be told: commands and array sizes."""
    from batch_jobs.cloud.plan import make_plan

    try:
        given = json.loads(options)
    except ValueError as error:
        raise JobError(f"--options is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise JobError(f"--options is {options}; give a JSON object of options and their values.")
    if save and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}", save):
        raise JobError(f"--save {save!r}: give letters, digits, dots, dashes and underscores.")
    opened = Store(store)
    made = make_plan(opened, catalogue, action, given).to_json()
    if save:
        opened.write(f"plans/{save}.json", made.encode())
    print(made)
