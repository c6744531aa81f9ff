"""The command line: marketplace-search COMMAND --help

Commands import what they need when they run: torch takes seconds, which `search` need not pay.
"""

import sys

import typer

from batch_jobs import commands_make, commands_use
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
    commands_make.train,
    commands_make.export,
    commands_make.embed,
    commands_make.index,
    commands_make.publish,
    commands_use.releases,
    commands_use.rollback,
    commands_use.search,
    commands_use.serve,
):
    app.command()(command)


def main() -> None:
    """The entry point: an error is one line and exit code 1, Ctrl-C is exit code 130."""
    try:
        app(standalone_mode=False)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except MarketplaceSearchError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        print("stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
