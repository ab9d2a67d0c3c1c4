"""Answers: a query executed against a store, errors in the form that callers may see.

Works without HTTP. What the caller did wrong is told with its code; what we did wrong is logged once,
under a request id, and the caller is told nothing but that id.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from graphql import ExecutionResult, GraphQLError

from lineage.deadline import Deadline
from lineage.errors import AnswerTooLarge, InvalidRequest, NoRoom, NotFound, UnknownCursor, WouldWait
from lineage.ports import LineageStore, Scope
from lineage_graphql.context import Context, Outside, open_context
from lineage_graphql.documents import (
    BAD_USER_INPUT,
    InvalidDocument,
    chosen,
    read_document,
    refuse_costly,
    refuse_subscription,
)
from lineage_graphql.execution import BROKEN_OFF, executed
from lineage_graphql.operations import Operation
from lineage_graphql.small import SmallQuery

log = structlog.get_logger(__name__)

BUDGET_SECONDS: Final = 30.0
TOO_DEEP: Final[dict[str, Any]] = {
    "errors": [{"message": "The variables are nested too deeply.", "extensions": {"code": BAD_USER_INPUT}}]
}


def execute(
    store: LineageStore,
    scope: Scope,
    query: str,
    variables: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    deadline: Deadline | None = None,
    outside: Outside | None = None,
) -> dict[str, Any]:
    """Answer a query. The answer has no `data` where the request could not be executed at all.

    `deadline` is looked at before each read, and a read under way is ended by the store; without one, there are
    `BUDGET_SECONDS` from now on, and room for everything. `outside` is what there is beside the store.

    Raises:
        NoRoom: other answers take all the room that there is.
    """
    deadline = deadline or Deadline(BUDGET_SECONDS)
    given = dict(variables or {})
    try:
        document = read_document(query)
        refuse_costly(document, operation_name, given)
        operation = chosen(document, operation_name)
        refuse_subscription(operation)
    except InvalidDocument as refused:
        return {"errors": [told(error, refused.code) for error in refused.errors]}
    context = open_context(store.within(deadline), scope, deadline, outside, document.selections)
    result = _executed(operation, given, context)
    return TOO_DEEP if result is None else formatted(result)


def execute_at_once(
    store: LineageStore,
    scope: Scope,
    query: SmallQuery,
    variables: Mapping[str, Any] | None = None,
    *,
    deadline: Deadline,
    outside: Outside | None = None,
) -> dict[str, Any]:
    """Answer a query that is small where nobody may be kept waiting, of a store that is made for that
    (`LineageStore.at_once`): as `execute` would, or not at all.

    Raises:
        WouldWait: the store would wait for something, or time or room is over. Nothing came of it: ask `execute`.
    """
    context = open_context(store.within(deadline), scope, deadline, outside, query.document.selections)
    result = _executed(query.operation, dict(variables or {}), context)
    if result is None:
        return TOO_DEEP
    if _breaking_off(result) is not None:
        _let_go_of(result)
        raise WouldWait
    return formatted(result)


def _executed(operation: Operation, given: dict[str, Any], context: Context) -> ExecutionResult | None:
    """Execute an operation; None where its variables are nested too deeply."""
    try:
        return executed(operation, given, context)
    except RecursionError:  # from reading variables, before any field is answered
        return None
    finally:
        context.loaders.let_go()


def formatted(result: ExecutionResult) -> dict[str, Any]:
    """Write what an execution came to, as the caller is told it.

    Raises:
        NoRoom: other answers take all the room that there is.
    """
    if result.data is None and all(error.path is None for error in result.errors or ()):
        return {"errors": [told(error, BAD_USER_INPUT) for error in result.errors or ()]}
    broken = _breaking_off(result)
    if broken is not None:
        _let_go_of(result)
        return _broken_off(broken)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer = {"errors": located(result.errors), **answer}
    return answer


def _breaking_off(result: ExecutionResult) -> GraphQLError | None:
    """Find the error that ended an answer, if one did."""
    return next((error for error in result.errors or () if isinstance(error.original_error, BROKEN_OFF)), None)


def _broken_off(error: GraphQLError) -> dict[str, Any]:
    """Tell the error that ended an answer."""
    cause = error.original_error
    if isinstance(cause, NoRoom):
        raise NoRoom
    code = "ANSWER_TOO_LARGE" if isinstance(cause, AnswerTooLarge) else "DEADLINE_EXCEEDED"
    return {"errors": [told(error, code)], "data": None}


def _let_go_of(result: ExecutionResult) -> None:
    for error in result.errors or ():
        _let_go(error)


def _let_go(error: BaseException | None) -> None:
    """Let go of what an error holds: all that was read when it came, in a circle that lasts until it is collected."""
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        _let_go(getattr(error, "original_error", None))
        error = error.__cause__ or error.__context__


def located(errors: Sequence[GraphQLError]) -> list[Mapping[str, Any]]:
    """Write errors with their codes; faults of ours are logged, and masked."""
    codes = list(map(_code, errors))
    faults = [error for error, code in zip(errors, codes, strict=True) if code is None]
    request_id = secrets.token_hex(8)
    if faults:
        log.warning("query failed", request_id=request_id, faults=len(faults), exc_info=_cause(faults[0]))
    return [
        _masked(error, request_id) if code is None else told(error, code)
        for error, code in zip(errors, codes, strict=True)
    ]


def _code(error: GraphQLError) -> str | None:
    """Say what kind of mistake of the caller this is; None for a fault of ours."""
    match error.original_error:
        case NotFound():
            return "NOT_FOUND"
        case UnknownCursor():
            return "UNKNOWN_CURSOR"
        case InvalidRequest():
            return BAD_USER_INPUT
        case None:
            return BAD_USER_INPUT
        # An argument that only shows to be wrong on execution; a value that cannot be written has no nodes.
        case GraphQLError(nodes=nodes) if nodes:
            return BAD_USER_INPUT
        case _:
            return None


def _cause(error: GraphQLError) -> Exception:
    return error.original_error or error


def told(error: GraphQLError, code: str) -> Mapping[str, Any]:
    """Write an error of the caller's with its code."""
    return {**error.formatted, "extensions": {"code": code}}


def _masked(error: GraphQLError, request_id: str) -> Mapping[str, Any]:
    extensions = {"code": "INTERNAL", "requestId": request_id}
    return {**error.formatted, "message": "Internal server error", "extensions": extensions}
