"""Which thing somebody means who names it: by its id, its uid, or what it is called."""

from lineage.cli.terminal import fail, printable
from lineage.errors import InvalidId
from lineage.identity import Key, parse_global_id
from lineage.model import Run
from lineage.ports import EVERYTHING, AnyOf, Condition, LineageStore, Listing, Operator, PageRequest


def key_of(text: str) -> Key | None:
    """Read an id; None where it is none."""
    try:
        return parse_global_id(text)
    except InvalidId:
        return None


def find_run(store: LineageStore, text: str) -> Run:
    """Find the run of an id, a uid or a name, the newest of several; end where there is none."""
    found = _run_of_id(store, text) or store.run_by_uid(EVERYTHING, text) or _newest(store, text)
    if found is None:
        fail(f"no run with the id, uid or name {printable(text)} is recorded: `lineage runs` lists them")
    return found


def _run_of_id(store: LineageStore, text: str) -> Run | None:
    key = key_of(text)
    found = None if key is None else store.get(EVERYTHING, [key]).get(key)
    return found if isinstance(found, Run) else None


def _newest(store: LineageStore, name: str) -> Run | None:
    named = AnyOf(tuple(Condition(field=field, operator=Operator.EQ, value=name) for field in ("name", "displayName")))
    return next(iter(store.runs(EVERYTHING, Listing(where=named), PageRequest(first=1)).items), None)
