"""What a query may read at most, counted before anything is read.

Pure. Each list counts as many nodes as its page may hold, times those of the lists around it. A list without
pages is taken to be short; values that lead nowhere (parameters, pods) belong to their owner and count nothing, save
whole documents, which are as large as many nodes.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_introspection_type,
    visit,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from lineage.gathering import MOST_STEPS
from lineage_graphql.connections import LARGEST_PAGE, PAGE_UNLESS_ASKED
from lineage_graphql.fingerprints import GROUPS_UNLESS_ASKED, MOST_COMPARED
from lineage_graphql.impact import LISTED_UNLESS_ASKED
from lineage_graphql.provenance import NODES_UNLESS_ASKED
from lineage_graphql.trends import POINTS_UNLESS_ASKED

MOST_NODES: Final = 500_000  # a page of runs, a page of steps each, and what those read and wrote: 130,000
ASSUMED_LENGTH: Final = 3  # of a list without pages: a step has few inputs and few steps before it
DOCUMENTS: Final = frozenset({"raw", "spec", "metadata"})
OF_WHOLE_RUNS: Final = {
    ("Query", "audit"): 2_000,  # nodes: all of a run is read, which may have a thousand steps, and what those read
    ("Query", "rerunManifest"): 2_000,
    ("Query", "runDiff"): 4_000,
    ("Run", "audit"): 2_000,
    ("Run", "tier"): 2_000,
    ("Run", "graph"): 2_000,  # which of its executions leads to which; these count beside that
    ("Artifact", "text"): MOST_NODES // 2 + 1,  # one of them in a request: an object store is waited for, some seconds
    ("Execution", "reuse"): 100,  # the same, once for all executions of a run
}
LENGTHS: Final = {("Unlike", "executions"): MOST_COMPARED, ("StepGraph", "executions"): MOST_STEPS}
OF_DOCUMENT: Final = 100  # nodes: a workflow has some 100 KB, and may have many times that
ASSUMED_TYPES: Final = 10  # of a list that describes the schema itself: the whole of it counts some thousands

JSON: Final = "JSON"
OF_WHAT_IS_GIVEN: Final = {("Query", "layout"): ("boxes", "links")}  # nothing is read, and each of these is work
SIZES: Final = ("first", "last", "maxNodes", "ids", "boxes", "links")  # the arguments that say how many

PAGED: Final = {
    "Impact": ("first", LISTED_UNLESS_ASKED),
    "Nondeterminism": ("first", GROUPS_UNLESS_ASKED),
    "LineageGraph": ("maxNodes", NODES_UNLESS_ASKED),
    "Paths": ("maxNodes", NODES_UNLESS_ASKED),
    "MetricTrend": ("last", POINTS_UNLESS_ASKED),
}
"""The types that hold lists of which an argument of their field says how long they are, and how long unless asked."""

_META: Final = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


def sizes_asked(document: DocumentNode) -> frozenset[str]:
    """Name the variables that a count looks at."""
    found: set[str] = set()

    class Sizes(Visitor):
        def enter_argument(self, argument: ArgumentNode, *_: Any) -> None:
            if argument.name.value in SIZES and isinstance(argument.value, VariableNode):
                found.add(argument.value.name.value)

    visit(document, Sizes())
    return frozenset(found)


def most_nodes(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """Count the nodes that an operation of a valid document may read at most."""
    root = schema.get_root_type(operation.operation)
    return 0 if root is None else _Count(schema, document, operation, variables).selected(operation.selection_set, root)


class _Count:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        defaults = {each.variable.name.value: each.default_value for each in operation.variable_definitions}
        self._variables = {**{name: self._value(value) for name, value in defaults.items() if value}, **variables}
        self._counted: dict[tuple[str, int], int] = {}

    def selected(self, selections: SelectionSetNode | None, parent: GraphQLNamedType, page: int = 1) -> int:
        """Count what is selected of one value. `page` is how many items it holds, where it is a page."""
        return sum(self._selection(each, parent, page) for each in (selections.selections if selections else ()))

    def _selection(self, selection: Any, parent: GraphQLNamedType, page: int) -> int:
        match selection:
            case FieldNode():
                return self._field(selection, parent, page)
            case InlineFragmentNode(type_condition=condition):
                on = parent if condition is None else self._schema.type_map.get(condition.name.value, parent)
                return self.selected(selection.selection_set, on, page)
            case FragmentSpreadNode():
                return self._fragment(selection.name.value, page)
            case _:
                return 0

    def _fragment(self, name: str, page: int) -> int:
        """Count a fragment once, however often it is spread."""
        if (name, page) not in self._counted:
            fragment = self._fragments[name]
            on = self._schema.type_map[fragment.type_condition.name.value]
            self._counted[name, page] = self.selected(fragment.selection_set, on, page)
        return self._counted[name, page]

    def _field(self, field: FieldNode, parent: GraphQLNamedType, page: int) -> int:
        name = field.name.value
        declared = _META.get(name)
        if declared is None and isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            declared = parent.fields.get(name)
        if declared is None:
            return 0
        of = get_named_type(declared.type)
        if of.name.endswith("Connection"):
            return self.selected(field.selection_set, of, self._page(field))
        if of.name == JSON and name in DOCUMENTS:
            return OF_DOCUMENT
        if (parent.name, name) in OF_WHOLE_RUNS:
            return OF_WHOLE_RUNS[parent.name, name] + self.selected(field.selection_set, of)
        if (parent.name, name) in OF_WHAT_IS_GIVEN:
            return sum(self._many(field, argument) or 0 for argument in OF_WHAT_IS_GIVEN[parent.name, name])
        if not _is_list(declared.type):
            within = page if parent.name in PAGED else self._page_within(field, of)
            return self.selected(field.selection_set, of, within)
        length = self._length(field, parent, of, page)
        return length * (1 + self.selected(field.selection_set, of, self._page_within(field, of)))

    def _length(self, field: FieldNode, parent: GraphQLNamedType, of: GraphQLNamedType, page: int) -> int:
        if parent.name.endswith("Connection") or parent.name in PAGED:
            return page
        if (parent.name, field.name.value) in LENGTHS:
            return LENGTHS[parent.name, field.name.value]
        if is_introspection_type(of):
            return ASSUMED_TYPES if isinstance(of, GraphQLObjectType) else 0
        ids = self._many(field, "ids")
        if ids is not None:
            return ids
        return 0 if _leads_nowhere(of) else ASSUMED_LENGTH

    def _page(self, field: FieldNode) -> int:
        sizes = (self._argument(field, "first"), self._argument(field, "last"))
        asked = [size for size in sizes if isinstance(size, int)]
        return max(0, min(max(asked, default=PAGE_UNLESS_ASKED), LARGEST_PAGE))  # what is out of bounds is refused

    def _page_within(self, field: FieldNode, of: GraphQLNamedType) -> int:
        if of.name not in PAGED:
            return 1
        size, unless_asked = PAGED[of.name]
        asked = self._argument(field, size)
        return max(0, asked) if isinstance(asked, int) else unless_asked

    def _many(self, field: FieldNode, argument: str) -> int | None:
        """Say how many are given in a list: it, or a range that is as long."""
        given = self._argument(field, argument)
        return len(given) if isinstance(given, list | tuple | range) else None

    def _argument(self, field: FieldNode, name: str) -> Any:
        given = next((each.value for each in field.arguments if each.name.value == name), None)
        return None if given is None else self._value(given)

    def _value(self, value: ValueNode) -> Any:
        match value:
            case VariableNode():
                return self._variables.get(value.name.value)
            case IntValueNode():
                return int(value.value)
            case ListValueNode():
                return value.values
            case _:
                return None


def _is_list(of: Any) -> bool:
    return isinstance(of.of_type if isinstance(of, GraphQLNonNull) else of, GraphQLList)


def _leads_nowhere(of: GraphQLNamedType) -> bool:
    if not isinstance(of, GraphQLObjectType):
        return isinstance(of, GraphQLScalarType | GraphQLEnumType)
    inner = (get_named_type(field.type) for field in of.fields.values())
    return all(isinstance(each, GraphQLScalarType | GraphQLEnumType) for each in inner)
