"""The store on a database: SQLAlchemy Core, one transaction a call. Implements `lineage.ports.LineageStore`."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DataError, SQLAlchemyError

from lineage.alerts import Alert, AlertKept, AlertMark, Span
from lineage.deadline import Deadline
from lineage.errors import FactsRefused, InvalidRequest, StoreError, WouldWait
from lineage.facts import Fact, RunSeen
from lineage.fingerprints import Fingerprint
from lineage.gathering import TO_FINGERPRINT, dossiers
from lineage.identity import Key, Location
from lineage.merge import standing
from lineage.metrics import PARAMETERS
from lineage.model import (
    Artifact,
    ArtifactLook,
    ArtifactRole,
    ArtifactUse,
    Circumstance,
    Closure,
    Completeness,
    Deployment,
    DeploymentRevision,
    Direction,
    Execution,
    Experiment,
    Gap,
    Impact,
    LineageGraph,
    LookDue,
    Metric,
    Node,
    Paths,
    Pipeline,
    PipelineVersion,
    PodSeen,
    RecurringEdit,
    RecurringRun,
    Rejected,
    Run,
    RunView,
    RunWithout,
    ServedArtifact,
    Slot,
    SourceStatus,
    TrendPoint,
    Turn,
    WorkflowIncarnation,
    is_system,
)
from lineage.observation import Observation
from lineage.ports import (
    EVERYTHING,
    AgedRun,
    ChangedPlaces,
    Changes,
    Details,
    Listener,
    Listing,
    Page,
    PageRequest,
    Scope,
    Tombstone,
    Where,
)
from lineage.store import (
    alerts,
    alike,
    describing,
    feed,
    fingerprints,
    forgetting,
    metrics,
    owned,
    paging,
    parts,
    queries,
    reads,
    retention,
    served,
    slots,
    tables,
    trends,
    values,
)
from lineage.store.bodies import Take, anything
from lineage.store.carried import tombstones
from lineage.store.circumstances import circumstances
from lineage.store.codec import Bodies
from lineage.store.completeness import completeness
from lineage.store.coverage import gaps_of
from lineage.store.dialect import Dialect
from lineage.store.dump import dump
from lineage.store.impact import impact, that_ran
from lineage.store.kept import observations
from lineage.store.locks import LocksMissing, Name, subjects_of
from lineage.store.looks import history, hurry, places_of, places_waiting, take_due
from lineage.store.namespaces import namespaces_of
from lineage.store.paths import paths
from lineage.store.prepared import begin
from lineage.store.readers import Readers, ReadersAtOnce
from lineage.store.revisions import refuse_moved, refuse_others, revision_of
from lineage.store.rolls import NO_STATES, LastRolls
from lineage.store.search import search
from lineage.store.sources import statuses
from lineage.store.texts import is_storable, storable, storable_fact
from lineage.store.walk import closure, veil_of, walk
from lineage.store.writes import apply, drop_rejected, move_position

T = TypeVar("T")

UNIQUE_VIOLATION: Final = "23505"  # the SQLSTATE of a row that is there already, of databases with many writers
OVERTAKINGS: Final = 10  # times that others may add first what a transaction was to add, before that is no chance


class _Overtaken(StoreError):
    """What was to be added is there already: another recorder was faster, or we are wrong."""


class SqlStore:
    """Everything that is known, in one database. Safe to use from several threads."""

    def __init__(self, engine: Engine, dialect: Dialect, metric_parameters: tuple[str, ...] = PARAMETERS) -> None:
        self._engine = engine
        self._dialect = dialect
        at_once = dialect.at_once(engine.url)
        self._at_once = None if at_once is None else ReadersAtOnce(at_once)
        self._readers: Readers | ReadersAtOnce = Readers(
            engine.execution_options(**dialect.reading), dialect.kept_readers(engine.url), self._at_once
        )
        self._limited = dialect.limited
        self._writers = engine.execution_options(**dialect.writing)
        self._driver = engine.dialect.loaded_dbapi  # whose errors come as they are from those who speak to it
        self._rolls = LastRolls()
        self._metric_parameters = metric_parameters
        self._deadline: Deadline | None = None
        self._take: Take = anything

    def within(self, deadline: Deadline) -> "SqlStore":
        within = SqlStore.__new__(SqlStore)  # a copy in a quarter of the time: every question is given one
        within.__dict__.update(self.__dict__, _deadline=deadline, _take=deadline.take)
        return within

    def at_once(self) -> "SqlStore | None":
        if self._at_once is None:
            return None
        self._at_once.expect()
        at_once = SqlStore.__new__(SqlStore)
        at_once.__dict__.update(self.__dict__, _readers=self._at_once, _limited=self._at_once.limited)
        return at_once

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        deadline, connection = self._deadline, None
        if deadline is not None:
            deadline.check()
        try:
            connection = self._readers.take()
            if deadline is None:
                yield connection
            else:
                with self._limited(connection, deadline):
                    yield connection
            self._readers.take_back(connection)
            connection = None
        except TimeoutError as error:
            if deadline is None:
                raise
            raise deadline.exceeded() from error
        except (DataError, self._driver.DataError) as error:
            raise InvalidRequest(f"nothing can be asked of the store by such a value: {_reason(error)}") from error
        except (SQLAlchemyError, self._driver.Error) as error:
            if self._readers.would_wait(error):
                raise WouldWait from error
            raise StoreError(f"{_where(self._engine)}: {_reason(error)}") from error
        finally:
            if connection is not None:
                self._readers.give_up(connection)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._writers.begin() as connection:
                refuse_moved(connection.connection.cursor(), self._dialect.name, store=_where(self._engine))
                yield connection
        except (SQLAlchemyError, self._driver.Error) as error:
            raise self._kind(error)(f"{_where(self._engine)}: {_reason(error)}") from error

    def _kind(self, error: Exception) -> type[StoreError]:
        """Say whether a database will refuse the same again: a value that it cannot hold, an entry beyond its limits
        (class 54 of the SQL states), or what a constraint forbids. All else is its own trouble."""
        cause = getattr(error, "orig", None) or error
        state = str(getattr(cause, "sqlstate", ""))
        if state == UNIQUE_VIOLATION:
            return _Overtaken
        refused = isinstance(cause, self._driver.DataError | self._driver.IntegrityError) or state.startswith("54")
        return FactsRefused if refused else StoreError

    def close(self) -> None:
        """Let go of the database."""
        self._readers.close()
        if self._at_once is not None:
            self._at_once.close()
        self._engine.dispose()

    def now(self) -> datetime:
        with self._reading() as connection:
            told: datetime = connection.execute(select(func.now())).scalar_one()
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told  # SQLite's is in UTC, and does not say so

    def check(self) -> None:
        with self._reading() as connection:
            refuse_others(revision_of(connection), store=_where(self._engine))

    # -- writing
    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        stands = standing(facts)
        chosen = [number for number, stand in enumerate(stands) if number == stand]
        bodies = Bodies()
        stated = [self._storable(facts[number], bodies) for number in chosen]
        needed = set() if self._dialect.writes_alone else subjects_of(stated)
        overtaken = 0
        while True:
            try:
                with self._writing() as connection:
                    if log is not None and position is not None:
                        move_position(connection.connection.cursor(), self._dialect, log, after, position)
                    done = apply(
                        connection,
                        self._dialect,
                        self._rolls,
                        self._metric_parameters,
                        needed,
                        stated,
                        bodies,
                        recorded_at,
                    )
                    feed.announce(connection, self._dialect, done.runs, done.also)
                break
            except LocksMissing as missing:
                needed |= missing.names
            except _Overtaken as error:
                overtaken += 1
                if overtaken > OVERTAKINGS:
                    raise FactsRefused(str(error)) from error
        news = dict(zip(chosen, done.added, strict=True))
        return tuple(news[stand] for stand in stands)

    def _storable(self, fact: Fact, bodies: Bodies) -> Fact:
        """Replace what no database can hold."""
        seen = self._rolls.last(fact.run, fact.revision.kind) if isinstance(fact, RunSeen) else NO_STATES
        return fact if is_storable(fact, bodies, seen) else storable_fact(fact)

    def position(self, log: str) -> str | None:
        table = tables.log_position
        with self._reading() as connection:
            return connection.scalar(select(table.c.position).where(table.c.log == log))

    def drop_rejected(self, keys: Sequence[Key]) -> int:
        with self._writing() as connection:
            return drop_rejected(connection, self._dialect, keys)

    def take_due_looks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[LookDue]:
        with self._writing() as connection:
            return take_due(connection, self._dialect, now=now, until=until, limit=limit)

    def places_waiting(self, uris: Collection[str], *, now: datetime) -> Sequence[LookDue]:
        with self._reading() as connection:
            return places_waiting(connection, self._dialect, [storable(uri) for uri in uris], now=now)

    def hurry(self, locations: Collection[Location], *, now: datetime) -> int:
        with self._writing() as connection:
            return hurry(connection, self._dialect, locations, now=now)

    def settle(self, *, limit: int) -> int:
        with self._reading() as connection:
            some = fingerprints.due(connection, limit=limit)
        for portion in fingerprints.portions(some):
            known = dossiers(self, EVERYTHING, [one.key for one in portion], TO_FINGERPRINT)
            found = {key: fingerprints.computed(one) for key, one in known.items()}
            self._print(portion, found)
        return len(some)

    def _print(self, portion: Sequence[fingerprints.Due], found: Mapping[Key, Mapping[Key, Fingerprint]]) -> None:
        """Write fingerprints; again where another who settles stood in the way."""
        for left in reversed(range(OVERTAKINGS)):
            with suppress(StoreError) if left else nullcontext(), self._writing() as connection:
                fingerprints.write(connection, self._dialect, portion, found)
                return

    # -- retention
    def plan_forgetting(self, rules: str, due_at: Callable[[str, datetime], datetime | None], *, limit: int) -> int:
        with self._writing() as connection:
            return retention.plan(connection, rules, due_at, limit=limit)

    def aged(self, *, now: datetime, limit: int, beyond: int = 0) -> Sequence[AgedRun]:
        with self._reading() as connection:
            return retention.aged(connection, now=now, limit=limit, beyond=beyond)

    def heirs(self, runs: Sequence[Key]) -> Mapping[Key, frozenset[Key]]:
        with self._reading() as connection:
            return retention.heirs(connection, self._dialect, runs)

    def judge_again(self, when: Mapping[Key, datetime | None]) -> None:
        with self._writing() as connection:
            retention.judge_again(connection, when)

    def weigh(self, runs: Sequence[Key]) -> Details:
        with self._reading() as connection:
            return forgetting.weigh(connection, self._dialect, runs)

    def forget(self, runs: Sequence[Key], *, now: datetime) -> Details:
        needed: set[Name] = set()
        while True:
            try:
                with self._writing() as connection:
                    return forgetting.forget(connection, self._dialect, self._metric_parameters, needed, runs, now)
            except LocksMissing as missing:
                needed |= missing.names

    def tombstones(self) -> Iterator[Tombstone]:
        with self._reading() as connection:
            begin(connection)
            yield from tombstones(connection)

    def take_over(self, tombstone: Tombstone) -> None:
        self.apply(tombstone.facts, recorded_at=tombstone.forgotten_at)
        self.forget([tombstone.run], now=tombstone.forgotten_at)
        with self._writing() as connection:
            fingerprints.take_over(connection, self._dialect, tombstone.run, tombstone.fingerprints)

    # -- the feed
    def feed_end(self) -> str:
        with self._reading() as connection:
            return feed.end(connection)

    def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
        with self._reading() as connection:
            return feed.changes(connection, scope, where, after=after, limit=limit)

    def changed_places(self, scope: Scope, *, after: str) -> ChangedPlaces:
        with self._reading() as connection:
            return feed.changed_places(connection, scope, after=after)

    def listener(self) -> Listener:
        return self._dialect.listener(self._engine)

    # -- alerts
    def ended(self, scope: Scope, *, since: datetime) -> Sequence[tuple[Key, datetime]]:
        with self._reading() as connection:
            return alerts.ended(connection, scope, since)

    def alert_marks(self, rules: Sequence[str]) -> Mapping[str, AlertMark]:
        with self._reading() as connection:
            return alerts.marks(connection, rules)

    def alerted(self, rule: str, series: str) -> Sequence[Span]:
        with self._reading() as connection:
            return alerts.alerted(connection, rule, series)

    def keep_alerts(self, found: Sequence[Alert], until: Mapping[str, datetime], *, now: datetime) -> tuple[bool, ...]:
        with self._writing() as connection:
            return alerts.keep(connection, found, until, now=now)

    def take_due_alerts(self, *, now: datetime, until: datetime, limit: int) -> Sequence[AlertKept]:
        with self._writing() as connection:
            return alerts.take_due(connection, self._dialect, now=now, until=until, limit=limit)

    def alert_tried(self, key: str, *, at: datetime, failure: str | None, next_try_at: datetime | None) -> None:
        with self._writing() as connection:
            alerts.tried(connection, key, at=at, failure=failure, next_try_at=next_try_at)

    def alerts(self, scope: Scope, page: PageRequest) -> Page[AlertKept]:
        return self._page(queries.alerts(scope), Listing(), page, alerts.read)

    # -- lists
    def runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Run]:
        return self._page(queries.runs(scope), listing, page, values.run)

    def executions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Execution]:
        return self._page(queries.executions(scope), listing, page, values.execution)

    def artifacts(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Artifact]:
        return self._page(queries.artifacts(scope), listing, page, values.artifact)

    def pipelines(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Pipeline]:
        return self._page(queries.pipelines(scope), listing, page, values.pipeline)

    def pipeline_versions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[PipelineVersion]:
        return self._page(queries.pipeline_versions(scope), listing, page, values.pipeline_version)

    def experiments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Experiment]:
        return self._page(queries.experiments(scope), listing, page, values.experiment)

    def recurring_runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[RecurringRun]:
        return self._page(queries.recurring_runs(scope), listing, page, values.recurring_run)

    def deployments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Deployment]:
        return self._page(queries.deployments(scope), listing, page, values.deployment)

    def rejected(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Rejected]:
        return self._page(queries.rejected(scope), listing, page, values.rejected)

    def search(self, scope: Scope, text: str, page: PageRequest) -> Page[Node]:
        with self._reading() as connection:
            return search(connection, scope, text, page, self._take)

    def count(self, scope: Scope, what: type, listing: Listing) -> int:
        with self._reading() as connection:
            return paging.count(connection, queries.QUERIES[what](scope), listing)

    def owned(
        self, scope: Scope, what: type[T], by: str, owners: Sequence[Key], listing: Listing, page: PageRequest
    ) -> Mapping[Key, Page[T]]:
        with self._reading() as connection:
            return owned.pages(connection, scope, what, by, owners, listing, page, values.READ[what], self._take)

    def count_owned(
        self, scope: Scope, what: type, by: str, owners: Sequence[Key], listing: Listing
    ) -> Mapping[Key, int]:
        with self._reading() as connection:
            return owned.counts(connection, scope, what, by, owners, listing)

    def _page(
        self, query: queries.Query, listing: Listing, request: PageRequest, read: Callable[[values.Columns], T]
    ) -> Page[T]:
        with self._reading() as connection:
            return paging.page(connection, query, listing, request, read, self._take)

    # -- by key
    def get(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Node]:
        with self._reading() as connection:
            found = reads.get(connection, scope, keys, self._take)
            for key in keys:
                if key[:1] == ("Hidden",) and (veil := veil_of(connection, scope, key)) is not None:
                    found[key] = veil
            return found

    def run_by_uid(self, scope: Scope, uid: str) -> Run | None:
        with self._reading() as connection:
            return reads.run_by_uid(connection, scope, uid)

    # -- parts
    def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
        with self._reading() as connection:
            return parts.views(connection, scope, runs, self._take)

    def workflows(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[WorkflowIncarnation, ...]]:
        with self._reading() as connection:
            return parts.workflows(connection, scope, runs, self._take)

    def completeness(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Completeness]:
        with self._reading() as connection:
            return completeness(connection, scope, runs, self._take)

    def raw(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Any]:
        with self._reading() as connection:
            return parts.raw(connection, scope, runs, self._take)

    def specs(self, scope: Scope, versions: Sequence[Key]) -> Mapping[Key, Any]:
        with self._reading() as connection:
            return parts.specs(connection, scope, versions, self._take)

    def pods(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[PodSeen, ...]]:
        with self._reading() as connection:
            return parts.pods(connection, scope, executions, self._take)

    def pod_objects(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        with self._reading() as connection:
            return parts.pod_objects(connection, scope, executions, self._take)

    def inputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]:
        with self._reading() as connection:
            return parts.uses(connection, scope, executions, (ArtifactRole.USED,))

    def outputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]:
        with self._reading() as connection:
            return parts.uses(connection, scope, executions, (ArtifactRole.GENERATED, ArtifactRole.REUSED))

    def turns(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Turn, ...]]:
        with self._reading() as connection:
            return parts.turns(connection, scope, executions, self._take)

    def best_trials(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Execution]:
        with self._reading() as connection:
            begin(connection)
            return parts.best_trials(connection, scope, runs, self._take)

    def depends_on(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Execution, ...]]:
        with self._reading() as connection:
            return parts.depends_on(connection, scope, executions, self._take)

    def preceding(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Key, ...]]:
        with self._reading() as connection:
            return parts.preceding(connection, scope, runs)

    def cached_from(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Execution]:
        with self._reading() as connection:
            return parts.cached_from(connection, scope, executions, self._take)

    def fingerprints(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Fingerprint]:
        with self._reading() as connection:
            return alike.fingerprints(connection, scope, keys)

    def alike(self, scope: Scope, keys: Sequence[Key], *, limit: int) -> Mapping[Key, tuple[Key, ...]]:
        with self._reading() as connection:
            begin(connection)
            return alike.alike(connection, scope, keys, limit=limit)

    def unlike(
        self, scope: Scope, *, pipeline: Key | None, after: str, limit: int
    ) -> Sequence[tuple[str, Sequence[Key]]]:
        with self._reading() as connection:
            begin(connection)
            return alike.unlike(connection, scope, pipeline=pipeline, after=after, limit=limit)

    def unsettled(self, scope: Scope) -> int:
        with self._reading() as connection:
            return fingerprints.count_due(connection, scope)

    def history(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, tuple[ArtifactLook, ...]]:
        with self._reading() as connection:
            return history(connection, scope, artifacts, self._take)

    def metrics_of_runs(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
        with self._reading() as connection:
            begin(connection)
            return metrics.metrics_of_runs(connection, scope, runs)

    def metrics_of_executions(
        self, scope: Scope, executions: Sequence[Key], *, built_in: bool = True
    ) -> Mapping[Key, tuple[Metric, ...]]:
        with self._reading() as connection:
            if not built_in:
                return metrics.recorded_of_executions(connection, scope, executions)
            begin(connection)
            return metrics.metrics_of_executions(connection, scope, executions, self._take)

    def metric_series(self, scope: Scope, executions: Sequence[Key], name: str) -> Mapping[Key, tuple[Metric, ...]]:
        with self._reading() as connection:
            begin(connection)
            return metrics.metric_series(connection, scope, executions, name, self._take)

    def metadata(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, Any]:
        with self._reading() as connection:
            begin(connection)
            return describing.metadata_of(connection, scope, artifacts, self._take)

    def metric_names(self, scope: Scope, where: Where | None) -> tuple[str, ...]:
        with self._reading() as connection:
            return metrics.metric_names(connection, scope, where)

    def trend_points(
        self,
        scope: Scope,
        metrics: Sequence[str],
        where: Where | None,
        *,
        task: str | None,
        last: int,
        parameters: bool = False,
    ) -> Mapping[str, tuple[TrendPoint, ...]]:
        with self._reading() as connection:
            begin(connection)
            return trends.points(connection, scope, metrics, where, task=task, last=last, parameters=parameters)

    def circumstances(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Mapping[Circumstance, str]]:
        with self._reading() as connection:
            begin(connection)
            return circumstances(connection, scope, runs)

    def runs_without(
        self, scope: Scope, metric: str, where: Where | None, *, task: str | None, since: datetime, limit: int
    ) -> tuple[RunWithout, ...]:
        with self._reading() as connection:
            return trends.without(connection, scope, metric, where, task=task, since=since, limit=limit)

    def places(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, LookDue]:
        with self._reading() as connection:
            return places_of(connection, self._dialect, scope, artifacts)

    def edits(self, scope: Scope, recurring_runs: Sequence[Key]) -> Mapping[Key, tuple[RecurringEdit, ...]]:
        with self._reading() as connection:
            return slots.edits(connection, scope, recurring_runs, self._take)

    def slots(
        self,
        scope: Scope,
        recurring_runs: Sequence[Key],
        *,
        since: datetime,
        until: datetime,
        now: datetime,
        page: PageRequest,
    ) -> Mapping[Key, Page[Slot]]:
        with self._reading() as connection:
            begin(connection)
            return slots.pages(connection, scope, recurring_runs, since=since, until=until, now=now, page=page)

    def count_slots(
        self, scope: Scope, recurring_runs: Sequence[Key], *, since: datetime, until: datetime
    ) -> Mapping[Key, int]:
        with self._reading() as connection:
            begin(connection)
            return slots.counts(connection, scope, recurring_runs, since=since, until=until)

    def revisions(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[DeploymentRevision, ...]]:
        with self._reading() as connection:
            return served.revisions(connection, scope, deployments, self._take)

    def served(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[ServedArtifact, ...]]:
        with self._reading() as connection:
            begin(connection)
            return served.served(connection, scope, deployments, self._take)

    # -- graphs and ledgers
    def lineage(
        self,
        scope: Scope,
        roots: Sequence[Key],
        *,
        direction: Direction,
        max_depth: int | None,
        max_nodes: int,
        system: bool = False,
    ) -> LineageGraph | None:
        with self._reading() as connection:
            begin(connection)
            known = reads.seen_ids(connection, scope, reads.root_keys(connection, roots, system=system))
            if not known:
                return None
            found = walk(connection, scope, known, direction=direction, max_depth=max_depth, max_nodes=max_nodes)
            keys = reads.keys_of(connection, found.depths)
            nodes = reads.nodes_of_keys(connection, scope, keys, self._take)
            plumbing = set() if system else {i for i, node in nodes.items() if is_system(node)} - known.keys()
            return found.without(plumbing).graph(keys, nodes)

    def paths(
        self,
        scope: Scope,
        sources: Sequence[Key],
        targets: Sequence[Key],
        *,
        max_nodes: int,
        system: bool = False,
    ) -> Paths | None:
        with self._reading() as connection:
            ends = [reads.root_keys(connection, keys, system=system) for keys in (sources, targets)]
            return paths(connection, scope, ends[0], ends[1], max_nodes=max_nodes, system=system, take=self._take)

    def impact(
        self,
        scope: Scope,
        roots: Sequence[Key],
        *,
        image: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        first: int,
    ) -> Impact | None:
        with self._reading() as connection:
            begin(connection)
            starts = reads.root_keys(connection, roots, system=False)
            starts += [] if image is None else that_ran(connection, storable(image))
            return impact(
                connection, self._dialect, scope, starts, since=since, until=until, first=first, take=self._take
            )

    def closure(self, scope: Scope, roots: Sequence[Key], *, direction: Direction, max_nodes: int) -> Closure | None:
        with self._reading() as connection:
            starts = reads.root_keys(connection, roots, system=False)
            several = scope.namespaces is not None or direction is Direction.BOTH
            if several:
                begin(connection)
            return closure(connection, scope, starts, direction=direction, max_nodes=max_nodes)

    def sources(self, scope: Scope) -> tuple[SourceStatus, ...]:
        with self._reading() as connection:
            return statuses(connection, scope)

    def gaps(self, scope: Scope, source: SourceStatus, page: PageRequest) -> Page[Gap]:
        with self._reading() as connection:
            return gaps_of(connection, source, page)

    def namespaces(self, cluster: str) -> frozenset[str]:
        with self._reading() as connection:
            return frozenset(connection.scalars(namespaces_of(storable(cluster))))

    def observations(self, *, seen_at: datetime) -> Iterator[Observation]:
        with self._reading() as connection:
            yield from observations(connection, seen_at=seen_at)

    def dump(self, scope: Scope) -> Iterator[Mapping[str, Any]]:
        with self._reading() as connection:
            yield from dump(connection, scope)


def _where(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
