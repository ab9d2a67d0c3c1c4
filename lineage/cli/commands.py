"""The commands: what each is for, and where it is written. One is imported when it is called, and only that one.

Most of what a command takes to start is to import what it needs, and no command needs what all of them do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

import typer
from typer.core import TyperGroup
from typer.main import get_group

MARKUP: Final[Literal["markdown"]] = "markdown"  # what help is written in


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is written, as `module:name`, and how its own help begins."""

    place: str
    help: str


COMMANDS: Final[Mapping[str, Command]] = {
    "up": Command("up:up", "Watch, record and serve, in one process."),
    "doctor": Command(
        "doctor:doctor",
        "Look at all that the settings name: the store, the cluster and what may be watched in it, the log, object "
        "stores, Kubeflow's services, who is let in, and the clocks of these. Changes nothing.",
    ),
    "ingest": Command("ingest:ingest", "Record objects that were saved to files."),
    "backfill": Command(
        "backfill:backfill", "Record the runs that were over before we came, from what Kubeflow and Argo tell."
    ),
    "import": Command("importing:app", "Record what another tracker keeps: `mlmd`, a store of ML Metadata."),
    "watch": Command("watch:watch", "Watch a cluster, and write what is seen to the event log."),
    "record": Command("record:record", "Read the event log, and record it into a store."),
    "probe": Command(
        "probe:probe",
        "Look at the objects that artifacts are, soon after they were recorded and again from time to time.",
    ),
    "alert": Command(
        "alert:alert", "Follow rules as runs end, keep what they find, and send it to a webhook as CloudEvents."
    ),
    "replay": Command("record:replay", "Rebuild a store from the event log: record all that it holds now, and end."),
    "reinterpret": Command(
        "reinterpret:reinterpret",
        "Make a store anew from the objects that another one keeps, as this release understands them.",
    ),
    "serve": Command("serve:serve", "Serve a store over HTTP: a page, GraphQL and GraphiQL. Records nothing."),
    "runs": Command("runs:runs", "List runs, the newest first."),
    "follow": Command(
        "follow:follow",
        "Print runs as they change, a line each, until it is stopped; then say how to go on from there.",
    ),
    "show": Command(
        "runs:show", "Show what happened in one run: its arguments, its steps, and what each read and wrote."
    ),
    "recurring": Command(
        "recurring:recurring",
        "List what makes runs on a schedule, and how that went lately; of one, each time that was due, and its edits.",
    ),
    "experiments": Command(
        "experiments:experiments", "List experiments, with how many runs each has and how the last one went."
    ),
    "deployments": Command(
        "deployments:deployments",
        "List what serves models, which write each model is, and whether that was overwritten since; of one, all that "
        "it has served, and the runs and data behind it.",
    ),
    "diff": Command(
        "diff:diff",
        "Show what differs between two runs: text, steps, images, arguments, data, surroundings, and what came of "
        "them. What could have changed results comes first.",
    ),
    "rerun": Command(
        "rerun:rerun",
        "Write a manifest that would run a run again: the images that ran by their digest, the arguments that were "
        "given, no cache, and a label that says which run it repeats. What cannot be held fast is said.",
    ),
    "nondeterminism": Command(
        "nondeterminism:nondeterminism",
        "List steps of which not always the same came out, although the fingerprints of their executions are equal: "
        "the same images, commands, environment, parameters and content of inputs.",
    ),
    "provenance": Command(
        "provenance:provenance",
        "Show where something came from, what it led to, or both: over all runs, by what was read and written, and "
        "(marked) by equal content.",
    ),
    "report": Command(
        "report:app",
        "Write a report as one file of HTML, Markdown or JSON: `provenance`, `diff` of two runs, `audit` of one, "
        "`trends` of metrics.",
    ),
    "impact": Command(
        "impact:impact",
        "Show what descends from an input, an execution or an image: which runs, models and deployments, counted and "
        "listed.",
    ),
    "path": Command(
        "path:path",
        "Show why two things are connected: a shortest way from the one to the other, and all that lies on any way.",
    ),
    "audit": Command(
        "audit:audit",
        "Say whether a run can be traced, could be made again, and was, with the evidence for each verdict.",
    ),
    "trend": Command(
        "trend:trend",
        "Show how a metric moves from run to run: a chart, what is usual, where its level shifted, and what may have "
        "done that.",
    ),
    "blame": Command(
        "blame:blame",
        "Say what may have shifted the level of a metric: images, parameters, inputs and other things that were others "
        "before it than after, the likeliest first, and among them that it was nothing of what is tracked.",
    ),
    "alerts": Command("alerts:alerts", "List what rules found, the newest first, and whether it was sent."),
    "export": Command(
        "export:app",
        "Write what is recorded as a table for other tools: `runs`, with their parameters and metrics as columns.",
    ),
    "logs": Command("logs:logs", "Print the log that a step left, where Argo archived it."),
    "query": Command("query:query", "Ask in GraphQL; print the answer as JSON. Without a query, list the saved ones."),
    "artifact": Command(
        "artifact:artifact",
        "Show what became of an artifact: its size and digests, and what each look at it said.",
    ),
    "verify": Command(
        "verify:verify",
        "Look now at the objects of artifacts, and say which are missing or are not what they were.",
    ),
    "rejected": Command("rejected:app", "What could not be recorded: `list` it, `show` it, `retry` it, `drop` it."),
    "dump": Command("store:dump", "Write all knowledge as JSON lines: equal knowledge, equal bytes."),
    "forget": Command(
        "forget:forget", "Forget the details of runs that have come to the age at which rules ask for it."
    ),
    "backup": Command(
        "store:backup",
        "Copy a store in a file to another file, as it is at one moment, while others go on to read and write it.",
    ),
    "restore": Command(
        "store:restore",
        "Put a copy in the place of a store in a file, after a look at whether it is whole.",
    ),
    "migrate": Command("store:migrate", "Make a store, or bring one of an older release up to date."),
}


class LazyGroup(TyperGroup):
    """A group that knows of its commands what they are for, and imports the one that is called.

    As click documents it: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands. The help
    of the group needs none of them.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # Typer names these types privately
        """Find the command that is called, and import it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else imported(name), rest


def add_to(app: typer.Typer) -> None:
    """Make the commands known to an application, whose class is `LazyGroup`."""
    for name, command in COMMANDS.items():
        app.command(name, help=command.help)(_not_imported)


def _not_imported() -> None:
    """Stand for a command of which only the help is known yet."""


def imported(name: str) -> Any:
    """Import a command as Typer makes it: one that parses arguments and runs."""
    module, _, written = COMMANDS[name].place.partition(":")
    found = getattr(import_module(f"{__package__}.{module}"), written)
    group = typer.Typer(rich_markup_mode=MARKUP)
    if isinstance(found, typer.Typer):
        group.add_typer(found, name=name)
    else:
        group.command(name)(found)
    return get_group(group).commands[name]
