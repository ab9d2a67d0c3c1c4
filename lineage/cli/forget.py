"""`lineage forget`: forget the details of old runs, as rules ask."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lineage.cli.asking import write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.interruption import interruptible
from lineage.cli.opening import open_existing
from lineage.cli.parts import now
from lineage.cli.pictures.cells import shown, size_of
from lineage.cli.rules import retention_of
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SIGNALLED, notes, print_answer
from lineage.errors import InvalidSettings
from lineage.forgetting import Forgetting, Verdict, forget_aged, rehearse
from lineage.retention import Retention
from lineage.settings import load_settings


def forget(
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help="How long runs are kept, as TOML. Also LINEAGE_RETENTION_RULES."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be forgotten, and forget none.")] = False,
    store: StoreFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Forget the details of runs that have come to the age at which rules ask for it.

    Raw objects go, and messages, labels, and the arguments and results of steps. What a run was, how it went, what it
    was given, its steps, what they read and wrote with all digests, its images and its metrics stay: provenance and
    trends are what they were. What was forgotten stays so, whatever is read again. Interrupted, it can be begun again.

    ```
    lineage forget --rules retention.toml --dry-run
    lineage forget --rules retention.toml --store postgresql://user@host/lineage
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"retention_rules": rules, "store": store})
    retention = retention_of(settings)
    if retention is None:
        raise InvalidSettings("no rules are named: give --rules FILE, or set retention_rules in the settings file")
    opened = open_existing(settings.store)
    with interruptible() as interruption:
        if dry_run:
            with _progress() as advance:
                done = rehearse(opened, retention, now=now(), on_progress=advance)
        else:
            settle(opened, interruption)  # of what was forgotten no fingerprint can be computed
            with _progress() as advance:
                done = forget_aged(
                    opened,
                    retention,
                    now=now(),
                    goes_on=lambda: interruption.number is None,
                    on_progress=advance,
                )
    if as_json:
        write_json(_as_json(done, retention, dry_run=dry_run))
    else:
        _tell(done, retention, dry_run=dry_run)
    if interruption.number is not None:
        raise typer.Exit(SIGNALLED + interruption.number)


@contextmanager
def _progress() -> Iterator[Callable[[Forgetting], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.completed} runs judged"), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda done: progress.update(task, completed=done.forgotten.total() + len(done.kept))


def _kept(done: Forgetting) -> Mapping[str, Counter[Verdict]]:
    """How many runs each rule kept, and why."""
    found: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for rule, verdict in done.kept.values():
        found[rule][verdict] += 1
    return found


def _tell(done: Forgetting, retention: Retention, *, dry_run: bool) -> None:
    kept, reasons = _kept(done), (Verdict.HAS_DESCENDANTS, Verdict.EARNED_TIER)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule", overflow="fold")
    for column in ("to be forgotten" if dry_run else "forgotten", "kept: descendants", "kept: tier"):
        table.add_column(column, justify="right")
    for rule in retention.rules:
        counts = (done.forgotten[rule.name], *(kept[rule.name][one] for one in reasons))
        table.add_row(shown(rule.name), *map(str, counts))
    print_answer(table)
    went = done.went
    verb = "would go" if dry_run else "went"
    notes.print(f"{went.objects} raw objects {verb} with them, {size_of(went.size_bytes)}.")


def _as_json(done: Forgetting, retention: Retention, *, dry_run: bool) -> Mapping[str, Any]:
    kept = _kept(done)
    return {
        "dryRun": dry_run,
        "rules": [
            {
                "name": rule.name,
                "forgotten": done.forgotten[rule.name],
                "keptForDescendants": kept[rule.name][Verdict.HAS_DESCENDANTS],
                "keptForTier": kept[rule.name][Verdict.EARNED_TIER],
            }
            for rule in retention.rules
        ],
        "objects": done.went.objects,
        "sizeBytes": done.went.size_bytes,
    }
