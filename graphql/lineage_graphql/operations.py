"""The operations of a text: of each, what is found once, however often it is executed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
)
from graphql.execution.values import get_variable_values

from lineage_graphql.schema import SCHEMA

MOST_ERRORS: Final = 50  # of variables, that are told: as many as graphql-core tells
_TAKEN_AS_THEY_ARE: Final[Mapping[str, type]] = {"ID": str, "String": str, "Boolean": bool}
"""Of which class the values of a scalar are that are taken as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation, and the fragments beside it. `plain` are its variables by the classes of which they are taken as
    they are, where all of them may be."""

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    plain: Mapping[str, type] | None

    def variables(self, given: dict[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        """Read the values of its variables, or say what is wrong with them."""
        plain = self.plain
        if plain is not None and all(given.get(name).__class__ is of for name, of in plain.items()):
            return {name: given[name] for name in plain}
        return get_variable_values(SCHEMA, self.node.variable_definitions, given, MOST_ERRORS)


def operations_of(document: DocumentNode) -> Mapping[str | None, Operation]:
    """Find the operations of a text by their names; the one that is meant where none is named, as None."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    nodes = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    found: dict[str | None, Operation] = {}
    for node in nodes:
        operation = Operation(node, fragments, _plain(node))
        if len(nodes) == 1:
            found[None] = operation
        if node.name is not None:
            found[node.name.value] = operation
    return found


def _plain(operation: OperationDefinitionNode) -> Mapping[str, type] | None:
    classes = {each.variable.name.value: _class_of(each) for each in operation.variable_definitions}
    found = {name: of for name, of in classes.items() if of is not None}
    return found if len(found) == len(classes) else None


def _class_of(variable: VariableDefinitionNode) -> type | None:
    of = variable.type.type if isinstance(variable.type, NonNullTypeNode) else variable.type
    return _TAKEN_AS_THEY_ARE.get(of.name.value) if isinstance(of, NamedTypeNode) else None
