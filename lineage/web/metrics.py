"""Metrics of a process, in the form of Prometheus.

The only file that knows Prometheus. Those who have something to tell are handed a callback, or asked for a value at
each scrape; what a process does not do, it does not export. Labels are few: sources, clusters, outcomes; never a
namespace, a run or a path.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from time import time
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as MEDIA_TYPE
from prometheus_client.registry import Collector

from lineage.errors import LineageError
from lineage.model import SourceState, SourceStatus
from lineage.observation import InputUnreadable, ObjectDeleted, ObjectSeen, Observation
from lineage.outage import Outage
from lineage.recorder import Outcome

__all__ = ["MEDIA_TYPE", "Metrics", "OnAnswer", "OnRequest"]

BATCH_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

OnRequest: TypeAlias = Callable[[str, int, float], None]
"""Told of each request: which page, the status of the answer, how many seconds it took."""
OnAnswer: TypeAlias = Callable[[str], None]
"""Told what became of each question in GraphQL: OK, or the code of its first error."""


class Metrics:
    """What a process exports. Each method adds what one of its parts has to tell; call it once."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

    def exposition(self) -> bytes:
        """Write everything down, in the form that every scraper reads (`MEDIA_TYPE`)."""
        return generate_latest(self._registry)

    # -- callbacks
    def watchers(self) -> Callable[[Observation], None]:
        """Count what watchers hand to the log."""
        seen = Counter(
            "lineage_objects_seen_total",
            "Objects that watchers handed to the log.",
            ["source"],
            registry=self._registry,
        )

        def note(observation: Observation) -> None:
            if isinstance(observation, ObjectSeen | ObjectDeleted | InputUnreadable):
                seen.labels(observation.source).inc()

        return note

    def recorder(self) -> Callable[[Outcome], None]:
        """Count what becomes of objects in the store, and how long that takes."""
        objects = Counter(
            "lineage_objects_recorded_total",
            "Objects that came to the store, by what became of them.",
            ["outcome"],
            registry=self._registry,
        )
        fates = {name: objects.labels(name) for name in ("recorded", "unchanged", "ignored", "rejected")}
        seconds = Histogram(
            "lineage_batch_seconds",
            "How long a batch took to be stored.",
            buckets=BATCH_BUCKETS,
            registry=self._registry,
        )
        last = Gauge("lineage_last_batch_timestamp_seconds", "When the last batch was stored.", registry=self._registry)

        def note(outcome: Outcome) -> None:
            for name, fate in fates.items():
                fate.inc(getattr(outcome, name))
            seconds.observe(outcome.seconds)
            last.set(time())

        return note

    def requests(self) -> tuple[OnRequest, OnAnswer]:
        """Count what is asked over HTTP, and how long answers take."""
        requests = Counter(
            "lineage_http_requests_total", "Requests, by page and status.", ["page", "status"], registry=self._registry
        )
        seconds = Histogram(
            "lineage_http_request_seconds",
            "How long an answer took.",
            ["page"],
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        answers = Counter(
            "lineage_graphql_answers_total",
            "Questions in GraphQL: OK, or the code of the first error.",
            ["outcome"],
            registry=self._registry,
        )

        # Found once: of pages, statuses and outcomes there are few.
        of_page, of_kind, of_outcome = cache(seconds.labels), cache(requests.labels), cache(answers.labels)

        def note(page: str, status: int, took_seconds: float) -> None:
            of_kind(page, f"{status // 100}xx").inc()
            of_page(page).observe(took_seconds)

        return note, lambda outcome: of_outcome(outcome).inc()

    def object_events(self) -> tuple[Callable[[], None], Callable[[int], None]]:
        """Count what object stores tell of their own accord, and the looks that are hurried by it."""
        told = Counter(
            "lineage_object_events_total",
            "Changes that object stores told of their own accord.",
            registry=self._registry,
        )
        hurried = Counter(
            "lineage_looks_hurried_total", "Looks that are due at once because of that.", registry=self._registry
        )
        return told.inc, hurried.inc

    # -- values that are asked for at each scrape
    def log_entries(self, count: Callable[[], int]) -> None:
        """Export how much the log holds that is not recorded yet."""
        Gauge(
            "lineage_log_entries", "Observations in the log that are not recorded yet.", registry=self._registry
        ).set_function(count)

    def subscriptions(self, count: Callable[[], int]) -> None:
        """Export how many subscriptions are open."""
        Gauge("lineage_subscriptions", "Subscriptions that are open.", registry=self._registry).set_function(count)

    def waiting(self, outages: Mapping[str, Outage]) -> None:
        """Export for how long what the process needs has been waited for."""
        seconds = Gauge(
            "lineage_waiting_seconds",
            "For how long the log or the store has been waited for; 0 while it works.",
            ["for"],
            registry=self._registry,
        )
        for name, outage in outages.items():
            seconds.labels(name).set_function(partial(getattr, outage, "seconds"))

    def sources(self, read: Callable[[], Sequence[SourceStatus]]) -> None:
        """Export how each source fares, as the store knows it."""
        self._registry.register(_Sources(read))


class _Sources(Collector):
    """Asks the store how sources fare: one small read a scrape. While it cannot be asked, nothing is said of them."""

    def __init__(self, read: Callable[[], Sequence[SourceStatus]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return []  # nothing is read before somebody scrapes

    def collect(self) -> Iterator[Metric]:
        try:
            known = self._read()
        except LineageError:
            return
        of: defaultdict[tuple[str, str], list[SourceStatus]] = defaultdict(list)
        for status in known:
            of[status.name, status.cluster].append(status)
        yield from _families(of)


def _families(of: dict[tuple[str, str], list[SourceStatus]]) -> Iterator[Metric]:
    labels = ["source", "cluster"]
    observed = CounterMetricFamily(
        "lineage_source_objects", "Objects of a source that came to the store, by any recorder.", labels=labels
    )
    lag = GaugeMetricFamily(
        "lineage_source_lag_seconds", "How long its newest object waited to be recorded.", labels=labels
    )
    last = GaugeMetricFamily(
        "lineage_source_last_event_timestamp_seconds", "When its newest object was seen.", labels=labels
    )
    unsynced = GaugeMetricFamily(
        "lineage_source_unsynced", "Watches of a source that do not follow the cluster now.", labels=labels
    )
    gaps = GaugeMetricFamily(
        "lineage_source_gaps", "Times in which nobody watched a source, the open one included.", labels=labels
    )
    for (source, cluster), several in sorted(of.items()):
        gaps.add_metric([source, cluster], sum(one.gap_count for one in several))
        observed.add_metric([source, cluster], sum(one.observed for one in several))
        unsynced.add_metric([source, cluster], sum(one.state is not SourceState.SYNCED for one in several))
        if lags := [one.lag_seconds for one in several if one.lag_seconds is not None]:
            lag.add_metric([source, cluster], max(lags))
        if times := [one.last_event_at.timestamp() for one in several if one.last_event_at is not None]:
            last.add_metric([source, cluster], max(times))
    yield from (observed, lag, last, unsynced, gaps)
