"""Health and metrics of a process that serves nothing else, on a port of their own.

with serving_health(Health(ready={"store": store_answers(store)}), host=settings.host, port=settings.health_port):
    …
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Protocol

from lineage.cli.servers import listen, make_server
from lineage.model import SourceState
from lineage.outage import Outage
from lineage.recorder import Recorder
from lineage.web import Check, Finding, Health, health_application


@contextmanager
def serving_health(health: Health, *, host: str, port: int | None, flag: str = "--health-port") -> Iterator[int | None]:
    """Answer probes and scrapes beside what the process does; say on which port, which `flag` names. Without a port,
    answer nobody."""
    if port is None:
        yield None
        return
    with listen(host, port, flag=flag) as listener:
        server = make_server(health_application(health))
        # uvicorn leaves signals alone on any thread but the main one.
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="health", daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


class Watches(Protocol):
    """What follows something on threads of its own, and says how it fares."""

    @property
    def is_alive(self) -> bool: ...
    def states(self) -> Mapping[tuple[str, str], SourceState]: ...


def watchers_live(*watching: Watches) -> Check:
    """Check that no thread of the watchers has ended."""
    ended = Finding(ok=False, says="a watcher has ended; the log says why")
    return lambda: Finding() if all(one.is_alive for one in watching) else ended


def not_waiting(outage: Outage, *, says: str) -> Check:
    """Check that something is not waited for; `says` what is the matter where it is."""
    return lambda: Finding() if outage.reason is None else Finding(ok=False, says=says)


def recording(recorder: Recorder) -> Check:
    """Check that the store takes what is recorded."""
    return not_waiting(recorder.outage, says="the store does not take it; the log says why")


def watchers_settled(*watching: Watches) -> Check:
    """Check that every resource was listed, or that it is known why not: a cluster without a resource, or one that
    forbids it, is watched as far as it can be."""

    def check() -> Finding:
        states = {place: state for one in watching for place, state in one.states().items()}
        told = [f"{resource} {namespace}: {state.lower()}" for (resource, namespace), state in states.items()]
        return Finding(ok=SourceState.SYNCING not in states.values(), says=", ".join(told))

    return check
