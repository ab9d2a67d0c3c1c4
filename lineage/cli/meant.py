"""Which thing somebody means who names it, asked in GraphQL: so it works with a store and with a server."""

from lineage.cli.asking import Ask, ask_saved
from lineage.cli.naming import key_of
from lineage.cli.terminal import fail, notes, printable
from lineage_graphql import saved_queries


def run_meant(ask: Ask, text: str) -> str:
    """Say which run is meant by an id, a uid or a name, by its id: the newest of several. Ends where there is none."""
    if (key := key_of(text)) is not None and key[0] == "Run":
        return text
    page = ask_saved(
        ask, "runs", {"where": {"or": [{name: {"eq": text}} for name in ("uid", "name", "displayName")]}, "first": 1}
    )["runs"]
    if page["nodes"]:
        if page["totalCount"] > 1:
            notes.print(f"{page['totalCount']} runs are called {printable(text)}; this is the newest.", markup=False)
        return str(page["nodes"][0]["id"])
    of_workflow = (ask(saved_queries()["run"].text, {"uid": text}).get("data") or {}).get("run")
    if of_workflow is None:
        fail(f"no run with the id, uid or name {printable(text)} is recorded: `lineage runs` lists them")
    return str(of_workflow["id"])
