"""Queries that ask for every field of the schema, each of every type, where a store has something to say.

They are made of the schema: a new field is asked for without a word here. What can be found by its global id is where
each begins; the rest is asked of the root.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from lineage.identity import parse_global_id
from lineage_graphql.cost import MOST_NODES, OF_WHOLE_RUNS
from lineage_graphql.schema import SCHEMA

Arguments: TypeAlias = Mapping[tuple[str, str], str]
"""What is given for the arguments of a field, by type and name of the field: as it is written in a query."""

PAGE: Final = 5
_FROM: Final = "nodes"


@dataclass(frozen=True)
class _Step:
    """A field on the way to a type; `narrowed` is what is asked of one of several types."""

    field: str
    narrowed: str | None


def queries(ids: Sequence[str], arguments: Arguments) -> Iterator[tuple[str, str, str]]:
    """Give type, field, and the query that asks for that field, with everything plain that stands below it.

    `ids` are global ids of all kinds; `arguments` are needed where fields require any.
    """
    given = arguments
    for name, steps in _ways().items():
        kinds = {step.narrowed or name for of, step in steps[:1] if (of.name, step.field) == ("Query", _FROM)}
        of = SCHEMA.type_map[name]
        assert isinstance(of, GraphQLObjectType)
        for field, declared in of.fields.items():
            passed = [(each.name, step.field) for each, step in steps] + [(name, field)]
            some = map(_quoted, _of_kinds(ids, kinds)[: _most(passed)])
            arguments = {("Query", _FROM): f"ids: [{', '.join(some)}]", **given}
            asked = _asked(of, field, declared, arguments)
            for step_type, step in reversed(steps):
                inner = f"... on {step.narrowed} {{ {asked} }}" if step.narrowed else asked
                call = _call(step_type, step.field, step_type.fields[step.field], arguments)
                asked = f"__typename {call} {{ __typename {inner} }}"
            yield name, field, f"{{ {asked} }}"


def _ways() -> Mapping[str, tuple[tuple[GraphQLObjectType, _Step], ...]]:
    """Find the shortest way to each type of object."""
    root = SCHEMA.query_type
    assert root is not None
    found: dict[str, tuple[tuple[GraphQLObjectType, _Step], ...]] = {root.name: ()}
    waiting = deque([root])
    while waiting:
        of = waiting.popleft()
        for name, declared in sorted(of.fields.items(), key=lambda field: field[0] != _FROM):
            target = get_named_type(declared.type)
            for concrete in _concrete(target):
                if concrete.name not in found:
                    narrowed = concrete.name if concrete is not target else None
                    found[concrete.name] = (*found[of.name], (of, _Step(name, narrowed)))
                    waiting.append(concrete)
    return found


def _concrete(of: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
    if isinstance(of, GraphQLObjectType):
        return (of,)
    if isinstance(of, GraphQLInterfaceType | GraphQLUnionType):
        return SCHEMA.get_possible_types(of)
    return ()


def _asked(of: GraphQLObjectType, name: str, declared: GraphQLField, arguments: Arguments) -> str:
    """Ask for a field, and for what is plain below it: two levels, as a list has its items under `nodes`."""
    return f"{_call(of, name, declared, arguments)} {_plain(get_named_type(declared.type), arguments, levels=2)}"


def _plain(of: GraphQLNamedType, arguments: Arguments, *, levels: int) -> str:
    if is_leaf_type(of):
        return ""
    several = [f"... on {one.name} {_plain(one, arguments, levels=levels)}" for one in _concrete(of) if one is not of]
    if several:
        return "{ __typename " + " ".join(several) + " }"
    assert isinstance(of, GraphQLObjectType)
    asked = []
    for name, declared in of.fields.items():
        target = get_named_type(declared.type)
        if (of.name, name) in OF_WHOLE_RUNS:  # of many at once, too much is read
            continue
        if (of.name, name) not in arguments and any(map(is_required_argument, declared.args.values())):
            continue
        if is_leaf_type(target):
            asked.append(_aliased(of, name, declared, arguments))
        elif levels > 1 and isinstance(target, GraphQLObjectType) and name in ("nodes", "edges", "node"):
            asked.append(f"{name} {_plain(target, arguments, levels=levels - 1)}")
    return "{ __typename " + " ".join(asked) + " }"


def _aliased(of: GraphQLObjectType, name: str, declared: GraphQLField, arguments: Arguments) -> str:
    """Ask for a plain field. Among several types, one name may be of several kinds of value."""
    call = _call(of, name, declared, arguments)
    return f"{of.name}_{name}: {call}" if name in _UNLIKE else call


def _unlike() -> frozenset[str]:
    seen: dict[str, str] = {}
    unlike = set()
    for of in SCHEMA.type_map.values():
        for name, declared in of.fields.items() if isinstance(of, GraphQLObjectType) else ():
            if is_leaf_type(get_named_type(declared.type)) and seen.setdefault(name, str(declared.type)) != str(
                declared.type
            ):
                unlike.add(name)
    return frozenset(unlike)


_UNLIKE: Final = _unlike()


def _call(of: GraphQLObjectType, name: str, declared: GraphQLField, arguments: Arguments) -> str:
    given = arguments.get((of.name, name), "")
    if not given and "first" in declared.args:
        given = f"first: {PAGE}"
    return f"{name}({given})" if given else name


def _most(passed: Sequence[tuple[str, str]]) -> int:
    """Say of how many at most fields may be asked for in one query."""
    return MOST_NODES // max(1, *(OF_WHOLE_RUNS.get(field, 0) for field in passed))


def _of_kinds(ids: Sequence[str], kinds: Collection[str]) -> Sequence[str]:
    """Choose those to begin with: all of a kind, where one is meant."""
    return [one for one in ids if parse_global_id(one)[0] in kinds] if kinds else ids


def _quoted(text: str) -> str:
    return f'"{text}"'
