"""How far an upgrade has come, for who looks at it: a bar on a terminal, else a line for each step and now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

import structlog
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from lineage.cli.terminal import notes
from lineage.store import Progress

TELL_SECONDS: Final = 10.0  # between two lines about one step

log = structlog.get_logger(__name__)


@contextmanager
def shown_upgrade() -> Iterator[Callable[[Progress], None]]:
    """Show what is told meanwhile."""
    if not notes.is_terminal:
        yield Telling()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=notes, transient=True) as bars:
        task = bars.add_task("", total=None, rate="")
        rate = Rate()

        def tell(progress: Progress) -> None:
            speed = rate.of(progress)
            bars.update(
                task,
                description=escape(progress.says),
                completed=progress.done or 0,
                total=progress.of,
                rate="" if speed is None else f"{speed:,.0f}/s",
            )

        yield tell


class Rate:
    """How fast a step goes, since it was first told of."""

    def __init__(self) -> None:
        self._says: str | None = None
        self._began = (0.0, 0)

    def of(self, progress: Progress) -> float | None:
        """Say how many a second; None where nothing can be said yet."""
        done = progress.done or 0
        if progress.says != self._says:
            self._says, self._began = progress.says, (monotonic(), done)
            return None
        seconds, since = monotonic() - self._began[0], done - self._began[1]
        return since / seconds if since > 0 and seconds > 0 else None


class Telling:
    """Logs each step as it begins, and how far it has come every so often."""

    def __init__(self) -> None:
        self._says: str | None = None
        self._told_at = 0.0
        self._rate = Rate()

    def __call__(self, progress: Progress) -> None:
        speed = self._rate.of(progress)
        if progress.says == self._says and monotonic() - self._told_at < TELL_SECONDS:
            return
        self._says, self._told_at = progress.says, monotonic()
        known = {"done": progress.done, "of": progress.of, "a_second": None if speed is None else round(speed)}
        log.info("migrating", step=progress.says, **{name: value for name, value in known.items() if value is not None})
