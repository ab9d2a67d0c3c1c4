"""What ML Metadata keeps of runs, asked for again and again, at the cost of what was written.

Pure protocol. Executions come by the time of their last change, the newest first, so that of a store that nobody writes
to one page is read. What was written of a run is asked for whole: its tasks, and what they read and wrote.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from lineage.errors import BadAnswer
from watchers.mlmd import OVERLAP, MetadataStore
from watchers.rounds import Round, Tempo, Told
from watchers.tasks import KEPT_TASKS, named_alone

RECENT: Final = timedelta(days=7)  # as runs (`watchers.kubeflow_rounds`); older ones are for `lineage backfill`


class MetadataRounds:
    """What to ask one store for: the tasks of runs in some namespaces; None is all of them."""

    def __init__(
        self, store: MetadataStore, namespaces: Sequence[str] | None, *, clock: Callable[[], datetime], tempo: Tempo
    ) -> None:
        self._store = store
        self._namespaces = namespaces
        self._clock = clock
        self._since: datetime | None = None
        self.rounds = [
            Round(resources=(KEPT_TASKS,), namespace=None, every_seconds=tempo.soon_seconds, ask=self._tasks),
        ]

    def _tasks(self) -> Iterator[Told]:
        now = self._clock()
        since = self._since or now - RECENT
        for run in self._store.changed(since):
            try:
                tasks = self._store.tasks_of(run)
            except BadAnswer as error:
                yield Told(resource=KEPT_TASKS, item=named_alone(KEPT_TASKS, run), unreadable=str(error))
                continue
            if tasks is not None and self._is_ours(tasks["metadata"].get("namespace")):
                yield Told(resource=KEPT_TASKS, item=tasks)
        if self._store.newest is not None:
            self._since = min(self._store.newest, now) - OVERLAP  # a time to come hides nothing that is written before
            self._store.forget_before(self._since)

    def _is_ours(self, namespace: str | None) -> bool:
        return self._namespaces is None or not namespace or namespace in self._namespaces
