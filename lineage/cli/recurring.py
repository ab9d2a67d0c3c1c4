"""`lineage recurring`: recurring runs as a table, and one of them with its ledger and its edits."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

import typer

from lineage.cli.asking import Ask, UrlFlag, ask_pages, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, OfNamespaceFlag, StoreFlag
from lineage.cli.naming import key_of
from lineage.cli.pictures.schedules import pictures_of_recurring_run, table_of_recurring_runs
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import fail, notes, print_answer, printable

Slots: TypeAlias = list[Mapping[str, Any]]

PAGE: Final = 100
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOOKBACK: Final = (7 * DAY, DAY, HOUR, MINUTE)  # how far the table looks: as far as a page of slots reaches
REACH: Final = (MINUTE, HOUR, DAY, 7 * DAY, 31 * DAY, 366 * DAY, 3660 * DAY)  # until enough slots lie within
AHEAD: Final = 366 * DAY


def recurring(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The name, the uid or the id of one; without, all are listed.")
    ] = None,
    namespace: OfNamespaceFlag = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most: of one, its last slots.")
    ] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List what makes runs on a schedule, and how that went lately; of one, each time that was due, and its edits.

    ```
    lineage recurring
    lineage recurring churn-training --limit 50
    lineage recurring --namespace team-a --json
    ```
    """
    configure_logs(logging.ERROR)
    ask, now = open_ask(store, url), datetime.now(UTC)
    where = {"namespace": {"eq": namespace}} if namespace is not None else {}
    if name is not None:
        found = [{**one, **_ledger(ask, one["id"], limit, now)} for one in _find(ask, name, where)]
        if as_json:
            write_json(found)
        else:
            print_answer(*pictures_of_recurring_run(found))
        return
    listed, total = ask_pages(ask, "recurring-runs", "recurringRuns", where, limit)
    lately = _lately(ask, [one["id"] for one in listed], now)
    told = [{**one, **lately[one["id"]]} for one in listed]
    if as_json:
        write_json(told)
        return
    if told:
        print_answer(table_of_recurring_runs(told))
    if len(told) < total:
        notes.print(f"{len(told)} of {total} recurring runs; --limit N shows more.")
    elif not told:
        notes.print("No recurring run matches." if where else "No recurring run is recorded yet.")


# ------------------------------------------------------------------------------------------ asking
def _find(ask: Ask, text: str, where: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Find the recurring runs that are meant: several may bear one name."""
    key = key_of(text)
    uid = str(key[1]) if key is not None and key[0] == "RecurringRun" else text
    named = {"or": [{"uid": {"eq": uid}}, {"name": {"eq": text}}], **where}
    found, _ = ask_pages(ask, "recurring-runs", "recurringRuns", named, PAGE)
    if not found:
        fail(f"no recurring run with the id, uid or name {printable(text)} is recorded: `lineage recurring` lists them")
    return found


def _slots(ask: Ask, ids: Sequence[str], begin: datetime, end: datetime, *, first: int = PAGE) -> dict[str, Any]:
    """Read the first page of slots of several, by id."""
    found: dict[str, Any] = {}
    for start in range(0, len(ids), PAGE):
        values = {"ids": ids[start : start + PAGE], "from": _text(begin), "to": _text(end), "first": first}
        found |= {one["id"]: one["slots"] for one in ask_saved(ask, "slots", values)["nodes"]}
    return found


def _all_slots(ask: Ask, one: str, begin: datetime, end: datetime) -> Slots:
    values = {"ids": [one], "from": _text(begin), "to": _text(end), "first": PAGE}
    found: Slots = []
    while True:
        page = ask_saved(ask, "slots", values)["nodes"][0]["slots"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        values["after"] = page["pageInfo"]["endCursor"]


def _lately(ask: Ask, ids: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    """Say of each how the slots of the last days went, or of as long as a page of them takes, and when the next is."""
    coming = _slots(ask, ids, now, now + AHEAD, first=1)
    found: dict[str, dict[str, Any]] = {
        one: {"next": next(iter(coming[one]["nodes"]), None), "slots": [], "days": 0.0} for one in ids
    }
    left = list(ids)
    for reach in LOOKBACK:
        pages = _slots(ask, left, now - reach, now)
        found |= {
            one: {**found[one], "slots": page["nodes"], "days": reach / DAY}
            for one, page in pages.items()
            if not page["pageInfo"]["hasNextPage"]
        }
        left = [one for one in left if pages[one]["pageInfo"]["hasNextPage"]]
        if not left:
            break
    return found


def _ledger(ask: Ask, one: str, limit: int, now: datetime) -> dict[str, Any]:
    """The last slots of one, and the next."""
    coming = _slots(ask, [one], now, now + AHEAD, first=1)[one]["nodes"]
    slots: Slots = []
    for reach in REACH:
        slots = _all_slots(ask, one, max(now - reach, _EPOCH), now)
        if len(slots) >= limit:
            break
    return {"next": next(iter(coming), None), "slots": slots[-limit:]}


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat()
