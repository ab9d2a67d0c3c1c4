"""How an operation is executed: as graphql-core does, save that what is read straight off a value takes no detour.

Most fields of most answers are attributes of a value that is there already. For each of them graphql-core gathers
what a resolver may want to know, calls one that ignores it, and asks five times what kind of type it has. Here those
fields are found once, with the schema, and read. Whatever is not plain, or does not turn out well, is left to
graphql-core, which knows what to answer.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeAlias

from graphene.types.definitions import GrapheneEnumType, GrapheneObjectType
from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.execute import CollectedErrors, assume_not_awaitable
from graphql.pyutils import Path

from lineage.errors import AnswerTooLarge, DeadlineExceeded, NoRoom, WouldWait
from lineage_graphql.context import Context, Selections
from lineage_graphql.json_text import to_json
from lineage_graphql.operations import Operation
from lineage_graphql.schema import SCHEMA


class _Plain(NamedTuple):
    """A field without arguments whose value is an attribute: a scalar, an enumeration, or a list of such. What is of
    just the class `as_is` is written as it is."""

    attribute: str
    nullable: bool
    as_is: type | None
    serialize: Callable[[Any], Any]


BROKEN_OFF: Final = (AnswerTooLarge, DeadlineExceeded, NoRoom, WouldWait)
"""What ends the whole of an answer: what was left out cannot be told apart from what is not there."""
MOST_SELECTIONS: Final = 500  # that are remembered of one text: a saved query has some fifty at the most
_FIELD_BYTES: Final = 20  # a name, its quotes and a number
_OBJECT_BYTES: Final = 2
_NOT_PLAIN_AFTER_ALL: Final = (AttributeError, GraphQLError, KeyError, TypeError, ValueError)


_PlainFields: TypeAlias = tuple[tuple[str, _Plain], ...]
"""Fields by the names that they have in an answer."""


class Part(NamedTuple):
    """Fields of a selection that stand together: plain ones, or others. `nodes` are those of each, by its name."""

    plain: _PlainFields
    nodes: Collection[tuple[str, list[FieldNode]]]


class Selected(dict[str, list[FieldNode]]):
    """What is selected of the values of a type, as graphql-core has it, and the same in `parts`."""

    def __init__(self, of: GraphQLObjectType, nodes: Mapping[str, list[FieldNode]]) -> None:
        super().__init__(nodes)
        self.parts = list(_parts(_PLAIN[of.name], nodes))

    @property
    def all_plain(self) -> _PlainFields | None:
        """Its fields, where all of them are plain."""
        return self.parts[0].plain if len(self.parts) == 1 else None


def _parts(plain: Mapping[str, _Plain], nodes: Mapping[str, list[FieldNode]]) -> Iterator[Part]:
    for is_plain, some in groupby(nodes.items(), lambda one: one[1][0].name.value in plain):
        together = list(some)
        yield Part(tuple((name, plain[each[0].name.value]) for name, each in together) if is_plain else (), together)


def executed(
    operation: Operation, given: dict[str, Any], context: Context, root_value: object = None
) -> ExecutionResult:
    """Execute an operation with what is given as its variables."""
    variables = operation.variables(given)
    if isinstance(variables, list):
        return ExecutionResult(None, variables)
    collected = CollectedErrors()
    execution = Execution(
        schema=SCHEMA,
        fragments=operation.fragments,
        root_value=root_value,
        context_value=context,
        operation=operation.node,
        variable_values=variables,
        field_resolver=default_field_resolver,
        type_resolver=default_type_resolver,
        subscribe_field_resolver=default_field_resolver,
        collected_errors=collected,
        middleware_manager=None,
        is_awaitable=assume_not_awaitable,
    )
    try:
        data = execution.execute_operation(operation.node, root_value)
    except GraphQLError as error:
        collected.add(error, None)
        data = None
    return Execution.build_response(data, collected.errors)


class Execution(ExecutionContext):
    """Executes one operation. To read a plain field twice changes nothing, so graphql-core may begin anew."""

    def execute_operation(self, operation: OperationDefinitionNode, root_value: Any) -> Any:
        root, known = self.schema.get_root_type(operation.operation), self._known.get(id(operation))
        if root is None or known is None:
            return super().execute_operation(operation, root_value)  # `execute_fields` remembers what it collects
        return self.execute_fields(root, root_value, None, known)

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: dict[str, list[FieldNode]]
    ) -> dict[str, Any]:
        if not isinstance(fields, Selected):  # of the root, which graphql-core has collected
            fields = self._remembered(id(self.operation), Selected(parent_type, fields))
        answers: dict[str, Any] = {}
        size = _OBJECT_BYTES
        for plain, together in fields.parts:
            if plain:
                try:
                    size += _read(plain, source_value, answers)
                    continue
                except _NOT_PLAIN_AFTER_ALL:
                    pass
            for name, nodes in together:
                answer = self.execute_field(parent_type, source_value, nodes, Path(path, name, parent_type.name))
                if answer is not Undefined:
                    answers[name] = answer
        if path is not None:  # at the root, an error would be nobody's
            self._take(size)
        return answers

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override] # static there
        written = super().complete_leaf_value(return_type, result)
        self._take(_size_of(written))
        return written

    def handle_field_error(self, error: GraphQLError, return_type: GraphQLOutputType, path: Path) -> None:
        if isinstance(error.original_error, BROKEN_OFF):
            raise error  # to the root: what else there is to read would meet the same, one by one
        super().handle_field_error(error, return_type, path)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> Any:
        of = _nullable(return_type.of_type)
        fields = self.collect_subfields(of, field_nodes).all_plain if isinstance(of, GraphQLObjectType) else None
        if (
            fields
            and isinstance(result, list | tuple)
            and all(_TYPES.get(item.__class__) is of or _is_of(of, item, info) for item in result)
        ):
            answers: list[dict[str, Any]] = [{} for _ in result]
            try:
                size = sum(_read(fields, item, answer) for item, answer in zip(result, answers, strict=True))
            except _NOT_PLAIN_AFTER_ALL:
                pass
            else:
                self._take(size + len(answers) * _OBJECT_BYTES)
                return answers
        return super().complete_list_value(return_type, field_nodes, info, path, result)

    def complete_abstract_value(
        self,
        return_type: GraphQLAbstractType,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> Any:
        of = _TYPES.get(type(result))
        if of is not None and self.schema.is_sub_type(return_type, of):
            return self.complete_object_value(of, field_nodes, info, path, result)
        return super().complete_abstract_value(return_type, field_nodes, info, path, result)

    def collect_subfields(self, return_type: GraphQLObjectType, field_nodes: list[FieldNode]) -> Selected:
        found = self._known.get(asked := (return_type, *map(id, field_nodes)))
        if found is None:
            found = self._remembered(asked, Selected(return_type, super().collect_subfields(return_type, field_nodes)))
        return found

    @property
    def _known(self) -> Selections:
        context: Context = self.context_value
        return context.selections

    def _remembered(self, asked: Hashable, found: Selected) -> Selected:
        if len(self._known) < MOST_SELECTIONS:
            self._known[asked] = found
        return found

    def _take(self, size_bytes: int) -> None:
        """Count bytes of the answer.

        Raises:
            AnswerTooLarge: it has too many.
            NoRoom: other answers have taken what is left.
        """
        context: Context = self.context_value
        context.deadline.take(size_bytes)


def _read(fields: _PlainFields, source: Any, answers: dict[str, Any]) -> int:
    """Read plain fields off a value into its answers, and say about how many bytes of JSON they have.

    Raises:
        AttributeError, GraphQLError, KeyError, TypeError, ValueError: one is not what the schema says, or cannot be
            written.
    """
    size = 0
    for name, (attribute, nullable, as_is, serialize) in fields:
        value = getattr(source, attribute)
        if value.__class__ is as_is or (value is None and nullable):
            written = value
        else:
            written = serialize(value)
            if value is None or written is None:
                raise TypeError(f"{attribute} is null")
        answers[name] = written
        size += _FIELD_BYTES + len(written) if written.__class__ is str else _size_of(written)
    return size


def _size_of(written: Any) -> int:
    """About how many bytes of JSON a value has, its name included."""
    kind = written.__class__
    if kind is str:
        return _FIELD_BYTES + len(written)
    if kind is dict or kind is list:
        return _FIELD_BYTES + len(to_json(written))
    return _FIELD_BYTES


def _is_of(of: Any, item: Any, info: GraphQLResolveInfo) -> bool:
    return item is not None and (of.is_type_of is None or of.is_type_of(item, info))


def _plain_fields(schema: GraphQLSchema) -> Mapping[str, Mapping[str, _Plain]]:
    return {
        name: {field: plain for field, declared in of.fields.items() if (plain := _plain(declared)) is not None}
        for name, of in schema.type_map.items()
        if isinstance(of, GraphQLObjectType)
    }


def _types_of_values(schema: GraphQLSchema) -> Mapping[type, GraphQLObjectType]:
    """Say of which type values of a class are, where that is said with the type."""
    types = (of for of in schema.type_map.values() if isinstance(of, GrapheneObjectType))
    return {each: of for of in types for each in of.graphene_type._meta.possible_types}


def _plain(field: GraphQLField) -> _Plain | None:
    of, resolve = _nullable(field.type), field.resolve
    serialize = _serializer(of)
    if field.args or serialize is None:
        return None
    if not isinstance(resolve, partial) or resolve.func is not dict_or_attr_resolver:
        return None
    return _Plain(resolve.args[0], of is field.type, _WRITTEN_AS_THEY_ARE.get(getattr(of, "name", "")), serialize)


def _serializer(of: GraphQLOutputType) -> Callable[[Any], Any] | None:
    """Say how values of a type are written; None where it takes more than that."""
    if isinstance(of, GrapheneEnumType):
        return {member: of.serialize(member) for member in of.graphene_type._meta.enum}.__getitem__
    if isinstance(of, GraphQLScalarType | GraphQLEnumType):
        return of.serialize
    if not isinstance(of, GraphQLList) or not isinstance(of.of_type, GraphQLNonNull):
        return None
    item = of.of_type.of_type
    return partial(_all_written, item.serialize) if isinstance(item, GraphQLScalarType | GraphQLEnumType) else None


def _all_written(serialize: Callable[[Any], Any], values: Any) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{type(values).__name__} is no list")
    written = [serialize(value) for value in values]
    if None in values or None in written:
        raise TypeError("an item is null")
    return written


def _nullable(of: GraphQLOutputType) -> GraphQLOutputType:
    return of.of_type if isinstance(of, GraphQLNonNull) else of


_WRITTEN_AS_THEY_ARE: Final[Mapping[str, type]] = {"ID": str, "String": str, "Digest": str, "Boolean": bool}
"""Of which class the values of a scalar are that are written as they are."""
_PLAIN: Final = _plain_fields(SCHEMA)
_TYPES: Final = _types_of_values(SCHEMA)
