"""Query texts, parsed and checked: once each, within limits.

Pure but for the cache. Parsing and validating cost more than most answers (eight times a small one), and
the same few texts come again and again.
"""

from functools import lru_cache
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from lineage.errors import InvalidRequest
from lineage_graphql.schema import SCHEMA

MOST_TOKENS: Final = 5_000  # the query that asks for the whole schema has 250
MOST_CHARACTERS: Final = 200_000
MOST_COMMENTS: Final = 500
DEEPEST: Final = 25  # that query goes 15 deep
MOST_ERRORS: Final = 20
DOCUMENTS_REMEMBERED: Final = 256


class InvalidDocument(InvalidRequest):
    """A query text that cannot be executed. Holds what is wrong with it, and the code of that."""

    def __init__(self, code: str, *errors: GraphQLError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.code = code
        self.errors = errors


@lru_cache(maxsize=DOCUMENTS_REMEMBERED)
def read_document(text: str) -> DocumentNode:
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
    errors = validate(SCHEMA, document, [*specified_rules, _BoundedDepth], max_errors=MOST_ERRORS)
    if errors:
        raise InvalidDocument("GRAPHQL_VALIDATION_FAILED", *errors)
    return document


def operation_kind(text: str, operation_name: str | None) -> str | None:
    """Say whether a text asks for a query, a mutation or a subscription; None where it does not say.

    Raises:
        InvalidDocument: the text cannot be executed at all.
    """
    operation = get_operation_ast(read_document(text), operation_name)
    return None if operation is None else operation.operation.value


class _BoundedDepth(ASTValidationRule):
    """Refuse selections nested so deep that answering them would exhaust the stack."""

    def enter_document(self, document: DocumentNode, *_: Any) -> None:
        fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        depths: dict[str, int] = {}
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                depth = _depth(definition.selection_set, fragments, depths)
                if depth > DEEPEST:
                    message = f"The query is nested {depth} levels deep; {DEEPEST} is the most."
                    self.report_error(GraphQLError(message, definition))


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
