# mypy: allow-subclassing-any
"""The provenance graph around some nodes."""

from collections.abc import Sequence
from typing import Final

import graphene

from lineage import model
from lineage.errors import InvalidRequest, NotFound
from lineage.identity import parse_global_id
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import ArtifactRole, Direction
from lineage_graphql.node import LineageNode

NODES_UNLESS_ASKED: Final = 1000


class LineageEdge(graphene.ObjectType):
    """In the direction of the data: artifact to execution where USED, execution to artifact where GENERATED or
    REUSED. `inferred`: by time and place, not by record."""

    source = graphene.ID(required=True, description="The node that the data comes from.")
    target = graphene.ID(required=True, description="The node that the data goes to.")
    role = ArtifactRole(
        required=True, description="What the execution did with the artifact; SERVED leads to a deployment."
    )
    name = graphene.String(description="The name of the input or output, or of the revision that serves.")
    inferred = graphene.Boolean(
        required=True,
        description="True where the clocks allow another edge as well, or where a volume is mounted: that says what "
        "may have been read and written.",
    )


class Start(graphene.ObjectType):
    """One execution started another: a step its job, a trial the steps of its workflow."""

    source = graphene.ID(required=True, description="The execution that started the other.")
    target = graphene.ID(required=True, description="The execution that was started.")


class Copy(graphene.ObjectType):
    """An artifact that nobody is known to have written may be a copy of another: that was there before, with the same
    content. Of several that hold it, each leads to the one that came next: so all that may be copies of an artifact lie
    downstream of it."""

    source = graphene.ID(required=True, description="The artifact that was there before.")
    target = graphene.ID(required=True, description="The artifact that may be a copy of it.")
    same_bytes = graphene.Boolean(
        required=True,
        description="True where the bytes are equal; false where only what they mean is, as of an archive of the same "
        "files.",
    )


class LineageGraph(graphene.ObjectType):
    """Never silently partial: `complete` is false where anything is missing, `reasons` say why, and `frontier` are
    the nodes to go on from."""

    nodes = graphene.List(graphene.NonNull(LineageNode), required=True, description="The nodes, roots included.")
    edges = graphene.List(graphene.NonNull(LineageEdge), required=True, description="The edges between them.")
    starts = graphene.List(
        graphene.NonNull(Start),
        required=True,
        description="Which of the executions started which: a walk goes along these as along edges.",
    )
    copies = graphene.List(
        graphene.NonNull(Copy),
        required=True,
        description="Which of the artifacts may be copies of which: a walk goes along these as along edges.",
    )
    depth = graphene.Int(required=True, description="How many edges the farthest node is away.")
    complete = graphene.Boolean(required=True, description="False where anything is missing.")
    reasons = graphene.List(graphene.NonNull(graphene.String), required=True, description="Why anything is missing.")
    frontier = graphene.List(
        graphene.NonNull(graphene.ID), required=True, description="The nodes behind which the graph was cut off."
    )


class Paths(graphene.ObjectType):
    """Why some nodes are connected with others, in either direction."""

    graph = graphene.Field(
        LineageGraph,
        required=True,
        description="Every node and every edge of every way from the one to the other: empty where they are not "
        "connected. Of too many nodes, those of the shortest ways.",
    )
    shortest = graphene.List(
        graphene.NonNull(graphene.ID),
        required=True,
        description="The ids of the nodes along a shortest way, in the direction of the data.",
    )


def find_paths(
    _: object,
    info: Info,
    to: Sequence[str],
    max_nodes: int | None = None,
    system: bool | None = None,
    **begins: Sequence[str],  # `from` is no name that Python takes
) -> model.Paths:
    sources = begins["from"]
    _refuse_sizes(max_nodes, sources, to)
    context = context_of(info)
    found = context.store.paths(
        context.scope,
        tuple(map(parse_global_id, sources)),
        tuple(map(parse_global_id, to)),
        max_nodes=NODES_UNLESS_ASKED if max_nodes is None else max_nodes,
        system=bool(system),
    )
    if found is None:
        raise NotFound("none of the nodes of one end is recorded")
    context.loaders.arrived(found.graph.nodes)
    return found


def _refuse_sizes(max_nodes: int | None, *several: Sequence[str]) -> None:
    if max_nodes is not None and max_nodes < 1:
        raise InvalidRequest(f"maxNodes is {max_nodes}; give 1 or more")
    for ids in several:
        if len(ids) > LARGEST_PAGE:
            raise InvalidRequest(f"{len(ids)} roots are given; {LARGEST_PAGE} is the most")


def walk(
    _: object,
    info: Info,
    roots: Sequence[str],
    direction: model.Direction,
    max_depth: int | None = None,
    max_nodes: int | None = None,
    system: bool | None = None,
) -> model.LineageGraph:
    if max_depth is not None and max_depth < 0:
        raise InvalidRequest(f"maxDepth is {max_depth}; give 0 or more, or leave it out to walk to the end")
    _refuse_sizes(max_nodes, roots)
    context = context_of(info)
    graph = context.store.lineage(
        context.scope,
        tuple(map(parse_global_id, roots)),
        direction=direction,
        max_depth=max_depth,
        max_nodes=NODES_UNLESS_ASKED if max_nodes is None else max_nodes,
        system=bool(system),
    )
    if graph is None:
        raise NotFound("none of the roots is recorded")
    context.loaders.arrived(graph.nodes)
    return graph


LINEAGE = graphene.Field(
    LineageGraph,
    roots=graphene.List(
        graphene.NonNull(graphene.ID),
        required=True,
        description="Where to start: executions, artifacts, deployments, or runs, which stand for their executions.",
    ),
    direction=graphene.Argument(
        Direction, required=True, default_value=model.Direction.UPSTREAM, description="Which way to walk."
    ),
    max_depth=graphene.Int(description="How many edges to go at most; to the end unless asked."),
    max_nodes=graphene.Int(default_value=NODES_UNLESS_ASKED, description="How many nodes to collect at most."),
    system=graphene.Boolean(
        default_value=False, description="Whether to show plumbing of the engine, such as drivers of Kubeflow."
    ),
    resolver=walk,
    description="The provenance graph around some nodes: UPSTREAM is where they came from, DOWNSTREAM what they "
    "reached. Null with an error where no root is known.",
)

PATHS = graphene.Field(
    Paths,
    to=graphene.List(graphene.NonNull(graphene.ID), required=True, description="Nodes at the other end."),
    max_nodes=graphene.Int(default_value=NODES_UNLESS_ASKED, description="How many nodes to collect at most."),
    system=graphene.Boolean(
        default_value=False, description="Whether to show plumbing of the engine, such as drivers of Kubeflow."
    ),
    **{
        "from": graphene.List(
            graphene.NonNull(graphene.ID),
            required=True,
            description="Nodes at one end: executions, artifacts, deployments, or runs, which stand for their "
            "executions.",
        )
    },
    resolver=find_paths,
    description="Why some nodes are connected with others: all that lies on any way from the one to the other. Null "
    "with an error where no node of an end is known.",
)
