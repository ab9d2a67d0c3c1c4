"""Lists of executions of which no more is selected than their heads, read in two thirds of the time. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from graphene.utils.str_converters import to_camel_case
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from lineage import model
from lineage_graphql.context import Info, context_of

OF_LIST: Final = frozenset({"cursor", "edges", "node", "nodes", "pageInfo", "totalCount", "__typename"})
OF_PAGE: Final = frozenset({"endCursor", "hasNextPage", "hasPreviousPage", "startCursor"})
OF_HEAD: Final = frozenset(map(to_camel_case, model.ExecutionHead.__struct_fields__))


def executions_as(info: Info) -> type[model.Execution | model.ExecutionHead]:
    """Say as what the executions of a list are to be read: as their heads, where these are all that is selected."""
    known = context_of(info).selections
    asked = (OF_HEAD, *map(id, info.field_nodes))
    found: type[model.Execution | model.ExecutionHead] | None = known.get(asked)
    if found is None:
        selected = _names(info.field_nodes, info.fragments) - OF_LIST - OF_PAGE
        found = known[asked] = model.ExecutionHead if selected and selected <= OF_HEAD else model.Execution
    return found


def _names(nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> set[str]:
    """Name all fields that are selected beneath some, also those that variables leave out."""
    names: set[str] = set()
    spread: set[str] = set()
    todo: list[SelectionSetNode | None] = [node.selection_set for node in nodes]
    while todo:
        selections = todo.pop()
        for each in () if selections is None else selections.selections:
            match each:
                case FieldNode():
                    names.add(each.name.value)
                    todo.append(each.selection_set)
                case InlineFragmentNode():
                    todo.append(each.selection_set)
                case FragmentSpreadNode() if each.name.value not in spread:
                    spread.add(each.name.value)
                    todo.append(fragments[each.name.value].selection_set)
    return names
