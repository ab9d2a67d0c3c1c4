# mypy: allow-subclassing-any
"""The operators of the `where` inputs, and their translation into what a store understands.

Pure. An input of an aggregate (`RunWhere`) stands beside its type and lists the fields; this file knows
how each kind of comparison reads, and nothing of the fields.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import Any, Final, assert_never

import graphene
from graphene.utils.str_converters import to_camel_case

from lineage.errors import InvalidRequest
from lineage.identity import parse_global_id
from lineage.ports import AllOf, AnyOf, Condition, Not, Operator, Where
from lineage_graphql.enums import Phase
from lineage_graphql.scalars import DateTime, Digest

# A statement can hold more, but planning and running it would take longer than anyone waits.
MOST_CONDITIONS: Final = 50
DEEPEST_FILTER: Final = 10
MOST_VALUES: Final = 1_000  # of one `in`


def _one_of(scalar: Any) -> graphene.InputField:
    return graphene.InputField(
        graphene.List(graphene.NonNull(scalar)), name="in", description="It is one of these; of none, nothing matches."
    )


def _is_null() -> graphene.Boolean:
    return graphene.Boolean(description="True: it is not known. False: it is.")


class StringWhere(graphene.InputObjectType):
    """An empty `in` matches nothing; every given operator must hold."""

    eq = graphene.String(description="It is this text.")
    in_ = _one_of(graphene.String)
    contains = graphene.String(description="This text is in it.")
    starts_with = graphene.String(description="It starts with this text.")
    is_null = _is_null()


class IDWhere(graphene.InputObjectType):
    """Compare by global id."""

    eq = graphene.ID(description="It is the node with this id.")
    in_ = _one_of(graphene.ID)
    is_null = _is_null()


class PhaseWhere(graphene.InputObjectType):
    """Compare by phase."""

    eq = Phase(description="It is in this phase.")
    in_ = _one_of(Phase)


class DateTimeWhere(graphene.InputObjectType):
    """Compare points in time. Where a time is not known, no comparison but `isNull` holds."""

    eq = DateTime(description="It is exactly then.")
    gt = DateTime(description="It is later.")
    gte = DateTime(description="It is then or later.")
    lt = DateTime(description="It is earlier.")
    lte = DateTime(description="It is then or earlier.")
    is_null = _is_null()


class FloatWhere(graphene.InputObjectType):
    """Compare numbers. Where a number is not known, no comparison but `isNull` holds."""

    eq = graphene.Float(description="It is this number.")
    gt = graphene.Float(description="It is greater.")
    gte = graphene.Float(description="It is this number or greater.")
    lt = graphene.Float(description="It is less.")
    lte = graphene.Float(description="It is this number or less.")
    is_null = _is_null()


class ParameterWhere(graphene.InputObjectType):
    """A run's argument. Comparisons are by number where both sides are numbers, else by text."""

    name = graphene.String(required=True, description="The name of the parameter.")
    eq = graphene.String(description="Its value is this.")
    in_ = _one_of(graphene.String)
    contains = graphene.String(description="This text is in its value.")
    starts_with = graphene.String(description="Its value starts with this text.")
    gt = graphene.String(description="Its value is greater.")
    gte = graphene.String(description="Its value is this or greater.")
    lt = graphene.String(description="Its value is less.")
    lte = graphene.String(description="Its value is this or less.")


class MetricWhere(graphene.InputObjectType):
    """The latest value of a metric of the run."""

    name = graphene.String(required=True, description="The name of the metric.")
    eq = graphene.Float(description="It is this number.")
    gt = graphene.Float(description="It is greater.")
    gte = graphene.Float(description="It is this number or greater.")
    lt = graphene.Float(description="It is less.")
    lte = graphene.Float(description="It is this number or less.")


class LabelWhere(graphene.InputObjectType):
    """A label of the object, by its full name."""

    name = graphene.String(required=True, description="The name of the label, with its prefix.")
    eq = graphene.String(description="Its value is this.")
    is_null = graphene.Boolean(description="True: the object does not bear it. False: it does.")


class ImageWhere(graphene.InputObjectType):
    """An image that a container asked for or ran."""

    contains = graphene.String(description="This text is in the reference that was asked for.")
    digest = Digest(description="What ran has this digest.")


def to_where(given: Mapping[str, Any]) -> Where:
    """Translate an input of an aggregate. Fields that are null or not given ask for nothing.

    Raises:
        InvalidRequest: an id or a null makes no sense, or more is asked than a statement can hold.
    """
    where = _all_of(given, level=1)
    conditions = list(_conditions_in(where))
    _refuse_more(len(conditions), MOST_CONDITIONS, "conditions; to ask for one of several values, use `in`")
    for condition in conditions:
        if condition.operator is Operator.IN:
            _refuse_more(len(condition.value), MOST_VALUES, f"values of {condition.field}")
    return where


def _refuse_more(found: int, most: int, what: str) -> None:
    if found > most:
        raise InvalidRequest(f"the filter has {found} of at most {most} {what}")


def _conditions_in(where: Where) -> Iterator[Condition]:
    match where:
        case Condition():
            yield where
        case AllOf(of=parts) | AnyOf(of=parts):
            for part in parts:
                yield from _conditions_in(part)
        case Not(of=part):
            yield from _conditions_in(part)
        case _:
            assert_never(where)


def _all_of(given: Mapping[str, Any], level: int) -> Where:
    _refuse_more(level, DEEPEST_FILTER, "levels")
    terms = (_terms(name, value, level + 1) for name, value in given.items() if value is not None)
    return AllOf(tuple(chain.from_iterable(terms)))


def _terms(name: str, value: Any, level: int) -> Iterator[Where]:
    match name:
        case "and_":
            yield AllOf(tuple(_all_of(each, level) for each in value))
        case "or_":
            yield AnyOf(tuple(_all_of(each, level) for each in value))
        case "not_":
            yield Not(_all_of(value, level))
        case _:
            yield from _conditions(to_camel_case(name), value)


def _conditions(field: str, value: Any) -> Iterator[Condition]:
    match value:
        case bool():
            yield Condition(field=field, operator=Operator.EQ, value=value)
        case StrEnum():
            yield Condition(field=field, operator=Operator.EQ, value=value)
        case str():  # an id; no other text is compared without an operator
            yield Condition(field=field, operator=Operator.EQ, value=parse_global_id(value))
        case IDWhere():
            for operator, ids in _operators(field, value):
                yield Condition(field=field, operator=operator, value=_keys(ids))
        case ImageWhere():
            for name, operand in value.items():
                _refuse_null(f"{field}.{name}", operand)
            piece, digest = value.get("contains"), value.get("digest")
            if piece is not None:  # both are asked of the same image
                yield Condition(field=field, operator=Operator.CONTAINS, value=piece, name=digest)
            elif digest is not None:
                yield Condition(field="imageDigest", operator=Operator.EQ, value=digest)
        case _:
            named = value.get("name")
            for operator, operand in _operators(field, value):
                yield Condition(field=field, operator=operator, value=operand, name=named)


def _operators(field: str, given: Mapping[str, Any]) -> Iterator[tuple[Operator, Any]]:
    for name, operand in given.items():
        if name == "name":
            continue
        operator = Operator(to_camel_case(name.removesuffix("_")))
        _refuse_null(f"{field}.{operator}", operand)
        yield operator, tuple(operand) if isinstance(operand, list) else operand


def _refuse_null(what: str, operand: Any) -> None:
    # Ignoring it would match everything, comparing with it nothing; neither is what was meant.
    if operand is None:
        raise InvalidRequest(f"{what} is null; leave it out, or ask with isNull for what is not known")


def _keys(operand: Any) -> Any:
    match operand:
        case str():
            return parse_global_id(operand)
        case tuple():
            return tuple(map(parse_global_id, operand))
        case _:  # isNull
            return operand
