# mypy: allow-subclassing-any
"""What descends from something: counted and listed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import graphene

from lineage import model
from lineage.errors import InvalidRequest, NotFound
from lineage.identity import parse_global_id
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.context import Info, context_of
from lineage_graphql.scalars import DateTime

LISTED_UNLESS_ASKED: Final = 20


def _count(of: str) -> graphene.Int:
    return graphene.Int(required=True, description=f"How many {of} there are.")


def _listed(of: str, description: str) -> graphene.List:
    return graphene.List(
        graphene.NonNull(f"lineage_graphql.{of.lower()}s.{of}"), required=True, description=description
    )


class Impact(graphene.ObjectType):
    """What descends from something. All of it is counted, and the first of each are listed. Executions that were asked
    about are among it, artifacts are not. Never silently partial: `complete` is false where anything is missing, and
    `reasons` say why."""

    run_count = _count("runs")
    execution_count = _count("executions")
    artifact_count = _count("artifacts")
    model_count = _count("of the artifacts that are models")
    deployment_count = _count("deployments")
    runs = _listed("Run", "The runs of these executions, the newest first.")
    executions = _listed("Execution", "Executions that read it, or what came of it; the newest first.")
    artifacts = _listed("Artifact", "What they wrote, and copies of that; the newest first.")
    models = _listed("Artifact", "Those that are models, by their types or because they are served; the newest first.")
    deployments = _listed("Deployment", "What serves any of it, or did, by name.")
    complete = graphene.Boolean(required=True, description="False where anything is missing.")
    reasons = graphene.List(graphene.NonNull(graphene.String), required=True, description="Why anything is missing.")


def find_impact(
    _: object,
    info: Info,
    roots: Sequence[str] = (),
    image: str | None = None,
    first: int | None = None,
    **window: datetime | None,  # `from` is no name that Python takes
) -> model.Impact:
    listed = LISTED_UNLESS_ASKED if first is None else first
    if not 1 <= listed <= LARGEST_PAGE:
        raise InvalidRequest(f"first is {listed}; 1 to {LARGEST_PAGE} of each can be listed")
    if len(roots) > LARGEST_PAGE:
        raise InvalidRequest(f"{len(roots)} roots are given; {LARGEST_PAGE} is the most")
    if not roots and image is None:
        raise InvalidRequest("nothing is asked about: give roots, an image, or both")
    context = context_of(info)
    found = context.store.impact(
        context.scope,
        tuple(map(parse_global_id, roots)),
        image=image,
        since=window.get("from"),
        until=window.get("to"),
        first=listed,
    )
    if found is None:
        raise NotFound(
            "none of the roots is recorded" if image is None else f"no execution that ran {image!r:.200} is recorded"
        )
    for several in (found.runs, found.executions, (*found.artifacts, *found.models), found.deployments):
        context.loaders.arrived(several)
    return found


IMPACT = graphene.Field(
    Impact,
    roots=graphene.List(
        graphene.NonNull(graphene.ID),
        default_value=(),
        description="What it descends from: executions, artifacts, or runs, which stand for their executions.",
    ),
    image=graphene.String(
        description="Or from the executions that ran this image: its digest, or the reference that was asked for."
    ),
    first=graphene.Int(default_value=LISTED_UNLESS_ASKED, description="How many of each to list at most."),
    **{
        "from": DateTime(description="Of runs alone that began then or later."),
        "to": DateTime(description="Of runs alone that began then or earlier."),
    },
    resolver=find_impact,
    description="What descends from something: which runs, models and deployments. Null with an error where nothing of "
    "what is asked about is known.",
)
