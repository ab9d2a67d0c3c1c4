"""Subscriptions: what one follows is read off its text once, and each change is answered as a query would be.

Works without a connection, and keeps nothing: who listens to whom, and how they are told, is for others to say.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from lineage.deadline import Deadline
from lineage.errors import InvalidRequest, LineageError
from lineage.ports import LineageStore, RunChange, Scope, Where
from lineage_graphql.answers import formatted, located, told
from lineage_graphql.context import open_context
from lineage_graphql.documents import (
    BAD_USER_INPUT,
    COMPLEXITY_EXCEEDED,
    Document,
    InvalidDocument,
    chosen,
    nodes_asked,
    read_document,
    refuse_costly,
)
from lineage_graphql.execution import executed
from lineage_graphql.filters import to_where
from lineage_graphql.operations import Operation
from lineage_graphql.schema import SCHEMA

MOST_NODES_OF_EVENT: Final = 20_000  # a second's work: each change is answered anew, as long as somebody listens
AFTER: Final = "after"


class SubscriptionRefused(Exception):
    """What was asked cannot be followed. Holds the errors as the caller is told them."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("; ".join(str(error["message"]) for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What one follows, from where, and what of it is told. `question` is the same of all who are told the same: where
    each of them begins is no part of it."""

    where: Where | None
    after: str | None
    question: str
    _operation: Operation = field(repr=False, compare=False)
    _variables: Mapping[str, Any] = field(repr=False, compare=False)

    def going_on(self, after: str) -> "Subscription":
        """The same from another place on."""
        return replace(self, after=after)

    def answers(
        self, store: LineageStore, scope: Scope, changes: Sequence[RunChange], deadline: Deadline
    ) -> Iterator[Mapping[str, Any]]:
        """Answer changes, one after another. What several of them need is read together."""
        context = open_context(store.within(deadline), scope, deadline)
        context.loaders.arrived([change.run for change in changes])
        try:
            for change in changes:
                yield formatted(executed(self._operation, dict(self._variables), context, change))
        finally:
            context.loaders.let_go()


def read_subscription(text: str, variables: Mapping[str, Any] | None, operation_name: str | None) -> Subscription:
    """Read what one wants to follow.

    Raises:
        SubscriptionRefused: it cannot be followed, as a query of its form could not be answered.
    """
    given = dict(variables or {})
    try:
        document = _document(text, operation_name, given)
        operation = chosen(document, operation_name)
        node, arguments = _followed(operation, given)
        where, from_where = arguments.get("where"), _only_says_from_where(document.node, node)
        same = {name: value for name, value in given.items() if name != from_where}
        return Subscription(
            where=None if where is None else to_where(where),
            after=arguments.get(AFTER),
            question=json.dumps([text, operation_name, same], sort_keys=True),
            _operation=operation,
            _variables=given,
        )
    except InvalidDocument as error:
        raise SubscriptionRefused([told(one, error.code) for one in error.errors]) from error
    except InvalidRequest as error:
        raise SubscriptionRefused(refusal(error)) from error
    except RecursionError as error:
        raise SubscriptionRefused(refusal(InvalidRequest("The variables are nested too deeply."))) from error


def refusal(error: LineageError) -> Sequence[Mapping[str, Any]]:
    """Say what became of a subscription that cannot go on, as its caller is told it."""
    return located([GraphQLError(str(error), original_error=error)])


def _document(text: str, operation_name: str | None, variables: Mapping[str, Any]) -> Document:
    """Read a text whose answers are small enough to be given again and again.

    Raises:
        InvalidDocument: it is none, or they are not.
    """
    document = read_document(text)
    refuse_costly(document, operation_name, variables)
    nodes = nodes_asked(text, operation_name, variables)
    if nodes > MOST_NODES_OF_EVENT:
        message = f"Each change could read {nodes} nodes; {MOST_NODES_OF_EVENT} is the most: ask for smaller pages."
        raise InvalidDocument(COMPLEXITY_EXCEEDED, GraphQLError(message))
    return document


def _followed(operation: Operation, variables: dict[str, Any]) -> tuple[FieldNode, Mapping[str, Any]]:
    """The one field that is followed, and its arguments.

    Raises:
        InvalidDocument: no field is, or its arguments or the variables are not what they should be.
    """
    root = SCHEMA.subscription_type
    if root is None or operation.node.operation is not OperationType.SUBSCRIPTION:
        raise InvalidDocument(BAD_USER_INPUT, GraphQLError("The text has no subscription of that name."))
    values = operation.variables(variables)
    if isinstance(values, list):
        raise InvalidDocument(BAD_USER_INPUT, *values)
    try:
        found = collect_fields(SCHEMA, operation.fragments, values, root, operation.node.selection_set)
        if not found:
            raise InvalidDocument(BAD_USER_INPUT, GraphQLError("The subscription follows nothing."))
        node = next(iter(found.values()))[0]
        return node, get_argument_values(root.fields[node.name.value], node, values)
    except GraphQLError as error:
        raise InvalidDocument(BAD_USER_INPUT, error) from error


def _only_says_from_where(document: DocumentNode, node: FieldNode) -> str | None:
    """Name the variable that is used for nothing but to say where to begin."""
    value = next((each.value for each in node.arguments if each.name.value == AFTER), None)
    if not isinstance(value, VariableNode):
        return None
    uses = _Uses()
    visit(document, uses)
    return value.name.value if uses.of[value.name.value] == 2 else None  # where it is declared, and here


class _Uses(Visitor):
    """Counts where variables are named."""

    def __init__(self) -> None:
        super().__init__()
        self.of: Counter[str] = Counter()

    def enter_variable(self, variable: VariableNode, *_: Any) -> None:
        self.of[variable.name.value] += 1
