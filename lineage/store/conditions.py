"""Filters in SQL: conditions of the API on columns and on what hangs on a row.

Expressions only; which fields a list has is said in `lineage.store.queries`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, assert_never

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, true

from lineage.errors import InvalidRequest
from lineage.identity import encode_key
from lineage.ports import AllOf, AnyOf, Condition, Not, Operator, Where
from lineage.store.texts import storable

Expression: TypeAlias = ColumnElement[Any]
Ask: TypeAlias = Callable[[Condition], ColumnElement[bool]]
"""Turns a condition on one field into SQL."""


def where_clause(fields: Mapping[str, Ask], where: Where | None) -> ColumnElement[bool]:
    """Turn a filter into SQL.

    Raises:
        InvalidRequest: it asks for a field that this list does not have.
    """
    match where:
        case None:
            return true()
        case AllOf(of=parts):
            return and_(true(), *(where_clause(fields, part) for part in parts))
        case AnyOf(of=parts):
            return or_(false(), *(where_clause(fields, part) for part in parts))
        case Not(of=part):
            # What is unknown does not match, so it matches the negation.
            return not_(func.coalesce(where_clause(fields, part), false()))
        case Condition():
            ask = fields.get(where.field)
            if ask is None:
                raise InvalidRequest(f"cannot filter by {where.field}; try one of {', '.join(sorted(fields))}")
            return ask(where)
        case _:
            assert_never(where)


def compare(expression: Any, operator: Operator, value: Any) -> ColumnElement[bool]:
    """Compare a column as the operators of the API do: exactly, and with regard to case."""
    value = storable(value) if isinstance(value, str) else value
    compared: ColumnElement[bool] = _compare(expression, operator, value)
    return compared


def _compare(expression: Any, operator: Operator, value: Any) -> Any:
    match operator:
        case Operator.EQ:
            return expression.is_(None) if value is None else expression == value
        case Operator.IN:
            return expression.in_([storable(v) if isinstance(v, str) else v for v in value]) if value else false()
        case Operator.CONTAINS:
            return func.replace(expression, value, "") != expression if value else expression.is_not(None)
        case Operator.STARTS_WITH:
            return func.substr(expression, 1, len(value)) == value
        case Operator.GT:
            return expression > value
        case Operator.GTE:
            return expression >= value
        case Operator.LT:
            return expression < value
        case Operator.LTE:
            return expression <= value
        case Operator.IS_NULL:
            return expression.is_(None) if value else expression.is_not(None)
        case _:
            assert_never(operator)


def plain(expression: Expression, convert: Callable[[Any], Any] = lambda value: value) -> Ask:
    """A column, compared as it is; `convert` turns a value of the API into one of the column."""

    def ask(condition: Condition) -> ColumnElement[bool]:
        value = condition.value
        if condition.operator is Operator.IN:
            value = [convert(one) for one in value]
        elif condition.operator is not Operator.IS_NULL and value is not None:
            value = convert(value)
        return compare(expression, condition.operator, value)

    return ask


def flag(expression: ColumnElement[bool]) -> Ask:
    """A condition that holds or does not."""
    return lambda condition: expression if condition.value else not_(expression)


def identified(expression: Expression) -> Ask:
    """A column that holds the text of a key, as the stores of this program write it."""
    return plain(expression, encode_key)


def run_named(expression: Expression) -> Ask:
    """A run's key column holds the run id alone."""
    return plain(expression, lambda key: str(key[1]) if len(key) == 2 and key[0] == "Run" else "")


def any_of(base: Select[Any], inner: Callable[[Condition], ColumnElement[bool]]) -> Ask:
    """Rows that hang on the one asked about: one of them must match."""
    return lambda condition: exists(base.where(inner(condition)))
