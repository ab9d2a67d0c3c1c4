"""Query texts, parsed and checked: once each, within limits.

Pure but for the cache. Parsing and validating cost more than most answers (eight times a small one), and
the same few texts come again and again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)

from lineage.errors import InvalidRequest
from lineage_graphql.context import Selections
from lineage_graphql.cost import MOST_NODES, most_nodes, sizes_asked
from lineage_graphql.operations import Operation, operations_of
from lineage_graphql.schema import SCHEMA

MOST_TOKENS: Final = 5_000  # the query that asks for the whole schema has 250
MOST_CHARACTERS: Final = 200_000
MOST_COMMENTS: Final = 500
DEEPEST: Final = 25  # that query goes 15 deep
MOST_ALIASES: Final = 100
MOST_ROOT_FIELDS: Final = 50
MOST_ERRORS: Final = 20
DOCUMENTS_REMEMBERED: Final = 256

BAD_USER_INPUT: Final = "BAD_USER_INPUT"
COMPLEXITY_EXCEEDED: Final = "COMPLEXITY_EXCEEDED"


class InvalidDocument(InvalidRequest):
    """A query text that cannot be executed. Holds what is wrong with it, and the code of that."""

    def __init__(self, code: str, *errors: GraphQLError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.code = code
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A query text that is as the schema wants it. `sizes` are the variables that its cost depends on; `selections` is
    what executions found of it, None where variables decide what is selected."""

    node: DocumentNode
    operations: Mapping[str | None, Operation]
    sizes: frozenset[str]
    selections: Selections | None


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def read_document(text: str) -> Document:
    """Parse a query text and check it against the schema.

    Raises:
        InvalidDocument: it is no GraphQL, or asks for what the schema does not have.
    """
    try:
        document = parse(
            text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_COMMENTS, max_source_length=MOST_CHARACTERS
        )
    except GraphQLError as error:
        raise InvalidDocument("GRAPHQL_PARSE_FAILED", error) from error
    _refuse_excess(document)
    errors = validate(SCHEMA, document, specified_rules, max_errors=MOST_ERRORS)
    if errors:
        raise InvalidDocument("GRAPHQL_VALIDATION_FAILED", *errors)
    return Document(document, operations_of(document), sizes_asked(document), None if _is_varied(document) else {})


def chosen(document: Document, operation_name: str | None) -> Operation:
    """Find the operation that is to be executed.

    Raises:
        InvalidDocument: there is none of that name, or it is not said which.
    """
    operation = document.operations.get(operation_name)
    if operation is None:
        unnamed = "Must provide operation name if query contains multiple operations."
        message = unnamed if operation_name is None else f"Unknown operation named '{operation_name}'."
        raise InvalidDocument(BAD_USER_INPUT, GraphQLError(message))
    return operation


def _is_varied(document: DocumentNode) -> bool:
    """Say whether a variable decides what is selected."""
    varied = False

    class Variations(Visitor):
        def enter_directive(self, directive: DirectiveNode, *_: Any) -> None:
            nonlocal varied
            varied = varied or any(isinstance(each.value, VariableNode) for each in directive.arguments)

    visit(document, Variations())
    return varied


def refuse_costly(document: Document, operation_name: str | None, variables: Mapping[str, Any]) -> None:
    """Refuse an operation that could read more than a request may.

    Raises:
        InvalidDocument: it could.
    """
    nodes = nodes_of(document, operation_name, variables)
    if nodes > MOST_NODES:
        operation = document.operations.get(operation_name)
        message = (
            f"The query could read {nodes} nodes; {MOST_NODES} is the most: ask for smaller pages or fewer levels."
        )
        raise InvalidDocument(COMPLEXITY_EXCEEDED, GraphQLError(message, None if operation is None else operation.node))


def refuse_subscription(operation: Operation) -> None:
    """Refuse an operation that is answered more than once where one answer is waited for.

    Raises:
        InvalidDocument: it is one.
    """
    if operation.node.operation is OperationType.SUBSCRIPTION:
        message = "A subscription takes a WebSocket (graphql-transport-ws), or the stream beneath this address."
        raise InvalidDocument(BAD_USER_INPUT, GraphQLError(message, operation.node))


def nodes_asked(text: str, operation_name: str | None, variables: Mapping[str, Any]) -> int:
    """Count the nodes that a query may read at most; none where it will be refused, which is soon done."""
    try:
        nodes = nodes_of(read_document(text), operation_name, variables)
    except InvalidDocument:
        return 0
    return nodes if nodes <= MOST_NODES else 0


def nodes_of(document: Document, operation_name: str | None, variables: Mapping[str, Any]) -> int:
    """Count the nodes that an operation of a text may read at most."""
    sizes = [(name, _size(variables[name])) for name in document.sizes if name in variables]
    return _most_nodes(document, operation_name, tuple(sizes))


def _size(value: Any) -> int | range | None:
    """What counts of a variable: a number, or how many there are in a list. A range is as long, and takes no room in
    what is remembered."""
    if isinstance(value, list | tuple):
        return range(len(value))
    return value if isinstance(value, int) else None


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def _most_nodes(document: Document, operation_name: str | None, sizes: tuple[tuple[str, Any], ...]) -> int:
    operation = document.operations.get(operation_name)
    # Where there is none, executing it says what is wrong.
    return 0 if operation is None else most_nodes(SCHEMA, document.node, operation.node, dict(sizes))


def operation_kind(text: str, operation_name: str | None) -> str | None:
    """Say whether a text asks for a query, a mutation or a subscription; None where it does not say.

    Raises:
        InvalidDocument: the text cannot be executed at all.
    """
    operation = read_document(text).operations.get(operation_name)
    return None if operation is None else operation.node.operation.value


# ------------------------------------------------------------------------------------------ limits
def _refuse_excess(document: DocumentNode) -> None:
    """Refuse what would take long to check or exhaust the stack, before it is checked against the schema.

    Raises:
        InvalidDocument: it is nested too deep, or too wide.
    """
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    depths: dict[str, int] = {}
    widths: dict[str, int] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _refuse(definition, "nested {} levels deep", _depth(definition.selection_set, fragments, depths), DEEPEST)
            roots = _width(definition.selection_set, fragments, widths)
            _refuse(definition, "asking for {} things at once", roots, MOST_ROOT_FIELDS)
    aliases = _aliases(document)
    _refuse(document, "using {} aliases", aliases, MOST_ALIASES)


def _refuse(node: Node, what: str, found: int, most: int) -> None:
    if found > most:
        message = f"The query is {what.format(found)}; {most} is the most."
        raise InvalidDocument(COMPLEXITY_EXCEEDED, GraphQLError(message, None if node.loc is None else node))


def _aliases(document: DocumentNode) -> int:
    """Count the fields that are given another name, in operations and fragments."""
    found, todo = 0, [each.selection_set for each in document.definitions if hasattr(each, "selection_set")]
    while todo:
        for selection in (todo.pop() or SelectionSetNode(selections=())).selections:
            found += isinstance(selection, FieldNode) and selection.alias is not None
            todo.append(getattr(selection, "selection_set", None))
    return found


def _width(selections: SelectionSetNode | None, fragments: dict[str, SelectionSetNode], widths: dict[str, int]) -> int:
    """Count the fields of a selection, those of fragments each time they are spread."""
    found = 0
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            found += 1
        elif isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in widths:
                widths[name] = 0  # a fragment within itself is another rule's error
                widths[name] = _width(fragments.get(name), fragments, widths)
            found += widths[name]
        else:
            found += _width(selection.selection_set, fragments, widths)  # type: ignore[attr-defined] # an inline fragment has one
    return found


def _depth(selections: SelectionSetNode | None, fragments: dict[str, SelectionSetNode], depths: dict[str, int]) -> int:
    """Count the levels of a selection. `depths` remembers those of fragments, so that each is walked once."""
    deepest = 0
    for selection in selections.selections if selections else ():
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in depths:
                depths[name] = 0  # a fragment within itself is another rule's error
                depths[name] = _depth(fragments.get(name), fragments, depths)
            below = depths[name]
        else:
            below = _depth(selection.selection_set, fragments, depths) + isinstance(selection, FieldNode)  # type: ignore[attr-defined] # the two other kinds of selection have one
        deepest = max(deepest, below)
    return deepest
