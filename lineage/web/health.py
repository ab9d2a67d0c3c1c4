"""What a process says of itself to those who run it: `/healthz`, `/readyz`, `/metrics`.

`routes` stand beside the pages of a server; `health_application` is all there is on the port of a process that
serves nothing else. No login: nothing that is answered here comes from an object, or names a host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded, SchemaOutdated, StoreError
from lineage.outage import Outage
from lineage.ports import LineageStore
from lineage.web.metrics import MEDIA_TYPE, Metrics

STORE_SECONDS: Final = 5.0  # for the store to answer one small question


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a part fares, in a few words."""

    ok: bool = True
    says: str = "ok"


Check: TypeAlias = Callable[[], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is asked of a process.

    `alive`: parts without which it should be ended and started again; these checks must not wait for anything.
    `ready`: what it needs to do its work; these may take some seconds.
    """

    alive: Mapping[str, Check] = field(default_factory=dict)
    ready: Mapping[str, Check] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)


def store_answers(store: LineageStore) -> Check:
    """Check that a store can be read and is of this release."""
    outage = Outage(begins="store cannot be read", ends="store can be read again")

    def check() -> Finding:
        try:
            store.within(Deadline(STORE_SECONDS)).check()
        except (StoreError, DeadlineExceeded) as error:
            outage.goes_on(str(error))
            is_other = isinstance(error, SchemaOutdated)
            return Finding(ok=False, says="of another release" if is_other else "cannot be read; the log says why")
        outage.is_over()
        return Finding()

    return check


def routes(health: Health) -> list[BaseRoute]:
    """Make the three routes."""

    async def healthz(_: Request) -> Response:
        # On the loop itself: threads may all be taken by questions, which is no reason to end the process.
        return _answer(_findings(health.alive))

    async def readyz(_: Request) -> Response:
        return _answer(await run_in_threadpool(_findings, health.ready))

    async def metrics(_: Request) -> Response:
        # Some are read from the store, so on a thread.
        text = await run_in_threadpool(health.metrics.exposition)
        return Response(text, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def health_application(health: Health) -> Starlette:
    """Make the application of a process that serves nothing else."""
    return Starlette(routes=routes(health))


def _findings(checks: Mapping[str, Check]) -> Mapping[str, Finding]:
    return {name: check() for name, check in tuple(checks.items())}  # while a process starts, more are added


def _answer(findings: Mapping[str, Finding]) -> Response:
    ok = all(found.ok for found in findings.values())
    body = {"status": "ok" if ok else "failing", "checks": {name: found.says for name, found in findings.items()}}
    return JSONResponse(body, 200 if ok else 503, headers={"Cache-Control": "no-store"})
