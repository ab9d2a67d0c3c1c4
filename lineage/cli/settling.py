"""Computing what follows from what was recorded, with a bar to look at."""

from contextlib import nullcontext

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lineage.cli.interruption import Interruption, interruptible
from lineage.cli.terminal import notes
from lineage.ports import EVERYTHING, LineageStore
from lineage.recorder import SETTLED_AT_ONCE


def settle(store: LineageStore, interruption: Interruption | None = None) -> None:
    """Compute the fingerprints of runs that are due for them. Whoever interrupts it leaves the rest to whatever records
    next."""
    columns = (SpinnerColumn(), TextColumn("fingerprints"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        interruptible() if interruption is None else nullcontext(interruption) as asked,
        Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress,
    ):
        task = progress.add_task("", total=store.unsettled(EVERYTHING))
        for done in asked.until_asked(iter(lambda: store.settle(limit=SETTLED_AT_ONCE), 0)):
            progress.advance(task, done)
