"""Subscriptions: what one follows is read off its text once, and each change is answered as a query would be.

Works without a connection, and keeps nothing: who listens to whom, and how they are told, is for others to say.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    execute_sync,
    get_operation_ast,
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
    InvalidDocument,
    nodes_asked,
    read_document,
    refuse_costly,
)
from lineage_graphql.execution import Execution
from lineage_graphql.filters import to_where
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
    _document: DocumentNode = field(repr=False, compare=False)
    _operation_name: str | None = field(compare=False)
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
        for change in changes:
            result = execute_sync(
                SCHEMA,
                self._document,
                root_value=change,
                context_value=context,
                variable_values=dict(self._variables),
                operation_name=self._operation_name,
                execution_context_class=Execution,
            )
            yield formatted(result)


def read_subscription(text: str, variables: Mapping[str, Any] | None, operation_name: str | None) -> Subscription:
    """Read what one wants to follow.

    Raises:
        SubscriptionRefused: it cannot be followed, as a query of its form could not be answered.
    """
    given = dict(variables or {})
    try:
        document = read_document(text)
        refuse_costly(document, operation_name, given)
    except InvalidDocument as refused:
        raise SubscriptionRefused([told(error, refused.code) for error in refused.errors]) from refused
    nodes = nodes_asked(text, operation_name, given)
    if nodes > MOST_NODES_OF_EVENT:
        message = f"Each change could read {nodes} nodes; {MOST_NODES_OF_EVENT} is the most: ask for smaller pages."
        raise SubscriptionRefused([told(GraphQLError(message), COMPLEXITY_EXCEEDED)])
    operation = get_operation_ast(document.node, operation_name)
    if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
        raise SubscriptionRefused([told(GraphQLError("No subscription of that name is in the text."), BAD_USER_INPUT)])
    arguments, coming_from = _arguments(document.node, operation, operation_name, given)
    same = {name: value for name, value in given.items() if name != coming_from}
    where = arguments.get("where")
    try:
        return Subscription(
            where=None if where is None else to_where(where),
            after=arguments.get(AFTER),
            question=json.dumps([text, operation_name, same], sort_keys=True),
            _document=document.node,
            _operation_name=operation_name,
            _variables=given,
        )
    except InvalidRequest as error:
        raise SubscriptionRefused(refusal(error)) from error


def refusal(error: LineageError) -> Sequence[Mapping[str, Any]]:
    """Say what became of a subscription that cannot go on, as its caller is told it."""
    return located([GraphQLError(str(error), original_error=error)])


def _arguments(
    document: DocumentNode, operation: OperationDefinitionNode, operation_name: str | None, given: dict[str, Any]
) -> tuple[Mapping[str, Any], str | None]:
    """The arguments of the one field that is followed, and the variable that says nothing but from where."""
    try:
        context = Execution.build(SCHEMA, document, raw_variable_values=given, operation_name=operation_name)
        if isinstance(context, list):
            raise SubscriptionRefused([told(error, BAD_USER_INPUT) for error in context])
        root = SCHEMA.subscription_type
        assert root is not None  # noqa: S101 - for the type
        found = collect_fields(SCHEMA, context.fragments, context.variable_values, root, operation.selection_set)
        if not found:
            raise SubscriptionRefused([told(GraphQLError("The subscription follows nothing."), BAD_USER_INPUT)])
        node = next(iter(found.values()))[0]
        arguments = get_argument_values(root.fields[node.name.value], node, context.variable_values)
    except GraphQLError as error:
        raise SubscriptionRefused([told(error, BAD_USER_INPUT)]) from error
    except RecursionError as error:
        raise SubscriptionRefused(
            [told(GraphQLError("The variables are nested too deeply."), BAD_USER_INPUT)]
        ) from error
    return arguments, _only_says_from_where(document, node)


def _only_says_from_where(document: DocumentNode, node: FieldNode) -> str | None:
    value = next((each.value for each in node.arguments if each.name.value == AFTER), None)
    if not isinstance(value, VariableNode):
        return None
    named = value.name.value
    times = 0

    class Uses(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            nonlocal times
            times += variable.name.value == named

    visit(document, Uses())
    return named if times == 2 else None  # where it is declared, and here
