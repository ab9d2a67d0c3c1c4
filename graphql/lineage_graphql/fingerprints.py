# mypy: allow-subclassing-any
"""Fingerprints of runs and executions, and what is not deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import graphene

from lineage import model, repetition
from lineage.errors import InvalidRequest
from lineage.fingerprints import Fingerprint
from lineage.identity import Key, parse_global_id
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.context import Info, context_of
from lineage_graphql.scalars import Digest

MOST_COMPARED: Final = 100
"""Executions of one fingerprint that are compared: the newest."""
GROUPS_UNLESS_ASKED: Final = 20


def fingerprint(description: str) -> graphene.Field:
    def resolve(owner: model.Run | model.Execution, info: Info) -> str | None:
        return _of(owner, info).digest

    return graphene.Field(Digest, resolver=resolve, description=description)


def fingerprint_missing() -> graphene.Field:
    def resolve(owner: model.Run | model.Execution, info: Info) -> Sequence[str]:
        return _of(owner, info).missing

    return graphene.Field(
        graphene.List(graphene.NonNull(graphene.String)),
        required=True,
        resolver=resolve,
        description="What is not known, in words, while it has no fingerprint.",
    )


def _of(owner: model.Run | model.Execution, info: Info) -> Fingerprint:
    return context_of(info).loaders.fingerprint(owner)


# ------------------------------------------------------------------------------------------ what is not deterministic
class Result(graphene.ObjectType):
    """What came out of some executions of one fingerprint."""

    value = graphene.String(
        description="The digest of the content of an artifact, or the value of a parameter; null for a secret."
    )
    count = graphene.Int(required=True, description="Of how many executions it came out.")
    execution = graphene.Field(
        "lineage_graphql.executions.Execution", required=True, description="The newest of these."
    )


class Disagreement(graphene.ObjectType):
    """An output of which not always the same came out."""

    output = graphene.String(required=True, description="The name of the output.")
    is_parameter = graphene.Boolean(required=True, description="True for a parameter, false for an artifact.")
    different = graphene.Int(required=True, description="How many results there are.")
    results = graphene.List(
        graphene.NonNull(Result),
        required=True,
        description=f"The most frequent first; of many, {repetition.MOST_RESULTS}.",
    )


class Unlike(graphene.ObjectType):
    """Executions of one fingerprint of which not always the same came out: what they did is not deterministic, or
    depends on something that is not recorded."""

    fingerprint = graphene.Field(Digest, required=True, description="The fingerprint that they have in common.")
    executions = graphene.List(
        graphene.NonNull("lineage_graphql.executions.Execution"),
        required=True,
        description="Those that were compared, the newest first.",
    )
    disagreements = graphene.List(graphene.NonNull(Disagreement), required=True, description="Where they differ.")
    complete = graphene.Boolean(
        required=True, description=f"False where there are more than the {MOST_COMPARED} newest, which were compared."
    )


class Nondeterminism(graphene.ObjectType):
    """Where executions that should have done the same did not."""

    groups = graphene.List(graphene.NonNull(Unlike), required=True, description="Each of one fingerprint.")
    next = graphene.String(description="What to give as `after` for those that follow; null where none do.")
    unsettled = graphene.Int(
        required=True, description="How many runs that have ended are not compared yet: it takes a moment."
    )


@dataclass(frozen=True, slots=True)
class _Nondeterminism:
    groups: tuple[repetition.Unlike, ...]
    next: str | None
    unsettled: int


def find_nondeterminism(
    _: object, info: Info, pipeline: str | None = None, first: int | None = None, after: str | None = None
) -> _Nondeterminism:
    count = GROUPS_UNLESS_ASKED if first is None else first
    if not 1 <= count <= LARGEST_PAGE:
        raise InvalidRequest(f"first is {count}; give 1 to {LARGEST_PAGE}")
    context = context_of(info)
    of = None if pipeline is None else parse_global_id(pipeline)
    found = context.store.unlike(context.scope, pipeline=of, after=after or "", limit=count + 1)
    groups = tuple(_unlike(info, digest, members) for digest, members in found[:count])
    return _Nondeterminism(
        groups=tuple(group for group in groups if group.disagreements),
        next=found[count - 1][0] if len(found) > count else None,
        unsettled=context.store.unsettled(context.scope),
    )


def _unlike(info: Info, digest: str, members: Sequence[Key]) -> repetition.Unlike:
    context = context_of(info)
    compared = members[:MOST_COMPARED]
    nodes = context.loaders.nodes(compared)
    executions = tuple(node for node in nodes if isinstance(node, model.Execution))
    context.loaders.arrived(executions)
    outputs = context.store.outputs(context.scope, compared)
    return repetition.Unlike(
        fingerprint=digest,
        executions=executions,
        disagreements=repetition.disagreements(executions, outputs),
        complete=len(compared) == len(members),
    )


NONDETERMINISM = graphene.Field(
    Nondeterminism,
    required=True,
    pipeline=graphene.ID(description="Only of this pipeline."),
    first=graphene.Int(description=f"How many groups: {GROUPS_UNLESS_ASKED} unless asked, 1 to {LARGEST_PAGE}."),
    after=graphene.String(description="Those behind this one: `next` of the page before."),
    resolver=find_nondeterminism,
    description="Executions of one fingerprint of which not always the same came out, by their fingerprint.",
)
