"""What `lineage doctor` looks at: each part that the settings name, asked as the program itself would ask it.

A checkup changes nothing, waits for some seconds at most, and says what it found in a `Finding`, with what to do where
something is wrong.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from importlib import import_module
from time import monotonic
from typing import Any, Final

from lineage.access.reviews import ACCESS_REVIEWS, TOKEN_REVIEWS
from lineage.cli.alerting import directions_of
from lineage.cli.argo import archive_of, offloaded_nodes_of
from lineage.cli.event_logs import log_of
from lineage.cli.kubeflow import client_of, metadata_client_of, namespaces_asked
from lineage.cli.object_stores import object_stores_of, open_object_store
from lineage.cli.opening import is_embedded, open_existing, shown, store_file
from lineage.cli.rules import alerts_of, retention_of
from lineage.deadline import Deadline
from lineage.errors import (
    BucketAbsent,
    ClusterError,
    DeadlineExceeded,
    InvalidSettings,
    LineageError,
    ObjectAbsent,
    ObjectStoreError,
    ResourceAbsent,
    ResourceForbidden,
    SchemaOutdated,
    StoreError,
)
from lineage.model import Rejected, SourceState
from lineage.objectstore.configured import ConfiguredStore
from lineage.objectstore.minio import MinioStore
from lineage.ports import EVERYTHING, LineageStore, Listing, ObjectStore
from lineage.settings import FILE_VARIABLE, KEY_FILE, PREFIX, Settings, data_folder, settings_file
from lineage.store import pending_migrations, steps_begun
from watchers.answers import EXPERIMENTS
from watchers.kube import Kube, connect
from watchers.kubeflow_api import KubeflowApi
from watchers.source import Resource
from watchers.sources import watched_sources

SECONDS: Final = 5.0  # for an answer
OBJECT_SKEW_SECONDS: Final = 3.0  # what is merged allows two, and such clocks tell whole seconds
SKEW_SECONDS: Final = 5.0  # by which clocks may differ before anybody is told
LITTLE_ROOM: Final = 2**30  # bytes of a disk
OWN_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
NOBODYS_KEY: Final = "kfp-lineage/doctor"  # of an object that nobody writes
NOBODYS_BUCKET: Final = "kfp-lineage-doctor"


class State(StrEnum):
    """PROBLEM: it does not work. WARNING: it does, and something about it may surprise. UNUSED: nothing asks for it."""

    OK = "OK"
    WARNING = "WARNING"
    PROBLEM = "PROBLEM"
    UNUSED = "UNUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of a part, and what to do about it."""

    part: str
    state: State = State.OK
    says: str
    remedy: str | None = None


def checkups(settings: Settings) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    """The checkups, each with what it looks at, in the order in which parts depend on one another."""
    yield "settings", _settings
    yield "redaction key", partial(_redaction_key, settings)
    yield "store", partial(_store, settings)
    yield "log", partial(_log, settings)
    yield "cluster", partial(_cluster, settings)
    yield "access", partial(_access, settings)
    yield "object stores", partial(_object_stores, settings)
    yield "Kubeflow's API", partial(_kubeflow, settings)
    yield "Kubeflow's records", partial(_records, settings)
    yield "Argo's archive", partial(_archive, settings)
    yield "offloaded nodes", partial(_offloaded_nodes, settings)
    yield "rules", partial(_rules, settings)
    yield "retention", partial(_retention, settings)


def looked_at(part: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Do a checkup. What it did not expect to go wrong is a problem of its part."""
    try:
        yield from look()
    except LineageError as error:
        yield Finding(part=part, state=State.PROBLEM, says=str(error))


# ------------------------------------------------------------------------------------------ this machine
def _settings() -> Iterator[Finding]:
    file = settings_file()
    yield Finding(part="settings", says=f"read from {file}" if file.is_file() else f"there is no file {file}")
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {FILE_VARIABLE}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            yield Finding(
                part="settings",
                state=State.WARNING,
                says=f"the variable {name} is set, and there is no such setting",
                remedy="correct its name, or unset it",
            )


def _redaction_key(settings: Settings) -> Iterator[Finding]:
    part, file = "redaction key", data_folder() / KEY_FILE
    if settings.redaction_key is not None:
        yield Finding(part=part, says="given by the settings: whatever records into this store needs the same")
        return
    if not file.exists():
        yield Finding(part=part, state=State.UNUSED, says=f"none yet; {file} is made when it is needed")
        return
    others = stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    if others:
        remedy = f"chmod 600 {file}"
        yield Finding(part=part, state=State.WARNING, says=f"others may read {file}", remedy=remedy)
        return
    yield Finding(part=part, says=f"in {file}, for its owner alone")


# ------------------------------------------------------------------------------------------ the store
def _store(settings: Settings) -> Iterator[Finding]:
    part, name = "store", shown(settings.store)
    try:
        store = open_existing(settings.store)
    except SchemaOutdated as error:
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=_to_fit(settings.store))
        yield from _upgrade(settings.store)
        return
    except (StoreError, InvalidSettings) as error:
        first = is_embedded(settings.store) and (file := store_file(settings.store)) is not None and not file.exists()
        state = State.UNUSED if first else State.PROBLEM
        remedy = None if first else "see that its server runs, and that the URL of the setting `store` is right"
        yield Finding(part=part, state=state, says=str(error), remedy=remedy)
        return
    began = monotonic()
    within = store.within(Deadline(SECONDS))
    try:
        within.check()
        theirs = within.now()
    except DeadlineExceeded:
        yield Finding(part=part, state=State.PROBLEM, says=f"{name} did not answer within {SECONDS:g} s")
        return
    yield Finding(part=part, says=f"{name} is of this release, and answers in {(monotonic() - began) * 1000:.0f} ms")
    yield from _upgrade(settings.store)
    yield from _clock(part, theirs)
    yield from _room(settings)
    yield from _sources(within)


def _to_fit(url: str) -> str:
    """What makes a store and a release fit each other."""
    try:
        pending_migrations(url)
    except SchemaOutdated:
        return "use the release that has migrated it, or a later one"
    return "lineage migrate"


def _upgrade(url: str) -> Iterator[Finding]:
    taken = steps_begun(url)
    if taken is not None:
        says = f"an upgrade is under way, or was interrupted: {taken} steps of it are taken"
        yield Finding(part="store", state=State.WARNING, says=says, remedy="lineage migrate, which goes on with it")


def _clock(part: str, theirs: datetime) -> Iterator[Finding]:
    apart = (theirs - datetime.now(UTC)).total_seconds()
    if abs(apart) > SKEW_SECONDS:
        yield Finding(
            part=part,
            state=State.WARNING,
            says=f"its clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} that of this machine",
            remedy="let both follow a time server: lags, schedules and tokens are judged by clocks",
        )


def _room(settings: Settings) -> Iterator[Finding]:
    if (file := store_file(settings.store)) is None:
        return
    free = shutil.disk_usage(file.parent).free
    if free < LITTLE_ROOM:
        yield Finding(
            part="store",
            state=State.WARNING,
            says=f"its disk has {free / 2**20:,.0f} MiB left",
            remedy="make room: a store that is full records nothing more, and says so",
        )
    if not os.access(file, os.W_OK):
        yield Finding(
            part="store", state=State.WARNING, says=f"{file} may only be read", remedy=f"chown or chmod u+w {file}"
        )


def _sources(store: LineageStore) -> Iterator[Finding]:
    """What watchers said of themselves last, where that is no good."""
    for one in store.sources(EVERYTHING):
        if one.state in (SourceState.FORBIDDEN, SourceState.WAITING):
            yield Finding(
                part="store",
                state=State.WARNING,
                says=f"{one.name} of {one.cluster} is {one.state.value}: {one.message or 'nobody says why'}",
                remedy="see `cluster` below; `lineage query ingestion` tells what was missed",
            )
    if rejected := store.count(EVERYTHING, Rejected, Listing()):
        yield Finding(
            part="store",
            state=State.WARNING,
            says=f"{rejected:,} objects could not be recorded",
            remedy="lineage rejected",
        )


# ------------------------------------------------------------------------------------------ the log
def _log(settings: Settings) -> Iterator[Finding]:
    if settings.log is None:
        yield Finding(part="log", state=State.UNUSED, says="within one process: no topic of Kafka is named")
        return
    inspect: Any = import_module("lineage.eventlog.kafka").inspect
    access = log_of(settings)
    found, warnings = inspect(access)
    if found is None:
        says = f"there is no {access.shown} yet: whoever writes to it first makes it, where that is allowed"
        yield Finding(part="log", state=State.WARNING, says=says)
        return
    yield Finding(part="log", says=f"{access.shown} has {found} partitions")
    for warning in warnings:
        yield Finding(part="log", state=State.WARNING, says=warning)


# ------------------------------------------------------------------------------------------ the cluster
def _cluster(settings: Settings) -> Iterator[Finding]:
    part = "cluster"
    try:
        kube = connect(context=settings.context, connect_timeout_seconds=SECONDS, silence_seconds=SECONDS)
    except InvalidSettings as error:
        says = f"{error}: nothing can be watched, and whoever records from files needs none"
        yield Finding(
            part=part, state=State.UNUSED, says=says, remedy="KUBECONFIG names the file that says where it is"
        )
        return
    try:
        theirs = kube.clock()
    except ResourceForbidden:
        theirs = None  # it is there, and keeps even its release to itself
    except ClusterError as error:
        remedy = "see that it runs, and that its address and certificate in the kubeconfig are right"
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=remedy)
        return
    yield Finding(part=part, says=f"{kube.url} answers; it is recorded as the cluster {settings.cluster}")
    if theirs is not None:
        yield from _clock(part, theirs)
    absent: list[str] = []
    for source in watched_sources():
        for namespace in settings.namespaces or (None,):
            yield from _watched(kube, source.resource, namespace, absent)
    if absent:
        yield Finding(part=part, state=State.UNUSED, says=f"not installed there: {', '.join(dict.fromkeys(absent))}")


def _watched(kube: Kube, resource: Resource, namespace: str | None, absent: list[str]) -> Iterator[Finding]:
    """Whether a resource may be listed and watched; what is not installed is added to `absent`."""
    where = "in all namespaces" if namespace is None else f"in {namespace}"
    try:
        kube.get(resource.path(namespace), {"limit": "1"})
    except ResourceAbsent:
        absent.append(resource.plural)
        return
    except ResourceForbidden as error:
        yield _forbidden(f"{resource.plural} {where} may not be listed ({error})")
        return
    attributes = {"group": resource.group, "resource": resource.plural, "verb": "watch", "namespace": namespace or ""}
    if not _may(kube, attributes):
        yield _forbidden(f"{resource.plural} {where} may be listed, and not watched")
        return
    yield Finding(part="cluster", says=f"{resource.plural} {where} may be watched")


def _forbidden(says: str) -> Finding:
    remedy = "grant get, list and watch as deploy/base/rbac.yaml does, or for single namespaces deploy/optional"
    return Finding(part="cluster", state=State.PROBLEM, says=says, remedy=remedy)


def _may(kube: Kube, attributes: dict[str, str]) -> bool:
    """Ask whether we may do something ourselves: whoever has a name may ask that."""
    asked = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    status = kube.review(OWN_REVIEWS, asked).get("status")
    return isinstance(status, dict) and status.get("allowed") is True


# ------------------------------------------------------------------------------------------ access
def _access(settings: Settings) -> Iterator[Finding]:
    part, ways = "access", [way for way in settings.access if way != "none"]
    if not ways:
        open_to = "whoever reaches a server sees everything" if settings.access else "this machine alone is served"
        yield Finding(part=part, state=State.UNUSED, says=f"nobody is asked for a name: {open_to}")
        return
    reviews = {"tokenreviews": TOKEN_REVIEWS} if "kubernetes" in ways else {}
    if settings.access_rights == "kubernetes":
        reviews["subjectaccessreviews"] = ACCESS_REVIEWS
    kube = (
        connect(context=settings.context, connect_timeout_seconds=SECONDS, silence_seconds=SECONDS) if reviews else None
    )
    for resource, path in reviews.items():
        group = path.split("/")[2]
        if kube is not None and _may(kube, {"group": group, "resource": resource, "verb": "create", "namespace": ""}):
            yield Finding(part=part, says=f"the cluster answers {resource}")
        else:
            remedy = "grant `create` on it, as deploy/optional/access/role.yaml does: until then nobody is let in"
            yield Finding(part=part, state=State.PROBLEM, says=f"{resource} may not be made", remedy=remedy)
    if "oidc" in ways and settings.oidc_issuer is not None:
        provider = import_module("lineage.access.provider")
        count = provider.count_keys(settings.oidc_issuer, provider.fetching(settings.oidc_ca_file))
        state = State.OK if count else State.PROBLEM
        yield Finding(
            part=part, state=state, says=f"{settings.oidc_issuer} publishes {count} keys that tokens are checked with"
        )
    if "proxy" in ways:
        at = ", ".join(map(str, settings.proxies))
        yield Finding(part=part, says=f"the header {settings.user_header} is believed of {at}, and of nobody else")


# ------------------------------------------------------------------------------------------ what else is asked
def _object_stores(settings: Settings) -> Iterator[Finding]:
    part, stores = "object stores", object_stores_of(settings)
    if not stores:
        yield Finding(part=part, state=State.UNUSED, says="none is named: artifacts are recorded, and not looked at")
    for one in stores:
        with closing(open_object_store(one, one.bucket or NOBODYS_BUCKET)) as opened:
            yield from _object_store(one, opened)
            if isinstance(opened, MinioStore):
                yield from _clock_of_objects(opened, one.shown)


def _object_store(store: ConfiguredStore, opened: ObjectStore) -> Iterator[Finding]:
    part, bucket = "object stores", store.bucket or NOBODYS_BUCKET
    try:
        opened.stat(NOBODYS_KEY)
    except ObjectAbsent:
        yield Finding(part=part, says=f"{store.shown} lets us look at {bucket}")
    except BucketAbsent as error:
        if store.bucket is None:
            yield Finding(part=part, says=f"{store.shown} answers; no bucket of it is named")
        else:
            yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy="correct the name of the bucket")
    except LineageError as error:
        remedy = "correct its endpoint or its keys in `object_stores`"
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=remedy)
    else:
        yield Finding(part=part, says=f"{store.shown} lets us look at {bucket}")


def _clock_of_objects(store: MinioStore, name: str) -> Iterator[Finding]:
    """When an object was written is told by the clock of its store, and when its step ran by that of the cluster."""
    with suppress(ObjectStoreError):  # which is told already
        theirs = store.clock()
        apart = 0.0 if theirs is None else (theirs - datetime.now(UTC)).total_seconds()
        if abs(apart) > OBJECT_SKEW_SECONDS:
            yield Finding(
                part="object stores",
                state=State.WARNING,
                says=f"the clock of {name} is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} that of this "
                "machine",
                remedy="let it and the cluster follow a time server: by these times it is known which step wrote what",
            )


def _kubeflow(settings: Settings) -> Iterator[Finding]:
    part = "Kubeflow's API"
    if settings.kfp_api is None:
        yield Finding(part=part, state=State.UNUSED, says="no address is named (kfp_api)")
        return
    client = client_of(settings)
    try:
        for namespace in namespaces_asked(settings) or (None,):
            next(KubeflowApi(client).pages(EXPERIMENTS, namespace), None)
            where = "" if namespace is None else f" in {namespace}"
            yield Finding(part=part, says=f"{settings.kfp_api} tells of what there is{where}")
    except ClusterError as error:
        remedy = "see that it is reached from here, that kfp_token is one it knows, and that kfp_namespaces are right"
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=remedy)
    finally:
        client.close()


def _records(settings: Settings) -> Iterator[Finding]:
    part = "Kubeflow's records"
    if settings.kfp_metadata is None:
        yield Finding(part=part, state=State.UNUSED, says="no address is named (kfp_metadata)")
        return
    client = metadata_client_of(settings)
    try:
        client.call("GetContextByTypeAndName", {"type_name": NOBODYS_BUCKET, "context_name": NOBODYS_KEY})
        yield Finding(part=part, says=f"{settings.kfp_metadata} answers")
    except ClusterError as error:
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy="see that it is reached from here")
    finally:
        client.close()


def _archive(settings: Settings) -> Iterator[Finding]:
    part = "Argo's archive"
    if settings.argo_archive is None:
        yield Finding(part=part, state=State.UNUSED, says="no address is named (argo_archive)")
        return
    archive = archive_of(settings)
    try:
        for namespace in namespaces_asked(settings) or (None,):
            where = "" if namespace is None else f" in {namespace}"
            if archive.page(namespace, None, None).entries:
                yield Finding(part=part, says=f"{archive.shown} tells of workflows{where}")
                continue
            remedy = "see that persistence.archive is true, and in a database that argo_cluster is what Argo calls it"
            says = f"{archive.shown} keeps no workflows{where}"
            yield Finding(part=part, state=State.WARNING, says=says, remedy=remedy)
    except ClusterError as error:
        remedy = "see that it is reached from here, and that who asks may read it"
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=remedy)
    finally:
        archive.close()


def _offloaded_nodes(settings: Settings) -> Iterator[Finding]:
    part, offloaded = "offloaded nodes", offloaded_nodes_of(settings)
    if offloaded is None:
        yield Finding(part=part, state=State.UNUSED, says="no database is named (argo_database)")
        return
    try:
        offloaded.nodes(NOBODYS_KEY, NOBODYS_KEY)
        yield Finding(part=part, says=f"{settings.argo_nodes_table} of {offloaded.shown} may be read")
    except ClusterError as error:
        remedy = "see that it is reached from here, and that argo_nodes_table is what Argo calls it"
        yield Finding(part=part, state=State.PROBLEM, says=str(error), remedy=remedy)
    finally:
        offloaded.close()


def _retention(settings: Settings) -> Iterator[Finding]:
    part, retention = "retention", retention_of(settings)
    if retention is None:
        yield Finding(part=part, state=State.UNUSED, says="no file is named (retention_rules): everything is kept")
        return
    yield Finding(part=part, says=f"{len(retention.rules)} rules in {settings.retention_rules}")


def _rules(settings: Settings) -> Iterator[Finding]:
    part, rules = "rules", alerts_of(settings)
    directions_of(settings)
    if rules is None:
        yield Finding(part=part, state=State.UNUSED, says="no file is named (alert_rules)")
        return
    yield Finding(part=part, says=f"{len(rules.rules)} rules in {settings.alert_rules}")
