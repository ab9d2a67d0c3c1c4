"""Text as every database can hold it.

PostgreSQL cannot store the character U+0000. So that equal knowledge is equal on all of them, none does: it
stands as U+FFFD, the sign of what cannot be shown. Pure.
"""

from typing import Any, Final

import msgspec

from lineage.facts import Fact, ObjectKept, PodSeen, RunSeen
from lineage.store.codec import Bodies
from lineage.store.rolls import States

REPLACEMENT: Final = "\ufffd"

_ESCAPED: Final = b"\\u0000"  # as JSON writes it; also what is no such character, but looks like one: that does no harm
_encode = msgspec.json.Encoder().encode


def storable(text: str) -> str:
    """Replace what cannot be stored."""
    return text.replace("\0", REPLACEMENT)


def is_storable(fact: Fact, bodies: Bodies, seen: States) -> bool:
    """Say whether every text of a fact can be stored as it is. Attempts that the last view showed need no second look:
    `seen` are these."""
    match fact:
        case PodSeen():
            return _ESCAPED not in bodies.of(fact)
        case ObjectKept():
            return _ESCAPED not in _encode((fact.resource, fact.uid, fact.revision))
        case RunSeen():
            states = fact.executions or ()
            new = [state for state in states if seen.get((state.node_id, state.started_at)) is not state]
            return _ESCAPED not in bodies.of(bodies.header(fact)) and not any(_ESCAPED in bodies.of(one) for one in new)
        case _:
            return _ESCAPED not in _encode(fact)


def storable_fact(fact: Fact) -> Fact:
    """Replace what cannot be stored in every text of a fact. Bytes stay as they are."""
    return msgspec.convert(_replaced(msgspec.to_builtins(fact)), type(fact))


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(name): _replaced(member) for name, member in value.items()}
        case list() | tuple():
            return [_replaced(member) for member in value]
        case _:
            return value
