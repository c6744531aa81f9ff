"""The command line: marketplace-search COMMAND --help

Commands import what they need when they run: torch takes seconds, which `search` need not pay.
"""

import signal
import sys

import typer

from batch_jobs import (
    commands_check,
    commands_cloud,
    commands_estimate,
    commands_explore,
    commands_make,
    commands_plan,
    commands_prune,
    commands_train,
    commands_update,
    commands_use,
)
from batch_jobs.cloud.failures import BatchJob
from release.errors import MarketplaceSearchError

app = typer.Typer(
    help="Finds the listings that look like a photo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    commands_make.demo,
    commands_make.run,
    commands_make.clean,
    commands_train.train,
    commands_make.export,
    commands_make.embed,
    commands_make.index,
    commands_make.publish,
    commands_update.update,
    commands_train.cross_validate,
    commands_check.verify,
    commands_use.releases,
    commands_use.rollback,
    commands_prune.prune,
    commands_explore.explore,
    commands_use.search,
    commands_use.serve,
    commands_plan.plan,
    commands_cloud.submit,
    commands_cloud.status,
    commands_cloud.cancel,
    commands_cloud.logs,
    commands_estimate.estimate,
):
    app.command()(command)


class StoppedError(BaseException):
    """Ctrl-C or the end of a machine; nothing on the way may take it for an error and go on."""


def main() -> None:
    """The entry point: an error is one line and exit code 1, a signal is exit code 128 + signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        app(prog_name="marketplace-search")
    except MarketplaceSearchError as error:
        print(f"error: {error}", file=sys.stderr)
        BatchJob.from_environment().tell(str(error))
        sys.exit(1)
    except StoppedError as stopped:
        print("stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(128 + stopped.args[0])
    except Exception as error:
        BatchJob.from_environment().tell(f"{type(error).__name__}: {error}")
        raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # nothing is left to be stopped


def _stop(number: int, _frame: object) -> None:
    raise StoppedError(number)
