# mypy: allow-subclassing-any
"""What has a global id, and how to find it by that id."""

from collections.abc import Sequence

import graphene
from graphql import GraphQLError

from lineage import model
from lineage.errors import InvalidId, InvalidRequest, NotFound
from lineage.identity import parse_global_id
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.context import Info, context_of


class Node(graphene.Interface):
    """Anything with a global id: opaque, unique over all types, the same after a restart, a rebuild or in another
    store of the same knowledge."""

    id = graphene.ID(required=True, description="The global id.")


class LineageNode(graphene.Interface):
    """What can stand in a provenance graph."""

    class Meta:
        interfaces = (Node,)

    id = graphene.ID(required=True, description="The global id.")
    name = graphene.String(required=True, description="What it is called.")


class Hidden(graphene.ObjectType):
    """Stands for what the caller may not see."""

    class Meta:
        interfaces = (Node, LineageNode)
        possible_types = (model.Hidden,)

    id = graphene.ID(required=True, description="The global id: of all that is hidden on one side of a node.")
    name = graphene.String(required=True, description="The same for all.")


def find_node(_: object, info: Info, id: str) -> model.Node:
    found = context_of(info).loaders.node(parse_global_id(id))
    if found is None:
        raise NotFound(f"no node with the id {id!r:.80} is recorded")
    return found


def find_nodes(_: object, info: Info, ids: Sequence[str]) -> list[model.Node | GraphQLError | InvalidId | None]:
    """Find each node; an id that this API never gave out is an error in its place and spoils no other."""
    if len(ids) > LARGEST_PAGE:
        raise InvalidRequest(f"{len(ids)} ids are given; {LARGEST_PAGE} is the most")
    keys = [_key_or_error(each) for each in ids]
    context = context_of(info)
    found = iter(context.loaders.nodes([key for key in keys if isinstance(key, tuple)]))
    return [next(found) if isinstance(key, tuple) else key for key in keys]


def _key_or_error(text: str) -> tuple[str | int | None, ...] | InvalidId:
    try:
        return parse_global_id(text)
    except InvalidId as error:
        return error


NODE = graphene.Field(
    Node,
    id=graphene.ID(required=True, description="The global id."),
    resolver=find_node,
    description="Find anything by its global id. Null with an error where it is not known.",
)
NODES = graphene.Field(
    graphene.List(Node),
    ids=graphene.List(graphene.NonNull(graphene.ID), required=True, description="The global ids."),
    required=True,
    resolver=find_nodes,
    description="Find several things by their global ids, in their order; null where one is not known.",
)
