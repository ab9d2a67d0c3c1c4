"""What is known of an artifact's bytes, from all looks at its place. Pure.

A look shows what lies at a place, whoever wrote it. Which write that is follows from when it was last changed
(`lineage.merge.timeline`). From the first look that shows an artifact on, every look says something of it: that it is
as it was, that it is not, or that nobody can tell.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from lineage.evidence import Evidence, Look, Said, compare
from lineage.merge import SKEW_SECONDS, Span, State
from lineage.model import ArtifactState

SAYS: Final = {
    Evidence.BYTES: "its bytes were read",
    Evidence.CHECKSUM: "the store vouches for a checksum of the whole object",
    Evidence.VERSION: "the store keeps versions",
    Evidence.ETAG: "size, ETag and time of the last change",
    Evidence.NONE: "the store says so",
}


HOUR: Final = 3600
DAY: Final = 24 * HOUR


class Sighting(NamedTuple):
    """A look, and when that was, in seconds since 1970."""

    at: int
    look: Look


class Judgement(NamedTuple):
    """What one look says of an artifact, and what that rests on, in words."""

    state: ArtifactState
    evidence: str


class Verified(NamedTuple):
    """What is known of the bytes of an artifact. Of a folder, the size is that of all its files."""

    state: ArtifactState
    size_bytes: int | None = None
    digest: str | None = None
    content_digest: str | None = None


def state_of(look: Look) -> State | None:
    """Say which state of its place a look shows; None where it shows none, or nothing dates it."""
    if look.state is not ArtifactState.PRESENT or look.modified_at is None:
        return None
    return State(modified_at=int(look.modified_at.timestamp()), etag=look.etag or "", version=look.version)


def speaking_of(sightings: Iterable[Sighting], key: str | None) -> list[Sighting]:
    """Those of the looks at a place that speak of whatever lies there, or of the artifact of this key, as text."""
    return [one for one in sightings if one.look.of in (None, key)]


def concerning(sightings: Iterable[Sighting], own: str | None, wrote: Span | None) -> list[Sighting]:
    """Those of the looks at its place that say something of an artifact, the oldest first.

    `own` names the state that is known to be this artifact. Where none is, those count that came after it was written:
    all, where nobody knows when. What speaks of this artifact by name always does.
    """
    ordered = sorted(sightings, key=lambda one: (one.at, repr(one.look)))
    if own is None:
        return [one for one in ordered if one.look.of or wrote is None or one.at >= wrote[0] - SKEW_SECONDS]
    first = next((place for place, one in enumerate(ordered) if _shows(one.look, own)), len(ordered))
    return [one for one in ordered[:first] if one.look.of] + ordered[first:]


def _shows(look: Look, name: str) -> bool:
    state = state_of(look)
    return state is not None and state.name == name


def recorded(sightings: Sequence[Sighting], own: str | None) -> Look | None:
    """The look that knows best what an artifact was: the strongest of those that show it, of these the first."""
    mine = [one.look for one in sightings if own is not None and _shows(one.look, own)]
    return min(mine, key=lambda look: look.evidence.rank, default=None)


def said_of(sightings: Iterable[Sighting], own: str | None) -> Said | None:
    """What an artifact says that we can read: by the first look that shows it and could read it."""
    if own is None:
        return None
    mine = (one.look for one in concerning(sightings, own, None) if one.look.said is not None and _shows(one.look, own))
    return next((look.said for look in mine), None)


def judge(look: Look, known: Look | None, wrote: Span | None) -> Judgement:
    """Say what a look says of an artifact. `known` is what it was."""
    if look.state is not ArtifactState.PRESENT:
        return Judgement(look.state, look.reason or SAYS[Evidence.NONE])
    if known is not None:
        found = compare(known, look)
        return Judgement(found.state, SAYS[found.evidence])
    shown = state_of(look)
    if wrote is not None and shown is not None and shown.modified_at > wrote[1] + SKEW_SECONDS:
        return Judgement(ArtifactState.CHANGED, "it was written again before anybody looked")
    return Judgement(ArtifactState.UNVERIFIED, "nothing tells whether what lies there is this")


def verify(sightings: Iterable[Sighting], own: str | None, wrote: Span | None) -> Verified:
    """Say what is known of an artifact. Its state is what the last look says that could tell anything."""
    mine = concerning(sightings, own, wrote)
    known = recorded(mine, own)
    states = (judge(one.look, known, wrote).state for one in reversed(mine))
    state = next((one for one in states if one is not ArtifactState.UNVERIFIED), ArtifactState.UNVERIFIED)
    if known is None:
        return Verified(state)
    return Verified(state, known.size_bytes, known.known_digest, known.content_digest)


def next_look(last: Sighting, *, changed_at: int | None) -> int:
    """Say when to look again, in seconds since 1970: when as much time has passed again as since the object changed,
    for what has stayed will stay. At least an hour later and within 30 days; where nobody could tell, sooner."""
    shown = state_of(last.look)
    since = shown.modified_at if shown is not None else changed_at
    age = 0 if since is None else last.at - since
    if last.look.state is ArtifactState.UNVERIFIED:
        return last.at + min(max(age, HOUR // 6), DAY)
    return last.at + min(max(age, HOUR), 30 * DAY)
