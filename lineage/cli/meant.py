"""Which run somebody means who names it, asked in GraphQL: so it works with a store and with a server."""

from collections.abc import Mapping
from typing import Any

from lineage.cli.asking import Ask, ask_saved
from lineage.cli.naming import key_of
from lineage.cli.terminal import fail, notes, printable
from lineage_graphql import saved_queries


def run_meant(ask: Ask, text: str) -> str:
    """Say which run is meant by an id, a uid or a name, by its id: the newest of several. Ends where there is none."""
    found = run_called(ask, text)
    if found is None:
        fail(f"no run with the id, uid or name {printable(text)} is recorded: `lineage runs` lists them")
    return str(found["id"])


def run_called(ask: Ask, text: str) -> Mapping[str, Any] | None:
    """Find a run by its id, its uid, that of a workflow of it, or its name: the newest of several, with its `id` and
    `displayName`; of an id, that is not looked up."""
    if (key := key_of(text)) is not None and key[0] == "Run":
        return {"id": text, "displayName": text}
    named = [{name: {"eq": text}} for name in ("uid", "name", "displayName")]
    page = ask_saved(ask, "runs", {"where": {"or": named}, "first": 1})["runs"]
    if page["nodes"]:
        if page["totalCount"] > 1:
            notes.print(f"{page['totalCount']} runs are called {printable(text)}; this is the newest.", markup=False)
        found: Mapping[str, Any] = page["nodes"][0]
        return found
    return (ask(saved_queries()["run"].text, {"uid": text}).get("data") or {}).get("run")
