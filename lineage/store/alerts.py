"""Alerts and what became of them, and how far rules have been followed.

None of it is knowledge: it does not follow from what was observed alone, and `lineage dump` says nothing of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, case, select, update

from lineage.alerts import Alert, AlertKept, AlertMark, Kind, Span
from lineage.identity import Key, canonical, decode_key, encode_key, run_key
from lineage.ports import Scope
from lineage.store import tables
from lineage.store.codec import microseconds, moment
from lineage.store.dialect import Dialect
from lineage.store.prepared import INSERT
from lineage.store.queries import in_scope
from lineage.store.texts import storable
from lineage.store.values import Columns

NAMES_AT_ONCE: Final = 500


# ------------------------------------------------------------------------------------------ what is judged
def ended(connection: Connection, scope: Scope, since: datetime) -> Sequence[tuple[Key, datetime]]:
    """The runs that ended at a time or later, in that order."""
    run = tables.run
    statement = (
        select(run.c.key, run.c.finished_at)
        .where(run.c.finished_at >= microseconds(since), in_scope(scope))
        .order_by(run.c.finished_at, run.c.key)
    )
    return [(run_key(row.key), moment(row.finished_at)) for row in connection.execute(statement)]


def marks(connection: Connection, rules: Sequence[str]) -> Mapping[str, AlertMark]:
    """How far each of some rules has been followed, as far as it has."""
    table, wanted = tables.alert_rule, [storable(name) for name in rules]
    found: dict[str, AlertMark] = {}
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        statement = select(table).where(table.c.name.in_(wanted[start : start + NAMES_AT_ONCE]))
        for row in connection.execute(statement):
            found[row.name] = AlertMark(began_at=moment(row.began_at), until=moment(row.until))
    return found


def alerted(connection: Connection, rule: str, series: str) -> Sequence[Span]:
    """Where in a series a rule has found shifts."""
    table = tables.alert
    statement = select(table.c.begins_at, table.c.ends_at).where(
        table.c.series == storable(series), table.c.rule == storable(rule)
    )
    return [Span(begins_at=moment(row.begins_at), ends_at=moment(row.ends_at)) for row in connection.execute(statement)]


# ------------------------------------------------------------------------------------------ what is kept
def keep(
    connection: Connection, alerts: Sequence[Alert], until: Mapping[str, datetime], *, now: datetime
) -> tuple[bool, ...]:
    """Keep alerts, to be sent at once, and move the marks of rules on, never back. Says of each whether it is new."""
    insert, table = INSERT[connection.dialect.name], tables.alert
    for name, at in sorted(until.items()):
        adding = insert(tables.alert_rule).values(
            name=storable(name), began_at=microseconds(at), until=microseconds(at)
        )
        old, new = tables.alert_rule.c.until, adding.excluded.until
        connection.execute(
            adding.on_conflict_do_update(index_elements=["name"], set_={"until": case((new > old, new), else_=old)})
        )
    # In one order, so that two who keep the same never wait for each other.
    added: dict[str, bool] = {}
    for one in sorted(alerts, key=lambda one: one.key):
        adding = insert(table).values(_row(one, now)).on_conflict_do_nothing().returning(table.c.key)
        added[one.key] = added.get(one.key, False) or connection.scalar(adding) is not None
    return tuple(added[one.key] for one in alerts)


def _row(alert: Alert, now: datetime) -> dict[str, Any]:
    span = alert.span
    return {
        "key": alert.key,
        "rule": storable(alert.rule),
        "kind": alert.kind.value,
        "subject": storable(encode_key(alert.subject)),
        "cluster": storable(alert.cluster),
        "namespace": storable(alert.namespace),
        "at": microseconds(alert.at),
        "due_at": microseconds(alert.due_at),
        "found_at": microseconds(now),
        "series": None if alert.series is None else storable(alert.series),
        "begins_at": None if span is None else microseconds(span.begins_at),
        "ends_at": None if span is None else microseconds(span.ends_at),
        "body": canonical({"says": alert.says, "data": alert.data}),
        "tried": 0,
        "next_try_at": microseconds(now),
    }


# ------------------------------------------------------------------------------------------ what is sent
def take_due(
    connection: Connection, dialect: Dialect, *, now: datetime, until: datetime, limit: int
) -> Sequence[AlertKept]:
    """Hand out what is to be sent, the oldest first. It is handed out again at `until`."""
    table = tables.alert
    due = (
        select(table)
        .where(table.c.next_try_at <= microseconds(now))
        .order_by(table.c.next_try_at, table.c.at, table.c.key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = [read(row._mapping) for row in connection.execute(due)]
    for condition in dialect.one_of(table.c.key, [one.alert.key for one in taken]):
        connection.execute(update(table).where(condition).values(next_try_at=microseconds(until)))
    return taken


def tried(connection: Connection, key: str, *, at: datetime, failure: str | None, next_try_at: datetime | None) -> None:
    """Note what became of a try to send: taken where there is no failure."""
    table = tables.alert
    sent_at = microseconds(at) if failure is None else None
    connection.execute(
        update(table)
        .where(table.c.key == key, table.c.sent_at.is_(None))
        .values(
            tried=table.c.tried + 1,
            sent_at=sent_at,
            failure=None if failure is None else storable(failure),
            next_try_at=microseconds(next_try_at),
        )
    )


# ------------------------------------------------------------------------------------------ what is shown
def read(row: Columns) -> AlertKept:
    """Read a row."""
    body = orjson.loads(row["body"])
    alert = Alert(
        rule=row["rule"],
        kind=Kind(row["kind"]),
        subject=decode_key(row["subject"]),
        at=moment(row["at"]),
        due_at=moment(row["due_at"]),
        cluster=row["cluster"],
        namespace=row["namespace"],
        says=body["says"],
        data=body["data"],
        series=row["series"],
        span=None
        if row["series"] is None
        else Span(begins_at=moment(row["begins_at"]), ends_at=moment(row["ends_at"])),
    )
    return AlertKept(
        alert=alert,
        found_at=moment(row["found_at"]),
        tried=row["tried"],
        sent_at=moment(row["sent_at"]),
        next_try_at=moment(row["next_try_at"]),
        failure=row["failure"],
    )
