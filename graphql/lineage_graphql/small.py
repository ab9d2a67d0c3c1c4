"""Which questions are so small that they may be answered where nobody may be kept waiting. Pure.

What a question may read at most says too little of how long that takes: a search goes through all names. So it may
select what is read off a value that is there, and the few things that are read by key, or lie beside their owner.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final

from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)

from lineage_graphql.documents import DOCUMENTS_REMEMBERED, Document, InvalidDocument, nodes_of, read_document
from lineage_graphql.operations import Operation
from lineage_graphql.schema import SCHEMA

MOST_NODES: Final = 20  # with some fields each, answered in about a millisecond
MOST_SELECTED: Final = 100  # fields, as a text names them, with those of a fragment wherever it is spread
MOST_READS: Final = 10
"""How many fields of a question may be read from the store, each for all nodes of a page at once."""

READ_BY_KEY: Final[Mapping[str, frozenset[str]]] = {
    "Query": frozenset({"node", "nodes", "run"}),
    "Run": frozenset(
        {
            "annotations",
            "executions",  # of its list the first page: as long as the run is
            "experiment",
            "labels",
            "message",
            "origins",
            "parameters",
            "pipelineVersion",
            "recurringRun",
            "resubmittedFrom",
            "startedBy",
            "workflows",
        }
    ),
    "Execution": frozenset({"cachedFrom", "dependsOn", "images", "inputs", "outputs", "pods", "run"}),
    "Artifact": frozenset({"producer"}),
}
"""Fields whose resolvers read by key, or what lies beside it. A test asks each for what it reads."""
AT_HAND: Final[Mapping[str, frozenset[str]]] = {
    "PageInfo": frozenset({"endCursor", "hasNextPage", "hasPreviousPage", "startCursor"}),
    "Parameter": frozenset({"value"}),
}
"""Fields whose resolvers read nothing."""
HARMLESS: Final = frozenset({"first", "id", "ids", "uid"})
"""Arguments that say of what is asked, and of how much. A filter may look through all there is, and from a cursor on a
statement is put together anew."""
TYPE_NAME: Final = "__typename"
_WITH_FIELDS: Final = (GraphQLObjectType, GraphQLInterfaceType)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmallQuery:
    """An operation of a text that is read already: small, as long as it is not asked for too many."""

    document: Document
    operation: Operation
    _name: str | None

    def is_small(self, variables: Mapping[str, Any]) -> bool:
        """Say whether it is, of what is given as its variables."""
        return nodes_of(self.document, self._name, variables) <= MOST_NODES


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def small_query(text: str, operation_name: str | None) -> SmallQuery | None:
    """Read a query that may be small; None of one that is not, or that cannot be answered."""
    try:
        document = read_document(text)
    except InvalidDocument:
        return None
    operation = document.operations.get(operation_name)
    if operation is None or operation.node.operation is not OperationType.QUERY or SCHEMA.query_type is None:
        return None
    selected = list(islice(_selected(operation, operation.node.selection_set, SCHEMA.query_type), MOST_SELECTED + 1))
    reads = sum(field.name.value in READ_BY_KEY.get(of.name, ()) for of, field in selected)
    if len(selected) > MOST_SELECTED or reads > MOST_READS or not all(_is_small(of, field) for of, field in selected):
        return None
    return SmallQuery(document=document, operation=operation, _name=operation_name)


def _selected(
    operation: Operation, selections: SelectionSetNode, of: GraphQLNamedType
) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
    """Yield all fields that are selected of a type, and of what these lead to, each with its type."""
    for each in selections.selections:
        match each:
            case FieldNode():
                yield of, each
                declared = of.fields.get(each.name.value) if isinstance(of, _WITH_FIELDS) else None
                if each.selection_set is not None and declared is not None:
                    yield from _selected(operation, each.selection_set, get_named_type(declared.type))
            case FragmentSpreadNode():
                fragment = operation.fragments[each.name.value]
                on = SCHEMA.type_map[fragment.type_condition.name.value]
                yield from _selected(operation, fragment.selection_set, on)
            case InlineFragmentNode(type_condition=condition):
                on = of if condition is None else SCHEMA.type_map[condition.name.value]
                yield from _selected(operation, each.selection_set, on)


def _is_small(of: GraphQLNamedType, field: FieldNode) -> bool:
    name = field.name.value
    return name == TYPE_NAME or (
        name in _SMALL.get(of.name, ()) and all(argument.name.value in HARMLESS for argument in field.arguments)
    )


def _small_fields() -> Mapping[str, frozenset[str]]:
    """Name the small fields of each type; those of an interface are small in whatever has it."""
    objects = {
        name: frozenset(field for field, declared in of.fields.items() if _is_attribute(declared))
        | READ_BY_KEY.get(name, frozenset())
        | AT_HAND.get(name, frozenset())
        for name, of in SCHEMA.type_map.items()
        if isinstance(of, GraphQLObjectType)
    }
    interfaces = {
        name: frozenset(of.fields).intersection(*(objects[each.name] for each in SCHEMA.get_possible_types(of)))
        for name, of in SCHEMA.type_map.items()
        if isinstance(of, GraphQLInterfaceType)
    }
    return objects | interfaces


def _is_attribute(field: GraphQLField) -> bool:
    """Say whether a field is read off a value, so that it was as much as read with that."""
    return not field.args and isinstance(field.resolve, partial) and field.resolve.func is dict_or_attr_resolver


_SMALL: Final = _small_fields()
