"""The enumerations of the model, as the API shows them: the same members, each with a description."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import graphene

from lineage import comparison, model


class _OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


def described(about: str, members: Mapping[StrEnum, str]) -> Callable[[StrEnum | None], str | None]:
    """Describe an enumeration and its members, in the form that graphene asks for: of None, the whole."""
    return lambda member: about if member is None else members.get(member)


def order_fields(of: str, *fields: str) -> graphene.Enum:
    """Declare by which fields a list of `of` can be ordered."""
    members = StrEnum(f"{of}OrderField", [(name, name) for name in fields])  # type: ignore[misc] # names vary by list
    return graphene.Enum.from_enum(members, description=f"What a list of {of} values can be ordered by.")


Phase = graphene.Enum.from_enum(
    model.Phase,
    description=described(
        "As Argo Workflows names them. UNKNOWN only where the source said something that this release does not know.",
        {
            model.Phase.PENDING: "It waits to start.",
            model.Phase.RUNNING: "It has started and not ended.",
            model.Phase.SUCCEEDED: "It ended well.",
            model.Phase.FAILED: "The work itself failed.",
            model.Phase.ERROR: "What should have run the work failed.",
            model.Phase.SKIPPED: "Its condition did not hold, or its result was there already.",
            model.Phase.OMITTED: "What it depends on did not end as it needs.",
            model.Phase.UNKNOWN: "Not known to this release, or nobody saw how it ended.",
        },
    ),
)

ArtifactRole = graphene.Enum.from_enum(
    model.ArtifactRole,
    description=described(
        "USED: read. GENERATED: written. REUSED: taken over from a cache, written earlier by another execution. "
        "SERVED: a deployment serves it.",
        {
            model.ArtifactRole.USED: "The execution read it.",
            model.ArtifactRole.GENERATED: "The execution wrote it.",
            model.ArtifactRole.REUSED: "The execution took it over from a cache.",
            model.ArtifactRole.SERVED: "The deployment serves it, or served it.",
        },
    ),
)

ArtifactState = graphene.Enum.from_enum(
    model.ArtifactState,
    description=described(
        "UNVERIFIED: nobody looked. PRESENT: seen, and the same as when it was recorded. CHANGED, MISSING: it is not.",
        {
            model.ArtifactState.UNVERIFIED: "Nobody looked, or nobody could tell.",
            model.ArtifactState.PRESENT: "It was seen, and is as it was.",
            model.ArtifactState.MISSING: "The store says that there is nothing, or Argo that it removed it.",
            model.ArtifactState.CHANGED: "What lies there is something else.",
        },
    ),
)

DigestKind = graphene.Enum.from_enum(
    model.DigestKind,
    description=described(
        "What the runtime named by `digest`.",
        {
            model.DigestKind.MANIFEST: "The manifest of the image in its registry.",
            model.DigestKind.INDEX: "An index of manifests, one for each platform.",
            model.DigestKind.CONFIG: "The configuration of the image on the host that ran it.",
            model.DigestKind.UNKNOWN: "The runtime did not say.",
        },
    ),
)

Direction = graphene.Enum.from_enum(
    model.Direction,
    description=described(
        "Which way to walk the provenance graph.",
        {
            model.Direction.UPSTREAM: "To where things came from.",
            model.Direction.DOWNSTREAM: "To what was made from them.",
            model.Direction.BOTH: "Both ways.",
        },
    ),
)

SlotOutcome = graphene.Enum.from_enum(
    model.SlotOutcome,
    description=described(
        "What became of a time at which a recurring run was due.",
        {
            model.SlotOutcome.ON_TIME: "A run was made for it within a minute.",
            model.SlotOutcome.LATE: "A run was made for it, later than that.",
            model.SlotOutcome.MISSED: "No run for it was ever seen, and nothing explains that.",
            model.SlotOutcome.DUPLICATE: "Several runs were made for it.",
            model.SlotOutcome.SKIPPED_BY_POLICY: "The recurring run itself says that nothing should run.",
            model.SlotOutcome.PENDING: "It is yet to come, or has just come.",
        },
    ),
)

Special = graphene.Enum.from_enum(
    model.Special,
    description=described(
        "A value of a metric that is no number.",
        {
            model.Special.NAN: "It could not be computed.",
            model.Special.INFINITY: "It grew without bound.",
            model.Special.NEGATIVE_INFINITY: "It fell without bound.",
        },
    ),
)

SourceState = graphene.Enum.from_enum(
    model.SourceState,
    description=described(
        "How the watching of a resource fares.",
        {
            model.SourceState.SYNCED: "Listed, and watched since.",
            model.SourceState.SYNCING: "Its first list is under way.",
            model.SourceState.WAITING: "It failed and will be tried again.",
            model.SourceState.FORBIDDEN: "The credentials may not list it; tried again.",
            model.SourceState.ABSENT: "The cluster does not serve it; tried again.",
            model.SourceState.STOPPED: "Nobody watches it.",
        },
    ),
)

OrderDirection = graphene.Enum.from_enum(
    _OrderDirection,
    name="OrderDirection",
    description=described(
        "Which way a list is ordered.",
        {_OrderDirection.ASC: "Smallest or oldest first.", _OrderDirection.DESC: "Largest or newest first."},
    ),
)
ASCENDING, DESCENDING = _OrderDirection.ASC, _OrderDirection.DESC

ChangeKind = graphene.Enum.from_enum(
    comparison.ChangeKind,
    description=described(
        "What a difference between two runs is of.",
        {
            comparison.ChangeKind.SPEC: "The text of the pipeline: what its steps are to do.",
            comparison.ChangeKind.TOPOLOGY: "Which steps there are, and what each waits for.",
            comparison.ChangeKind.IMAGE: "The image of a container, by reference or digest.",
            comparison.ChangeKind.PARAMETER: "An argument of the run or of a step.",
            comparison.ChangeKind.INPUT: "Data that came from outside the run.",
            comparison.ChangeKind.ENVIRONMENT: "What is set around the code: variables, resources, added containers.",
            comparison.ChangeKind.PHASE: "How a step or the run ended.",
            comparison.ChangeKind.OUTPUT: "What a step wrote.",
            comparison.ChangeKind.METRIC: "A metric.",
        },
    ),
)
