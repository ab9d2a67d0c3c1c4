"""The process whose memory is measured: it watches and records many workflows, as `lineage up` does.

Run as `python -m tests.bench.many_workflows PORT COUNT FOLDER`; prints the most memory that it ever held, in bytes.
"""

import logging
import resource
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import structlog

from lineage.eventlog.memory import MemoryLog
from lineage.recorder import NOTHING, Outcome, Recorder
from lineage.redaction import Redactor
from lineage.store import migrate, open_store
from tests.factories import interpreted
from watchers.kube import connect
from watchers.run import Watching
from watchers.sources.argo_workflow import SOURCE

DEADLINE_SECONDS: Final = 900.0


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    port, count, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    url, redactor, clock = (
        f"sqlite:///{folder / 'many.db'}",
        Redactor(b"a key of the benchmark"),
        partial(datetime.now, UTC),
    )
    migrate(url)
    log, total = MemoryLog("bench"), NOTHING

    def on_batch(outcome: Outcome) -> None:
        nonlocal total
        total = total + outcome

    with closing(open_store(url)) as store:
        recorder = Recorder(log, store, interpreted, key_ids=[redactor.key_id], clock=clock, on_batch=on_batch)
        watching = Watching(
            transport=connect(url=f"http://127.0.0.1:{port}"),
            sources=[SOURCE],
            namespaces=None,
            events=log,
            cluster="bench",
            redactor=redactor,
            clock=clock,
        )
        stop = threading.Event()
        recording = threading.Thread(target=recorder.run, args=(stop,))
        recording.start()
        watching.start()
        deadline = monotonic() + DEADLINE_SECONDS
        while total.objects < 2 * count and monotonic() < deadline:  # the list, and a change of each
            sleep(0.1)
        watching.stop()
        stop.set()
        recording.join()
    assert total.objects >= 2 * count, f"{total.objects} of {2 * count} views were recorded"
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)  # Linux counts kilobytes


if __name__ == "__main__":
    main()
