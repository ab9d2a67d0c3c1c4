"""What is read once, by a command that ends: recorded into the store of the settings, a batch at a time."""

from dataclasses import replace

from lineage.cli.ingest import GIVE_UP_SECONDS, SHOWN_REJECTIONS
from lineage.cli.interruption import Interruption
from lineage.cli.opening import open_to_record
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.settling import settle
from lineage.eventlog.memory import MemoryLog
from lineage.observation import Observation
from lineage.ports import LineageStore
from lineage.recorder import BATCH_SIZE, NOTHING, Outcome, Recorder
from lineage.redaction import Redactor
from lineage.settings import Settings, redaction_key
from watchers.files import Ignored, ObjectRead, observed
from watchers.source import KubernetesObject
from watchers.sources import all_sources


class Recording:
    """Takes objects to the store. `total` is what became of them, with the first few of those that were set aside."""

    def __init__(self, settings: Settings, *, name: str) -> None:
        self.total = NOTHING
        self.store: LineageStore = open_to_record(settings)
        self._cluster = settings.cluster
        self._redactor = Redactor(redaction_key(settings))
        self._log = MemoryLog(instance_name(name))
        self._recorder = Recorder(
            self._log,
            self.store,
            interpreter(all_sources()),
            key_ids=[self._redactor.key_id],
            clock=now,
            on_batch=self._add,
        )

    def take_object(self, item: KubernetesObject, *, place: str) -> None:
        """Record an object with the next batch. `place` is where it was read, for who asks what was wrong with it."""
        self.take(
            observed(
                ObjectRead(place=place, item=item),
                sources=all_sources(),
                cluster=self._cluster,
                seen_at=now(),
                redactor=self._redactor,
            )
        )

    def take(self, seen: Observation | Ignored) -> None:
        """Record what was seen with the next batch; what no source understands is counted."""
        if isinstance(seen, Ignored):
            self._add(Outcome(objects=1, ignored=1))
            return
        if len(self._log) >= BATCH_SIZE or not self._log.fits(seen):
            self._recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        self._log.append(seen)

    def close(self, interruption: Interruption) -> None:
        """Record what waits for its batch, and what follows from all of it."""
        self._recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
        settle(self.store, interruption)

    def _add(self, outcome: Outcome) -> None:
        total = self.total + outcome
        self.total = replace(total, rejections=total.rejections[:SHOWN_REJECTIONS])
