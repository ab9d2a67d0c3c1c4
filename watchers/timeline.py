"""The story that recorded objects tell: every change of theirs, in the order in which it happened.

Pure. What an object looked like in between is read off it (`watchers.unfolding`).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from lineage.errors import InvalidRequest
from watchers.source import KubernetesObject, Resource
from watchers.unfolding import TERMINAL_PHASES, mapping, parse_time, unfolding_of

WORKFLOWS: Final = Resource(group="argoproj.io", version="v1alpha1", plural="workflows", kind="Workflow")
PODS: Final = Resource(group="", version="v1", plural="pods", kind="Pod")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An object as it was recorded. Several of one uid are views of it, in their order.

    `resource` is needed for kinds other than Workflow and Pod. `deleted_at`: when it was deleted.
    """

    object: KubernetesObject
    resource: Resource | None = None
    deleted_at: datetime | None = None


class ChangeType(StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to one object. The object shares parts with others: read it, do not change it."""

    time: datetime
    type: ChangeType
    resource: Resource
    object: KubernetesObject


def recorded(documents: Iterable[KubernetesObject]) -> tuple[Recording, ...]:
    """Make recordings of documents: single objects, and lists of them (`PodList`, `List`).

    A Workflow or Pod that lost its type on the way to the file gets it back: a server always names it.
    """
    recordings: list[Recording] = []
    for document in documents:
        kind = str(document.get("kind") or "")
        if kind.endswith("List") and isinstance(document.get("items"), list):
            # The API server leaves the type out of the items of its own kinds.
            of = kind.removesuffix("List")
            given = {"apiVersion": document.get("apiVersion"), "kind": of} if of else {}
            recordings.extend(Recording(object=_typed(given | item)) for item in document["items"])
        else:
            recordings.append(Recording(object=_typed(document)))
    return tuple(recordings)


def _typed(item: KubernetesObject) -> KubernetesObject:
    if item.get("kind") and item.get("apiVersion"):
        return item
    spec = mapping(item.get("spec"))
    if "templates" in spec or "workflowTemplateRef" in spec or item.get("kind") == WORKFLOWS.kind:
        return {"apiVersion": f"{WORKFLOWS.group}/{WORKFLOWS.version}", "kind": WORKFLOWS.kind} | item
    if "containers" in spec or item.get("kind") == PODS.kind:
        return {"apiVersion": PODS.version, "kind": PODS.kind} | item
    return item


def timeline(recordings: Sequence[Recording], *, ttl: timedelta | None = None) -> tuple[Change, ...]:
    """Tell what happened, in order of time; what happened at one time, in the order of the recordings.

    Each object is created, changes at every moment at which a part of it started or ended, and ends exactly as
    recorded. `ttl` deletes finished Workflows so long after their end. What belongs to an object that is deleted
    is deleted with it. An object that says nothing about time exists from the beginning.

    Raises:
        InvalidRequest: a recording is of an unknown kind and does not say its resource.
    """
    # 1. The views of each object, in order.
    views: dict[tuple[str, ...], list[Recording]] = {}
    for recording in recordings:
        views.setdefault(_key(recording), []).append(recording)
    # 2. What each went through, and when it was deleted.
    beginning = min((t for r in recordings if (t := _first_time(r.object)) is not None), default=EPOCH)
    stories = [_Story(group, _states([view.object for view in group], beginning)) for group in views.values()]
    deletions = _deletions(stories, ttl)
    # 3. All of it, by time.
    changes = [change for story, at in zip(stories, deletions, strict=True) for change in _changes(story, at)]
    return tuple(sorted(changes, key=lambda change: change.time))


@dataclass(frozen=True, slots=True)
class _Story:
    """The views of one object and the states that they unfold into, by time."""

    views: list[Recording]
    states: list[tuple[datetime, KubernetesObject]]

    @property
    def uid(self) -> str:
        return str(_metadata(self.views[-1].object).get("uid") or "")

    @property
    def owners(self) -> set[str]:
        references = _metadata(self.views[-1].object).get("ownerReferences") or ()
        return {str(reference.get("uid")) for reference in references if reference.get("uid")}

    @property
    def deleted_at(self) -> datetime | None:
        return next((view.deleted_at for view in reversed(self.views) if view.deleted_at), None)

    @property
    def ended_at(self) -> datetime | None:
        """When it reached its end, if it is a Workflow that did."""
        time, last = self.states[-1]
        is_over = last.get("kind") == "Workflow" and mapping(last.get("status")).get("phase") in TERMINAL_PHASES
        return time if is_over else None


def resource_of(recording: Recording) -> Resource:
    """Say where a recorded object is served."""
    if recording.resource is not None:
        return recording.resource
    kind = recording.object.get("kind")
    for known in (WORKFLOWS, PODS):
        if kind == known.kind:
            return known
    raise InvalidRequest(f"a recording of kind {kind!r} must say its resource")


def _metadata(item: KubernetesObject) -> dict[str, Any]:
    return dict(mapping(item.get("metadata")))


def _key(recording: Recording) -> tuple[str, ...]:
    metadata = _metadata(recording.object)
    if uid := metadata.get("uid"):
        return (str(uid),)
    return resource_of(recording).name, str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def _first_time(item: KubernetesObject) -> datetime | None:
    created = parse_time(_metadata(item).get("creationTimestamp"))
    return created or min(unfolding_of(str(item.get("kind"))).moments(item), default=None)


def _states(views: Sequence[KubernetesObject], beginning: datetime) -> list[tuple[datetime, KubernetesObject]]:
    """Unfold the views of one object, each from the one before on. Each ends exactly as recorded."""
    unfolding = unfolding_of(str(views[0].get("kind")))
    until = _first_time(views[0]) or beginning
    states = [(until, unfolding.newborn(views[0]))]
    for index, view in enumerate(views):
        before = views[index - 1] if index else None
        happened = unfolding.moments(view)
        # Copied nodes are older than their workflow: what they went through before it shows at its creation.
        moments = sorted({max(m, until) for m in happened} if index == 0 else {m for m in happened if m > until})
        states += [(moment, unfolding.at(view, moment, before)) for moment in moments[:-1]]
        until = moments[-1] if moments else until
        states.append((until, view))
    return states[:1] + [later for earlier, later in pairwise(states) if earlier[1] != later[1]]


def _deletions(stories: Sequence[_Story], ttl: timedelta | None) -> list[datetime | None]:
    """Say for each story when its object was deleted: by itself, by its time to live, or with its owner."""
    own = [s.deleted_at or (s.ended_at + ttl if ttl is not None and s.ended_at else None) for s in stories]
    gone = {story.uid: at for story, at in zip(stories, own, strict=True) if at is not None and story.uid}
    deletions: list[datetime | None] = []
    for story, at in zip(stories, own, strict=True):
        with_owner = [gone[owner] for owner in story.owners if owner in gone]
        deletions.append(min([*with_owner, *([at] if at else [])], default=None))
    return deletions


def _changes(story: _Story, deleted_at: datetime | None) -> list[Change]:
    resource = resource_of(story.views[-1])
    born_at = story.states[0][0]
    states = [(time, item) for time, item in story.states if deleted_at is None or time <= max(deleted_at, born_at)]
    kinds = [ChangeType.ADDED, *([ChangeType.MODIFIED] * (len(states) - 1))]
    changes = [
        Change(time=time, type=kind, resource=resource, object=item)
        for (time, item), kind in zip(states, kinds, strict=True)
    ]
    if deleted_at is not None:
        gone = Change(
            time=max(deleted_at, born_at), type=ChangeType.DELETED, resource=resource, object=changes[-1].object
        )
        changes.append(gone)
    return changes


def standing(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Of changes in their order, take the last of each object that is still there after them."""
    last = {_place(change): change for change in changes}
    return tuple(one for one in last.values() if one.type is not ChangeType.DELETED)


def _place(change: Change) -> tuple[str, str, str]:
    metadata = _metadata(change.object)
    return change.resource.name, str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


# ------------------------------------------------------------------------------------------ other times
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def with_times(value: Any, moved: Callable[[datetime], datetime]) -> Any:
    """Copy a JSON value with every string that is a time replaced by where `moved` puts it.

    Times keep their form: whole seconds stay whole (rounded down). Times within longer strings stay.
    """
    match value:
        case dict():
            return {key: with_times(item, moved) for key, item in value.items()}
        case list():
            return [with_times(item, moved) for item in value]
        case str() if _TIME.fullmatch(value) and (time := parse_time(value)) is not None:
            return (
                moved(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if "." in value else "%Y-%m-%dT%H:%M:%SZ")
            )
        case _:
            return value
