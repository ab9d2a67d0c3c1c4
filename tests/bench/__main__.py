"""`make bench`: measures everything beside floors and peers in the same run, and prints one table.

A number alone says more about the machine than about the program. No test looks at it.
"""

import argparse
import gc
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from rich.console import Console
from rich.table import Table

from lineage.cli import GARBAGE_OBJECTS
from tests.bench import (
    audits,
    closures,
    differences,
    drawing,
    growth,
    kafka,
    mlmd,
    objects,
    pages,
    recording,
    retention,
    serving,
    subscriptions,
    trends,
    watching,
)
from tests.bench.measuring import FULL, QUICK, AtLeast, AtMost, Bench, Finding, Row, Skipped, Subject, Weight
from tests.postgresql import binaries, server

SUBJECTS: Final[Mapping[str, Subject]] = {
    "recording": recording.measure,
    "kafka": kafka.measure,
    "watching": watching.measure,
    "ml-metadata": mlmd.measure,
    "closures": closures.measure,
    "audits": audits.measure,
    "http": serving.measure,
    "subscriptions": subscriptions.measure,
    "growth": growth.measure,
    "retention": retention.measure,
    "objects": objects.measure,
    "differences": differences.measure,
    "drawing": drawing.measure,
    "trends": trends.measure,
    "page": pages.measure,
}
CAPTION: Final = (
    "An event is one attempt at a step that has ended: its ports, five parameters and its pod. Where runs have ended, "
    "ten events share a view of their workflow; else each comes with a whole view of its own. The program by hand "
    "leaves the same rows as the store. The best of {rounds} interleaved rounds."
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="measure this alone (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="measure less, to see that all works")
    chosen = parser.parse_args()
    gc.set_threshold(GARBAGE_OBJECTS)  # as every command does; what stands beside us is measured in the same process
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sizes = QUICK if chosen.quick else FULL
    console = Console(width=None if sys.stdout.isatty() else 140)
    findings: list[Finding] = []
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="kfp-lineage-bench-"))
        status = stack.enter_context(console.status("starting"))
        installed = binaries()
        bench = Bench(
            folder=Path(folder),
            sizes=sizes,
            say=status.update,
            postgresql=None if installed is None else stack.enter_context(server(installed)),
        )
        for name in chosen.only or SUBJECTS:
            for finding in SUBJECTS[name](bench):
                findings.append(finding)
                console.print(_line(finding))
    console.print()
    console.print(_table([one for one in findings if isinstance(one, Row | Weight)], sizes.rounds))
    for one in findings:
        if isinstance(one, Skipped):
            console.print(_line(one))


def _line(finding: Finding) -> str:
    match finding:
        case Skipped(what, why):
            return f"skipped: {what}: {why}"
        case Row() | Weight():
            return " · ".join((finding.what, *_cells(finding)))


def _table(rows: Sequence[Row | Weight], rounds: int) -> Table:
    titles = ("what", "ours", "beside", "theirs", "ratio", "target", "met")
    table = Table(*titles, caption=CAPTION.format(rounds=rounds), caption_justify="left")
    for name in (1, 3, 4, 5):
        table.columns[name].justify = "right"
    for row in rows:
        table.add_row(row.what, *_cells(row))
    return table


def _cells(row: Row | Weight) -> Iterable[str]:
    if isinstance(row, Weight):
        limit, met = _size(row.limit_bytes), "yes" if row.met else "[bold]NO[/]"
        return _size(row.size_bytes), "the limit", limit, "", f"< {limit}", met
    met = {True: "yes", False: "[bold]NO[/]", None: ""}[row.met]
    ratio = f"{row.ratio:,.2f} × {'speed' if row.of_speed else 'time'}"
    return _duration(row.ours), row.beside, _duration(row.theirs), ratio, _target(row), met


def _target(row: Row) -> str:
    match row.target:
        case AtMost(times):
            return f"≤ {times:g}"
        case AtLeast(times):
            return f"≥ {times:g}"
        case None:
            return ""


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:,.0f} kB"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


if __name__ == "__main__":
    main()
