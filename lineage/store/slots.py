"""The specs of recurring runs, and their ledgers: what `lineage.schedules` asks for, read for several at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from lineage.errors import InvalidRequest
from lineage.identity import Key, decode_key, encode_key, run_key
from lineage.model import Phase, RecurringEdit, RecurringRun, Scheduler, Slot
from lineage.ports import Page, PageRequest, Scope
from lineage.schedules import Ledger, Made
from lineage.schedules.ledger import MADE_AT_ONCE, MADE_UP_FOR, Entry
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything, counted
from lineage.store.codec import microseconds, moment, recurring_of, recurring_spec_of
from lineage.store.gone import run_phase
from lineage.store.paging import DEFAULT_PAGE, by_key
from lineage.store.queries import in_scope, run_in_scope
from lineage.store.recurring import NOT_TOLD

LONGEST_RANGE: Final = timedelta(days=3660)  # ten years
MOST_COUNTED: Final = 10_000  # a second of computing, or a week of every minute
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


# ------------------------------------------------------------------------------------------ specs
def edits(
    connection: Connection, scope: Scope, recurring_runs: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[RecurringEdit, ...]]:
    """The specs of recurring runs in the order in which they were in force."""
    recurring, spec = tables.recurring_run, tables.recurring_spec
    statement = (
        select(recurring.c.key, recurring.c.body.label("shown"), spec)
        .join(spec, spec.c.recurring_run_id == recurring.c.id)
        .where(recurring.c.key.in_([encode_key(key) for key in recurring_runs]), run_in_scope(recurring, scope))
    )
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for row in counted(connection.execute(statement), take):
        rows[row.key].append(row)
    return {decode_key(key): tuple(_in_order(of)) for key, of in rows.items()}


def _in_order(rows: Sequence[Any]) -> list[RecurringEdit]:
    """Put specs in the order of the views that show them. Each was in force since the object says so, else since it was
    first seen; and before the next."""
    told = {row.digest for row in rows if row.told_at != NOT_TOLD}
    counting = [row for row in rows if row.told_at != NOT_TOLD or row.digest not in told]
    ordered = sorted(counting, key=lambda row: (row.first_rank, row.told_at, row.digest))
    firsts = [row for row, before in zip(ordered, [None, *ordered], strict=False) if not _is_same(row, before)]
    last, now = firsts[-1], recurring_of(firsts[-1].shown).spec
    found: list[RecurringEdit] = []
    if last.told_at == NOT_TOLD and now != recurring_spec_of(last.body):
        # A spec that nobody dates was taken up again: it is in force now, since the other one was last seen.
        found.append(RecurringEdit(since=moment(last.last_seen) + _MICROSECOND, told=False, spec=now))
    for row in reversed(firsts):
        since = moment(row.told_at or row.first_seen)
        since = min(since, found[-1].since) if found else since
        found.append(RecurringEdit(since=since, told=row.told_at != NOT_TOLD, spec=recurring_spec_of(row.body)))
    return found[::-1]


def _is_same(row: Any, before: Any) -> bool:
    return before is not None and row.digest == before.digest


# ------------------------------------------------------------------------------------------ slots
def pages(
    connection: Connection,
    scope: Scope,
    recurring_runs: Sequence[Key],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    page: PageRequest,
) -> Mapping[Key, Page[Slot]]:
    """Read the same page of the ledger of each.

    Raises:
        InvalidRequest: the range or the cursor makes no sense.
    """
    _refuse_range(since, until)
    after = since - _MICROSECOND if page.after is None else _read_cursor(page.after)
    begin, size = max(after, since - _MICROSECOND), page.first or DEFAULT_PAGE
    ledgers = _ledgers(connection, scope, recurring_runs)
    made = _made(connection, scope, ledgers, begin, until, size + 1)
    entries = {
        key: ledger.entries(made.get(key, ()), after=begin, until=until, limit=size + 1)
        for key, ledger in ledgers.items()
    }
    running = _running(connection, scope, entries)
    found = {}
    for key, ledger in ledgers.items():
        shown = tuple(ledger.slots(entries[key][:size], running.get(key, ()), now=now))
        found[key] = Page(
            items=shown,
            cursors=tuple(_write_cursor(slot.due_at) for slot in shown),
            has_next=len(entries[key]) > size,
            has_previous=page.after is not None,
        )
    return found


def counts(
    connection: Connection, scope: Scope, recurring_runs: Sequence[Key], *, since: datetime, until: datetime
) -> Mapping[Key, int]:
    """Count the slots of each.

    Raises:
        InvalidRequest: the range makes no sense, or holds too many.
    """
    _refuse_range(since, until)
    begin = since - _MICROSECOND
    ledgers = _ledgers(connection, scope, recurring_runs)
    made = _made(connection, scope, ledgers, begin, until, MOST_COUNTED + 1)
    return {key: _count(ledger, made.get(key, ()), begin, until) for key, ledger in ledgers.items()}


def _count(ledger: Ledger, made: Sequence[Made], after: datetime, until: datetime) -> int:
    counted = len(ledger.entries(made, after=after, until=until, limit=MOST_COUNTED + 1))
    if counted > MOST_COUNTED:
        raise InvalidRequest(
            f"{ledger.recurring.name} is due more than {MOST_COUNTED} times in this range: ask for a shorter one, or "
            "not for totalCount"
        )
    return counted


def _refuse_range(since: datetime, until: datetime) -> None:
    if until < since:
        raise InvalidRequest(f"the range ends at {until.isoformat()}, before it begins at {since.isoformat()}")
    if until - since > LONGEST_RANGE:
        raise InvalidRequest(f"the range has {(until - since).days} days; {LONGEST_RANGE.days} is the most")
    if not (since.year >= _FIRST_YEAR and until.year <= _LAST_YEAR):
        raise InvalidRequest(f"the range must lie within the years {_FIRST_YEAR} to {_LAST_YEAR}")


def _write_cursor(due_at: datetime) -> str:
    return str(microseconds(due_at))


def _read_cursor(text: str) -> datetime:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(10**16))):
        raise InvalidRequest(f"{text[:80]!r} is no cursor of this list")
    return moment(int(text))


# ------------------------------------------------------------------------------------------ what ledgers rest on
def _ledgers(connection: Connection, scope: Scope, keys: Sequence[Key]) -> dict[Key, Ledger]:
    """What is known of recurring runs, but for the runs that they made."""
    recurring, run = tables.recurring_run, tables.run
    texts = [encode_key(key) for key in keys]
    found: list[RecurringRun] = by_key(connection, queries.recurring_runs(scope), texts, values.recurring_run)
    specs = edits(connection, scope, [item.key for item in found])
    newest = (
        select(run.c.scheduled_at)
        .where(run.c.recurring_run_id == recurring.c.id, run.c.scheduled_at.is_not(None), in_scope(scope))
        .order_by(run.c.scheduled_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    last = select(recurring.c.key, newest.label("last_made")).where(recurring.c.key.in_(texts))
    made = {decode_key(row.key): row.last_made for row in connection.execute(last)}
    return {
        item.key: Ledger(recurring=item, edits=specs.get(item.key, ()), last_made=moment(made.get(item.key)))
        for item in found
    }


def _made(
    connection: Connection, scope: Scope, ledgers: Mapping[Key, Ledger], after: datetime, until: datetime, size: int
) -> Mapping[Key, list[Made]]:
    """The runs of each that bear a time of its page; and of those before, the last from which an interval counts."""
    run, recurring = tables.run, tables.recurring_run
    begin, wanted = microseconds(after), []
    for row in connection.execute(_bounds(ledgers, begin, size)):
        ends = microseconds(ledgers[decode_key(row.key)].page_end(after, until, size))
        # Where no spec is known runs alone show what was due: as many times as a page may hold are enough.
        end = ends if row.enough is None else min(ends, row.enough)
        on_page = and_(run.c.scheduled_at > begin, run.c.scheduled_at < end)
        wanted.append(and_(recurring.c.key == row.key, or_(on_page, run.c.id == row.last)))
    if not wanted:
        return {}
    return _grouped(connection.execute(_runs_made().where(or_(*wanted), in_scope(scope))).mappings().all())


def _bounds(keys: Iterable[Key], begin: int | None, size: int) -> Select[Any]:
    """For each, beyond which time there are more runs than a page may need; and the last run from which an interval
    counts."""
    run, recurring = tables.run, tables.recurring_run
    mine = run.c.recurring_run_id == recurring.c.id
    counts_from = or_(
        recurring.c.scheduler != Scheduler.KUBEFLOW.value,
        run.c.created_at.is_(None),
        run.c.created_at - run.c.scheduled_at > MADE_AT_ONCE // _MICROSECOND,
    )
    enough = (
        select(run.c.scheduled_at)
        .where(mine, run.c.scheduled_at > begin)
        .distinct()
        .order_by(run.c.scheduled_at)
        .offset(size + MADE_UP_FOR)
        .limit(1)
        .scalar_subquery()
    )
    last = (
        select(run.c.id)
        .where(mine, run.c.scheduled_at <= begin, counts_from)
        .order_by(run.c.scheduled_at.desc(), run.c.id)
        .limit(1)
        .scalar_subquery()
    )
    chosen = select(recurring.c.key, enough.label("enough"), last.label("last"))
    return chosen.where(recurring.c.key.in_([encode_key(key) for key in keys]))


def _running(connection: Connection, scope: Scope, entries: Mapping[Key, Sequence[Entry]]) -> Mapping[Key, list[Made]]:
    """The runs of each that ran while it was due and none was made."""
    run, recurring = tables.run, tables.recurring_run
    # Of one that is gone and was not seen to end nobody knows how long it ran.
    known = or_(run.c.finished_at.is_not(None), run_phase().in_((Phase.RUNNING.value, Phase.PENDING.value)))
    while_empty = []
    for key, of in entries.items():
        if empty := [moment for moment, runs in of if not runs]:
            first, last = microseconds(empty[0]), microseconds(empty[-1])
            lived = and_(run.c.created_at < last, or_(run.c.finished_at.is_(None), run.c.finished_at > first))
            while_empty.append(and_(recurring.c.key == encode_key(key), lived))
    if not while_empty:
        return {}
    statement = _runs_made().where(or_(*while_empty), known, in_scope(scope))
    return _grouped(connection.execute(statement).mappings().all())


def _runs_made() -> Select[Any]:
    run, recurring = tables.run, tables.recurring_run
    return select(
        recurring.c.key.label("owner"),
        run.c.key.label("run"),
        run.c.name,
        func.coalesce(run.c.scheduled_at, run.c.created_at).label("scheduled_at"),  # some are made by hand
        run.c.created_at,
        run.c.finished_at,
    ).join(recurring, recurring.c.id == run.c.recurring_run_id)


def _grouped(rows: Sequence[values.Columns]) -> Mapping[Key, list[Made]]:
    found: defaultdict[Key, list[Made]] = defaultdict(list)
    for row in rows:
        found[decode_key(row["owner"])].append(
            Made(
                key=run_key(row["run"]),
                name=row["name"],
                scheduled_at=moment(row["scheduled_at"]),
                created_at=moment(row["created_at"]),
                ended_at=moment(row["finished_at"]),
            )
        )
    return found
