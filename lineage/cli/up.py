"""`lineage up`: watch, record and serve in one process, a cluster or the demo."""

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated, Any, Final

import structlog
import typer
import uvicorn

from lineage.cli.alerting import alerter_of
from lineage.cli.argo import hydrating
from lineage.cli.flags import (
    AccessFlag,
    ArgoUrlFlag,
    ClusterFlag,
    ContextFlag,
    HostFlag,
    KfpFlag,
    KfpMetadataFlag,
    KubeflowUrlFlag,
    LogFormatFlag,
    NamespaceFlag,
    PortFlag,
    StoreFlag,
)
from lineage.cli.health import recording, watchers_live, watchers_settled
from lineage.cli.kubeflow import asked, pollings
from lineage.cli.object_events import hurried_by_events
from lineage.cli.object_stores import looker
from lineage.cli.opening import open_to_record, shown
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.rules import alerts_of, retention_of
from lineage.cli.serve import announce, serving
from lineage.cli.servers import listen, make_server, serve_until_stopped
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail
from lineage.errors import InvalidSettings, StoreError
from lineage.eventlog.memory import MemoryLog
from lineage.forgetting import Forgetter
from lineage.ports import LineageStore
from lineage.prober import Prober
from lineage.recorder import Recorder
from lineage.redaction import Redactor
from lineage.settings import KEY_BYTES, Settings, load_settings, redaction_key
from lineage.web import Health, Metrics
from watchers.demo import demo_server
from watchers.kube import Kube, connect
from watchers.polling import Polling
from watchers.run import Watching
from watchers.sources import all_sources, watched_sources

DEMO_CLUSTER: Final = "demo"
STOPPING_SECONDS: Final = 10.0  # how long a database may fail once the end was asked for
BUSY_ENTRIES: Final = 100  # observations that wait to be recorded: looks wait for these
DRAIN_SECONDS: Final = 30.0  # for the recorder to record what is left when the end is asked for

log = structlog.get_logger(__name__)


def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Follow recorded workflows instead of a cluster.")] = False,
    store: StoreFlag = None,
    namespace: NamespaceFlag = None,
    port: PortFlag = None,
    host: HostFlag = None,
    access: AccessFlag = None,
    cluster: ClusterFlag = None,
    context: ContextFlag = None,
    kfp: KfpFlag = None,
    kfp_metadata: KfpMetadataFlag = None,
    kubeflow_url: KubeflowUrlFlag = None,
    argo_url: ArgoUrlFlag = None,
    log_format: LogFormatFlag = None,
    speed: Annotated[
        float | None, typer.Option("--speed", metavar="N", min=0.001, help="Tell the demo at N times its pace.")
    ] = None,
) -> None:
    """Watch, record and serve, in one process.

    Needs get, list and watch on workflows and pods, and nothing else; changes nothing in the cluster. The store
    is made, or brought up to date, where need be. The demo has its own store, which is removed when it ends.

    ```
    lineage up --demo
    lineage up --namespace team-a --namespace team-b
    lineage up --context staging --cluster staging --store sqlite:///staging.db
    ```
    """
    flags: dict[str, Any] = {"store": store, "namespaces": namespace or None, "port": port, "host": host}
    flags |= {"access": access, "log_format": log_format, "kfp_api": kfp, "kfp_metadata": kfp_metadata}
    flags |= {"kubeflow_url": kubeflow_url, "argo_url": argo_url}
    if speed is not None and not demo:
        fail("--speed is for the demo: add --demo", code=USAGE)
    if context is not None and demo:
        fail("the demo needs no cluster: give either --demo or --context", code=USAGE)
    told: dict[str, str] = {}
    with ExitStack() as stack:
        if demo:
            folder = stack.enter_context(_own_folder())
            objects = folder / "objects"
            flags |= {"cluster": cluster or DEMO_CLUSTER, "object_stores": [{"folder": objects}]}
            settings, key = _demo_settings(flags, folder)
            configure_logs(logging.INFO, settings.log_format)
            file = _write_settings(folder, settings.store, objects)
            told = {"settings": f"LINEAGE_CONFIG={file}"}
            kube = connect(url=stack.enter_context(demo_server(folder=objects, speed=speed)).url)
        else:
            settings = load_settings(flags | {"cluster": cluster, "context": context})
            configure_logs(logging.INFO, settings.log_format)
            key = redaction_key(settings)
            kube = _cluster(settings.context)
        _run(settings, kube, Redactor(key), told)


def _cluster(context: str | None) -> Kube:
    try:
        return connect(context=context)
    except InvalidSettings as error:
        hint = "KUBECONFIG names the file that has it, else it is ~/.kube/config; `lineage up --demo` needs no cluster"
        raise InvalidSettings(f"{error} ({hint})") from error


@contextmanager
def _own_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="kfp-lineage-demo-") as folder:
        yield Path(folder)


def _demo_settings(flags: dict[str, Any], folder: Path) -> tuple[Settings, bytes]:
    """Set up the demo: with a store in a folder of its own it leaves nothing behind, not even a key."""
    if flags["store"] is not None:
        settings = load_settings(flags)
        return settings, redaction_key(settings)
    return load_settings(flags | {"store": f"sqlite:///{folder / 'lineage.db'}"}), secrets.token_bytes(KEY_BYTES)


def _write_settings(folder: Path, store: str, objects: Path) -> Path:
    """Write the settings with which other commands ask the store of the demo, and read its objects."""
    file = folder / "config.toml"
    # What JSON writes of a text, TOML reads.
    file.write_text(f"store = {json.dumps(store)}\n[[object_stores]]\nfolder = {json.dumps(str(objects))}\n")
    return file


# ------------------------------------------------------------------------------------------ one process
def _run(settings: Settings, kube: Kube, redactor: Redactor, told: Mapping[str, str]) -> None:
    """Run every part until a signal: served first, watched last; ended in the other direction. `told` is said of it,
    too."""
    events = MemoryLog(instance_name("up"))
    with listen(settings.host, settings.port) as listener, hydrating(settings) as hydrated:
        store = open_to_record(settings)
        metrics = Metrics()
        recorder = Recorder(
            events,
            store,
            interpreter(all_sources()),
            key_ids=[redactor.key_id],
            clock=now,
            on_batch=metrics.recorder(),
        )
        count = metrics.watchers()
        watching = Watching(
            transport=kube,
            sources=watched_sources(),
            namespaces=settings.namespaces or None,
            events=events,
            cluster=settings.cluster,
            redactor=redactor,
            clock=now,
            on_append=count,
            completed=hydrated,
        )
        following: tuple[Watching | Polling, ...] = (watching, *pollings(settings, events, redactor, count))
        metrics.log_entries(events.__len__)
        metrics.waiting({"store": recorder.outage})
        health = Health(
            alive={"watchers": watchers_live(*following)},
            ready={"recording": recording(recorder), "watchers": watchers_settled(*following)},
            metrics=metrics,
        )
        server = make_server(serving(settings, store, listener, health=health))
        watched = f"{kube.url}, {' and '.join(source.resource.plural for source in watched_sources())}"
        announce(
            listener,
            settings.host,
            shown(settings.store),
            form=settings.log_format,
            access=settings.access,
            more={"watching": watched, **asked(settings), **told},
        )
        with ExitStack() as beside:
            beside.enter_context(_recording(recorder, server))
            beside.enter_context(_probing(settings, store, events, server))
            beside.enter_context(_alerting(settings, store, server))
            beside.enter_context(_forgetting(settings, store, server))
            beside.enter_context(hurried_by_events(settings, store, metrics))

            def begin() -> None:
                for one in following:
                    one.start()

            try:
                serve_until_stopped(server, listener, begin=begin)
            finally:
                for one in following:
                    one.stop()


@contextmanager
def _probing(settings: Settings, store: LineageStore, events: MemoryLog, server: uvicorn.Server) -> Iterator[None]:
    """Look at objects beside the server, where the settings say in which stores. What was watched goes first."""
    if not settings.object_stores:
        yield
        return
    prober = Prober(store, looker(settings), events, clock=now, should_wait=lambda: len(events) > BUSY_ENTRIES)
    with _beside("prober", server, prober.run) as thread:
        yield
    if thread.is_alive():
        log.warning("an object store did not answer before the end; what was not looked at is looked at next time")


@contextmanager
def _alerting(settings: Settings, store: LineageStore, server: uvicorn.Server) -> Iterator[None]:
    """Follow rules beside the server, where the settings name any."""
    rules = alerts_of(settings)
    if rules is None:
        yield
        return
    with _beside("alerter", server, alerter_of(settings, store, rules).run) as thread:
        yield
    if thread.is_alive():
        log.warning("the webhook did not answer before the end; what was not sent is sent next time")


@contextmanager
def _forgetting(settings: Settings, store: LineageStore, server: uvicorn.Server) -> Iterator[None]:
    """Forget the details of old runs beside the server, where the settings name rules for it."""
    retention = retention_of(settings)
    if retention is None:
        yield
        return
    with _beside("forgetter", server, Forgetter(store, retention, clock=now).run) as thread:
        yield
    if thread.is_alive():
        log.warning("the store did not answer before the end; what was not forgotten is forgotten next time")


@contextmanager
def _recording(recorder: Recorder, server: uvicorn.Server) -> Iterator[None]:
    """Record beside the server, and afterwards what is left. A recorder that fails ends the server."""

    def record(stop: Event) -> None:
        recorder.run(stop)
        recorder.drain(give_up_seconds=STOPPING_SECONDS)

    with _beside("recorder", server, record) as thread:
        yield
    if thread.is_alive():
        raise StoreError(
            f"the store did not take what was left within {DRAIN_SECONDS:.0f} s; it is seen again next time"
        )
    log.info("stopped, everything seen is recorded")


@contextmanager
def _beside(name: str, server: uvicorn.Server, run: Callable[[Event], None]) -> Iterator[Thread]:
    """Run something until the end, which is awaited for a while. If it fails, the server ends, and so does this."""
    stop = Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run(stop)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            failures.append(error)
            server.should_exit = True

    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(DRAIN_SECONDS)
    if failures:
        raise failures[0]
