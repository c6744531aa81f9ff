"""The command line of each stage, as the state machine and a person at a terminal would give it."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import typer

from batch_jobs.export_options import ExportOptions
from batch_jobs.index.choose import Budget
from batch_jobs.index_stage import IndexOptions
from batch_jobs.train.options import TrainOptions
from release.errors import JobError

# Where a job runs and what part of the work it has is not an option of the run.
_NOT_OPTIONS = {"store", "catalogue", "run_id", "shard", "shards", "workers", "checkpoint_s"}
_NOT_OPTIONS |= {"processes"}
_OF_A_CATALOGUE = ("clean", "update")


def command_of(
    stage: str, options: Mapping[str, object], catalogue: str = "", run: str = ""
) -> tuple[str, ...]:
    """The arguments of one stage, those of the options that are its own among them."""
    words = [stage]
    words += ["--catalogue", catalogue] if catalogue else []
    words += ["--run", run] if run else []
    known = _parameters(stage)
    for name, value in options_of(stage, options).items():
        option = known[name].opts[0]
        if value is not False:
            words.append(option if value is True else f"{option}={value}")
    return tuple(words)


def options_of(stage: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options that a stage has."""
    known = _parameters(stage)
    return {name: value for name, value in options.items() if name in known}


def check_options(stages: Iterable[str], given: Mapping[str, object]) -> dict[str, object]:
    """Those options that are not as they are by default.

    Raises JobError where one is of none of the stages, or its value does not fit.
    """
    stages = list(stages)
    usual = {name: one.default for stage in stages for name, one in _parameters(stage).items()}
    if unknown := sorted(given.keys() - usual.keys()):
        there = ", ".join(sorted(usual))
        raise JobError(f"Unknown options: {', '.join(unknown)}. There are: {there}.")
    options = {name: value for name, value in given.items() if value != usual[name]}
    if "/" in str(options.get("weights", "")):
        raise JobError(f"weights is {options['weights']!r}; give a name of weights, not a path.")
    for stage in stages:
        words = command_of(stage, options, catalogue="NAME" if stage in _OF_A_CATALOGUE else "")
        context_of(words)
    if "train" in stages:
        _check_run(options)
    return options


def context_of(words: tuple[str, ...]) -> dict[str, Any]:
    """What a command line gives its command, by name. Raises JobError where it does not fit."""
    try:
        context = _commands()[words[0]].make_context(words[0], list(words[1:]))
    except typer.BadParameter as error:
        raise JobError(f"{' '.join(words)}: {error.format_message()}") from error
    return dict(context.params)


def _check_run(options: Mapping[str, object]) -> None:
    """What later stages would refuse, before a catalogue is cleaned for it."""
    from model_export.backbones import check_name  # noqa: PLC0415  # loads torch

    chosen = TrainOptions(**options_of("train", options))  # type: ignore[arg-type]
    ExportOptions(**options_of("export", options))  # type: ignore[arg-type]
    check_name(chosen.backbone)
    index = options_of("index", options)
    keep_out = index.pop("keep_out", 0)
    IndexOptions(keep_out, Budget(**index))  # type: ignore[arg-type]


@cache
def _commands() -> dict[str, Any]:
    from batch_jobs.cli import app  # noqa: PLC0415  # the command line imports this

    group = typer.main.get_command(app)
    return dict(group.commands)  # type: ignore[attr-defined]


def _parameters(stage: str) -> dict[str, Any]:
    found = {parameter.name: parameter for parameter in _commands()[stage].params}
    return {name: one for name, one in found.items() if name not in _NOT_OPTIONS}
