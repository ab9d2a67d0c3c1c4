# mypy: allow-subclassing-any
"""What differs between two runs."""

from collections.abc import Sequence

import graphene

from lineage import comparison
from lineage.comparison import compare, looked_at_closely, match
from lineage.errors import NotFound
from lineage.gathering import TO_COMPARE, dossiers, with_pod_objects
from lineage.identity import Key, parse_global_id
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import ChangeKind


class Change(graphene.ObjectType):
    """`step` is the display name of the step, null for the run itself. `causal`: it could change results."""

    kind = ChangeKind(required=True, description="What it is a difference of.")
    step = graphene.String(
        description="The display name of the step, or the template where it is of several; null for the run itself."
    )
    steps = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="The display names of the steps that it is of, where it was looked for in several.",
    )
    path = graphene.String(required=True, description="Where it is, such as `parameters[learning_rate]`.")
    before = graphene.String(description="What the base has; null where it is not there.")
    after = graphene.String(description="What the target has; null where it is not there.")
    causal = graphene.Boolean(required=True, description="Whether it could change results.")
    detail = graphene.String(description="What the two texts do not say, in words.")

    @staticmethod
    def resolve_steps(change: comparison.Change, _: Info) -> Sequence[str]:
        return change.steps or (() if change.step is None else (change.step,))


class RunDiff(graphene.ObjectType):
    """What differs between two runs, what could change results first."""

    base = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run that is compared with.")
    target = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run that is compared.")
    identical = graphene.Boolean(required=True, description="True where nothing differs, and all of it is known.")
    changes = graphene.List(graphene.NonNull(Change), required=True, description="The differences.")
    not_compared = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="What is not known of both, in words."
    )


def find_differences(_: object, info: Info, base: str, target: str) -> comparison.RunDiff:
    context = context_of(info)
    keys = [parse_global_id(base), parse_global_id(target)]
    found = dossiers(context.store, context.scope, keys, TO_COMPARE)
    for key in keys:
        if key not in found:
            raise NotFound(f"no run with the id {_given(key, keys, base, target)!r:.200} is recorded")
    context.loaders.arrived([one.run for one in found.values()])
    matched = match(found[keys[0]], found[keys[1]])
    closely = looked_at_closely(matched)
    old, new = (with_pod_objects(context.store, context.scope, found[key], closely) for key in keys)
    return compare(old, new, matched)


def _given(key: Key, keys: Sequence[Key], base: str, target: str) -> str:
    return base if key == keys[0] else target


RUN_DIFF = graphene.Field(
    RunDiff,
    base=graphene.ID(required=True, description="The run to compare with."),
    target=graphene.ID(required=True, description="The run to compare."),
    resolver=find_differences,
    description="What differs between two runs, what could change results first.",
)
