"""What somebody means who names something in whatever way: `REF` of the commands that ask about provenance.

    an id                        as the API shows it, of a run, an execution, an artifact or a deployment
    s3://bucket/key              the newest artifact at a uri
    sha256:…, or its hex alone   all artifacts of these bytes, or of this content
    RUN                          a run by its uid or name, the newest of several: it stands for its executions
    RUN/STEP                     an execution by the name of its step: of several attempts, those that count
    RUN/STEP/NAME                an output of it, or an input, by its name
    DEPLOYMENT                   a deployment by its uid or name, where no run is called so

It is looked up through GraphQL, and so in a store or on a server alike. What more than one thing can be is told.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

import typer

from lineage.cli.asking import LARGEST_PAGE, Ask, ask_saved
from lineage.cli.meant import run_called
from lineage.cli.naming import key_of
from lineage.cli.terminal import fail, notes, printable

NODES: Final = ("Run", "Execution", "Artifact", "Deployment")
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*://.*", re.IGNORECASE)

RefArgument = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="An id, a uri, a digest, a run by its name or uid, RUN/STEP or RUN/STEP/OUTPUT."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What was meant: the ids of nodes, and how to call them in a headline."""

    ids: tuple[str, ...]
    called: str


def find_reference(ask: Ask, text: str) -> Reference:
    """Find what is meant. Says on standard error what else it could have been; ends where there is nothing."""
    found = reference_called(ask, text)
    if found is None:
        nothing_is_called(text)
    return found


def reference_called(ask: Ask, text: str) -> Reference | None:
    """Find what is meant, as `find_reference` does; None where there is nothing, save where a part of it is known."""
    return _of_id(ask, text) or _of_digest(ask, text) or _of_uri(ask, text) or _of_name(ask, text)


def nothing_is_called(text: str, *, or_else: str = "") -> NoReturn:
    """End, and say what could be given."""
    ways = ("an id", "a uri", "a digest", "the name or uid of a run", "RUN/STEP/OUTPUT", *filter(None, [or_else]))
    fail(
        f"nothing is recorded under {printable(text)}: give {', '.join(ways)}; `lineage runs` and "
        "`lineage query artifacts` list what there is"
    )


def digest_in(text: str) -> str | None:
    """Read a digest, with or without its algorithm; None where it is none."""
    digest = _DIGEST.fullmatch(text)
    return None if digest is None else f"sha256:{digest[1].lower()}"


# ------------------------------------------------------------------------------------------ one way each
def _of_id(ask: Ask, text: str) -> Reference | None:
    key = key_of(text)
    if key is None:
        return None
    if key[0] not in NODES:
        fail(
            f"{printable(text)} is the id of a {key[0]}: give that of a run, an execution, an artifact or a deployment"
        )
    return Reference(ids=(text,), called=f"{key[0]} {text}")


def _of_digest(ask: Ask, text: str) -> Reference | None:
    digest = digest_in(text)
    if digest is None:
        return None
    equal = {"or": [{"digest": {"eq": digest}}, {"contentDigest": {"eq": digest}}]}
    page = ask_saved(ask, "find-artifacts", {"where": equal, "first": LARGEST_PAGE})["artifacts"]
    if not page["nodes"]:
        return None
    if page["totalCount"] > len(page["nodes"]):
        _note(f"{page['totalCount']} artifacts have this content; these are the {len(page['nodes'])} newest.")
    elif page["totalCount"] > 1:
        _note(f"{page['totalCount']} artifacts have this content; all of them are meant.")
    return Reference(ids=_ids(page["nodes"]), called=digest)


def _of_uri(ask: Ask, text: str) -> Reference | None:
    if _URI.fullmatch(text) is None:
        return None
    page = ask_saved(ask, "find-artifacts", {"where": {"uri": {"eq": text}}, "first": 1})["artifacts"]
    if not page["nodes"]:
        return None
    if page["totalCount"] > 1:
        _note(
            f"{page['totalCount']} artifacts lay at {printable(text)}; this is the newest: "
            f"`lineage artifact {printable(text)}` lists them."
        )
    return Reference(ids=_ids(page["nodes"]), called=text)


def _of_name(ask: Ask, text: str) -> Reference | None:
    name, _, rest = text.partition("/")
    run = (None if not rest else run_called(ask, text)) or run_called(ask, name)
    if run is None:
        return _deployment(ask, text)
    if not rest or run["displayName"] == text:
        return Reference(ids=(run["id"],), called=f"run {run['displayName']}")
    return _of_step(ask, run, rest)


def _of_step(ask: Ask, run: Mapping[str, Any], rest: str) -> Reference:
    """Find a step of a run, or what it wrote or read. Names of steps may hold slashes themselves."""
    steps = _steps(ask, run, rest)
    if steps:
        return Reference(ids=_ids(steps), called=f"{run['displayName']}/{rest}")
    step, _, name = rest.rpartition("/")
    steps = _steps(ask, run, step) if step else ()
    if not steps:
        fail(
            f"run {printable(run['displayName'])} has no step {printable(step or rest)}: "
            f"`lineage show {printable(run['displayName'])}` shows its steps"
        )
    for ports in ("outputs", "inputs"):
        found = dict.fromkeys(use["artifact"]["id"] for one in steps for use in one[ports] if use["name"] == name)
        if found:
            if len(found) > 1:
                _note(f"{len(found)} artifacts are {ports} called {printable(name)} there; all of them are meant.")
            return Reference(ids=tuple(found), called=f"{run['displayName']}/{rest}")
    known = dict.fromkeys(use["name"] for one in steps for ports in ("outputs", "inputs") for use in one[ports])
    return fail(
        f"step {printable(step)} of {printable(run['displayName'])} has no output or input {printable(name)}: it has "
        f"{', '.join(map(printable, known)) or 'none'}"
    )


def _steps(ask: Ask, run: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """The executions of a step that count: those that no later attempt replaced, where there are any. Where no step is
    called so, attempts and items of a loop are that have the rest of their name in brackets: `train(0)`."""
    for comparison in ("eq", "startsWith"):
        named = {comparison: name if comparison == "eq" else f"{name}("}
        where = {"run": {"eq": run["id"]}, "displayName": named}
        page = ask_saved(ask, "find-executions", {"where": where})["executions"]
        if page["totalCount"] > len(page["nodes"]):
            fail(f"{page['totalCount']} executions of this run are called {printable(name)}: give the id of one")
        found = [one for one in page["nodes"] if not one["superseded"]] or page["nodes"]
        if len(found) > 1:
            _note(f"{len(found)} executions of {printable(run['displayName'])} are called so; all of them are meant.")
        if found:
            return found
    return ()


def _deployment(ask: Ask, text: str) -> Reference | None:
    named = {"or": [{"uid": {"eq": text}}, {"name": {"eq": text}}]}
    page = ask_saved(ask, "deployments", {"where": named, "first": LARGEST_PAGE})["deployments"]
    if not page["nodes"]:
        return None
    if page["totalCount"] > 1:
        _note(f"{page['totalCount']} deployments are called {printable(text)}; all of them are meant.")
    return Reference(ids=_ids(page["nodes"]), called=f"deployment {text}")


def _ids(nodes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(node["id"] for node in nodes)


def _note(text: str) -> None:
    notes.print(text, markup=False)
