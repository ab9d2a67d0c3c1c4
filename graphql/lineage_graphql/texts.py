# mypy: allow-subclassing-any
"""What artifacts hold, as text: read from where they lie when somebody asks."""

from dataclasses import replace
from typing import Final

import graphene

from lineage import model
from lineage.errors import InvalidRequest
from lineage.gathering import was_written_again
from lineage_graphql.context import Info, context_of
from lineage_graphql.scalars import BigInt

CHARACTERS_UNLESS_ASKED: Final = 65_536
MOST_CHARACTERS: Final = 2**20
_NO_STORES: Final = "no object store is configured"
_NO_PLACE: Final = "it is kept in the workflow itself, and lies in no object store"
_WRITTEN_AGAIN: Final = "something else was written there since: what lies there is not this any more"


class ArtifactText(graphene.ObjectType):
    """What an artifact begins with, or the reason why that cannot be shown. Secrets that show what they are, are struck
    out."""

    text = graphene.String(
        description="What it begins with, in UTF-8; of a gzip, or an archive of one file, of what is packed in it."
    )
    complete = graphene.Boolean(required=True, description="True where that is all of it.")
    size_bytes = BigInt(description="Of what lies there, as it is packed; null where that is not known.")
    reason = graphene.String(description="Why there is no text, in words.")


def find_text(artifact: model.Artifact, info: Info, first: int | None = None) -> model.ArtifactText:
    characters = CHARACTERS_UNLESS_ASKED if first is None else first
    if not 1 <= characters <= MOST_CHARACTERS:
        raise InvalidRequest(f"first is {characters}; 1 to {MOST_CHARACTERS:,} characters can be read")
    context = context_of(info)
    texts = context.outside.texts
    if texts is None:
        return model.ArtifactText(reason=_NO_STORES)
    place = context.store.places(context.scope, [artifact.key]).get(artifact.key)
    if place is None:
        return model.ArtifactText(reason=_NO_PLACE)
    if artifact.state is model.ArtifactState.CHANGED or was_written_again(context.store, context.scope, artifact):
        return model.ArtifactText(reason=_WRITTEN_AGAIN)
    found = texts.read(context.scope, place, characters=characters)
    if artifact.size_bytes is not None and found.size_bytes not in (None, artifact.size_bytes):
        return replace(found, text=None, complete=False, reason=_WRITTEN_AGAIN)
    return found


TEXT_OF_ARTIFACT = graphene.Field(
    ArtifactText,
    first=graphene.Int(
        default_value=CHARACTERS_UNLESS_ASKED, description=f"How many characters at most, 1 to {MOST_CHARACTERS}."
    ),
    resolver=find_text,
    description="What it holds, read from its object store when it is asked for: of one artifact in a request.",
)
