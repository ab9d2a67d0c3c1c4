"""What a deployment serves and has served: from the views of it, in whatever order they came. Pure.

The spec of a deployment holds what is asked for last, and its status names revisions. Which models a revision serves
follows from the first view that names it, whose spec it was made of. Two revisions share the traffic while one is
tried: the models of the older one are in no later view.

A revision reads its models while it is rolled out: after its spec was written, and before it was first ready. What is
written to the same place afterwards, it has not read; a pod of it that starts later may have.

Where models lie is compared without regard to what a deployment cannot say: its uris name no endpoint, so that any
store of its cluster may be meant, and often the folder around what was written, or a file in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lineage.facts import ServedComponent
from lineage.identity import Location, object_store
from lineage.limits import MAX_NAME_BYTES, shortened
from lineage.merge import OPEN, Span
from lineage.model import Artifact, ArtifactState, DeploymentRevision, ServedModel

WHOLE: Final = 100  # percent


# ------------------------------------------------------------------------------------------ views
@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What views of a deployment said of its components, each the same. `told_at` is when the object says that this
    spec was written; `first_seen` and `last_seen` are the first and last time that it was seen so, and `first_rank`
    the place of the first such view among all."""

    told_at: datetime | None
    first_seen: datetime
    last_seen: datetime
    first_rank: str
    components: tuple[ServedComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A revision, and when it read its models: since when it can have, and by when it had; None where it may still."""

    revision: DeploymentRevision
    read_from: datetime
    read_to: datetime | None

    @property
    def span(self) -> Span:
        """When it read, in whole seconds since 1970."""
        low = int(self.read_from.timestamp())
        return low, OPEN if self.read_to is None else max(int(self.read_to.timestamp()), low)


def rollouts(
    statements: Sequence[Statement], *, created_at: datetime | None, ended_at: datetime | None
) -> tuple[Rollout, ...]:
    """Say which revisions there were, by component, and in the order in which they were made."""
    ordered = sorted(statements, key=lambda one: (one.first_rank, one.told_at or one.first_seen))
    names = dict.fromkeys(component.name for statement in ordered for component in statement.components)
    return tuple(
        rollout for name in names for rollout in _History(name, created_at).tell(ordered).rollouts(ended_at=ended_at)
    )


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A revision, as far as it is known."""

    name: str
    template: str = ""
    models: tuple[ServedModel, ...] | None = None
    runtime: str | None = None
    written_at: datetime
    told: bool = False
    read_from: datetime
    ready_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    share: int | None = None


@dataclass(slots=True)
class _History:
    """The revisions of one component, as one statement after the other tells of them."""

    component: str
    created_at: datetime | None
    drafts: dict[str, _Draft] = field(default_factory=dict)
    unnamed: str = ""
    waiting: _Draft | None = None
    before: Statement | None = None

    def tell(self, statements: Sequence[Statement]) -> "_History":
        shown = [next((one for one in each.components if one.name == self.component), None) for each in statements]
        is_named = any(one is not None and one.revision for one in shown)
        for statement, component in zip(statements, shown, strict=True):
            if component is not None and is_named and not component.revision:
                self._wait(statement, component)
            elif component is not None:
                self._see(statement, component)
            self._share(statement, {} if component is None else self._shares(component))
            self.before = statement
        return self

    def _wait(self, statement: Statement, shown: ServedComponent) -> None:
        """The controller names revisions, and has not named that of this spec yet."""
        if self.waiting is None or self.waiting.template != shown.template:
            self.waiting = self._new_draft("", statement)
            self.waiting.template = shown.template

    def _see(self, statement: Statement, shown: ServedComponent) -> None:
        """Take in what a statement says of this component.

        1. Revisions that the status names are known by their names, at least: the last that was made comes last.
        2. The spec makes a revision, unless the status is still that of an older spec.
        3. One that is ready for the first time has read its models.
        """
        named = (*(one.revision for one in shown.traffic), shown.ready_revision, shown.revision)
        for each in sorted(filter(None, named), key=lambda one: one == shown.revision):
            self._draft(each, statement)
        name = shown.revision or self._number(shown)
        draft = self._draft(name, statement)
        if draft.models is None and not (shown.is_behind and shown.revision):
            self._describe(draft, statement, shown)
        ready = shown.ready_revision or (name if shown.is_ready and not shown.is_behind else None)
        if ready is not None and self.drafts[ready].ready_at is None:
            self.drafts[ready].ready_at = self._ready_at(self.drafts[ready], statement, shown)

    def _number(self, shown: ServedComponent) -> str:
        """Number what no controller names: another template is another revision."""
        last = self.drafts.get(self.unnamed)
        if last is None or last.template != shown.template:
            self.unnamed = f"{self.component} {len(self.drafts) + 1}"
        return self.unnamed

    def _draft(self, name: str, statement: Statement) -> _Draft:
        draft = self.drafts.get(name)
        if draft is None:
            draft = self.drafts[name] = self._new_draft(name, statement)
        return draft

    def _new_draft(self, name: str, statement: Statement) -> _Draft:
        return _Draft(name=name, written_at=statement.first_seen, read_from=self._not_before(statement))

    def _not_before(self, statement: Statement) -> datetime:
        """Since when a spec can have been in force of which nobody says when it was written."""
        if self.before is not None:
            return min(self.before.last_seen, statement.first_seen)
        return statement.first_seen if self.created_at is None else min(self.created_at, statement.first_seen)

    def _describe(self, draft: _Draft, statement: Statement, shown: ServedComponent) -> None:
        draft.template, draft.models, draft.runtime = shown.template, shown.models, shown.runtime
        if self.waiting is not None and self.waiting.template == shown.template:
            draft.written_at, draft.read_from = self.waiting.written_at, self.waiting.read_from
            self.waiting = None
        if statement.told_at is None:
            return
        draft.written_at, draft.told, draft.read_from = statement.told_at, True, statement.told_at
        if self.before is None and shown.ready_since is not None and shown.is_ready:
            # Of what was there before anybody looked: the spec may have been written anew, without another rollout.
            draft.read_from = min(draft.read_from, shown.ready_since)

    def _ready_at(self, draft: _Draft, statement: Statement, shown: ServedComponent) -> datetime:
        """The status says since when it is ready; not where the revision before it was ready, too, all the while."""
        since = shown.ready_since
        if since is not None and since >= draft.written_at:
            return since
        if self.before is None and since is not None:
            return draft.written_at if draft.told else since
        return max(statement.first_seen, draft.read_from)

    # -- traffic
    def _shares(self, shown: ServedComponent) -> Mapping[str, int]:
        """So many percent of the traffic go to which revisions."""
        if shown.traffic:
            found: dict[str, int] = {}
            for one in shown.traffic:
                found[one.revision] = found.get(one.revision, 0) + one.percent
            return {name: percent for name, percent in found.items() if percent > 0}
        ready = [name for name, draft in self.drafts.items() if draft.ready_at is not None]
        share = WHOLE if shown.share is None else shown.share
        return {ready[-1]: share} if ready and share > 0 else {}

    def _share(self, statement: Statement, shares: Mapping[str, int]) -> None:
        begun: list[datetime] = []
        for name, percent in shares.items():
            draft = self._draft(name, statement)
            if draft.since is None:
                draft.since = draft.ready_at or statement.first_seen
                begun.append(draft.since)
            draft.until, draft.share = None, percent
        for name, draft in self.drafts.items():
            if name not in shares and draft.share is not None:
                draft.until, draft.share = min(begun, default=statement.first_seen), None

    # -- what it comes to
    def rollouts(self, *, ended_at: datetime | None) -> Iterator[Rollout]:
        drafts = list(self.drafts.values())
        for draft, following in zip(drafts, [*drafts[1:], None], strict=True):
            until = draft.until or (ended_at if draft.share is not None else None)
            read_to = draft.ready_at or (following.written_at if following is not None else ended_at)
            yield Rollout(
                revision=DeploymentRevision(
                    component=self.component,
                    name=draft.name,
                    models=draft.models,
                    written_at=draft.written_at,
                    told=draft.told,
                    ready_at=draft.ready_at,
                    since=draft.since,
                    until=until,
                    traffic_percent=None if ended_at is not None else draft.share,
                    runtime=draft.runtime,
                ),
                read_from=draft.read_from,
                read_to=read_to,
            )


def is_served_now(revision: DeploymentRevision, revisions: Sequence[DeploymentRevision]) -> bool:
    """Say whether a revision is what its deployment serves: what gets traffic, or while nothing of its component is
    known to, the last that was made."""
    of_component = [one for one in revisions if one.component == revision.component]
    if any(one.traffic_percent for one in of_component):
        return bool(revision.traffic_percent)
    return revision == of_component[-1]


# ------------------------------------------------------------------------------------------ places
_BUCKETS: Final = ("s3", "minio")  # the same store by two names: Kubeflow writes the second for the one that it brings
# How many parts of a uri a folder has at least: bucket and folder, namespace and claim, owner and model. What lies in a
# whole bucket is not all one model. Of a web address, the host comes first.
_LEAST_PARTS: Final[Mapping[str, int]] = {"http": 3, "https": 3}
_LEAST_PARTS_ELSE: Final = 2


def label(revision: str, model: ServedModel) -> str:
    """Name a model of a revision."""
    named = f"{revision} {model.name}".rstrip().replace(BESIDE, " ")
    return shortened(named, limit=MAX_NAME_BYTES)


BESIDE: Final = ": "


def beside(label: str, place: Location) -> str:
    """Name what a deployment serves from a place that is not the one that it names."""
    return f"{label}{BESIDE}{place.store} {place.uri}"


def label_in(name: str) -> str:
    """Read the label out of a name that `beside` made."""
    return name.partition(BESIDE)[0]


def spellings(uri: str) -> tuple[str, ...]:
    """A uri without a slash at its end, and how others may write the same."""
    scheme, separator, rest = uri.rstrip("/").partition("://")
    if not separator or scheme not in _BUCKETS:
        return (uri.rstrip("/"),)
    return tuple(f"{one}://{rest}" for one in _BUCKETS)


def is_folder(uri: str) -> bool:
    """Say whether what lies below a place is served from there, too."""
    scheme, separator, rest = uri.rstrip("/").partition("://")
    return bool(separator) and len(rest.split("/")) >= _LEAST_PARTS.get(scheme, _LEAST_PARTS_ELSE)


def folders_around(uri: str) -> tuple[str, ...]:
    """The folders that something lies in, the nearest first."""
    scheme, separator, rest = uri.rstrip("/").partition("://")
    parts = rest.split("/")
    least = _LEAST_PARTS.get(scheme, _LEAST_PARTS_ELSE)
    sizes = range(len(parts) - 1, least - 1, -1) if separator else ()
    return tuple(f"{scheme}://{'/'.join(parts[:size])}" for size in sizes)


def around(uri: str) -> tuple[str, ...]:
    """Under which uris a place is found by what lies around it: its own, however it is written, and those of the
    folders that it lies in."""
    return tuple(dict.fromkeys(each for one in spellings(uri) for each in (one, *folders_around(one))))


def has_to_do_with(served: Location, other: Location, *, cluster: str) -> bool:
    """Say whether another place is that which a deployment of a cluster names, or one lies in the other.

    It names no endpoint, so that what it means may lie in any store that the cluster knows.
    """
    if other.is_raw or not _may_be_in(other.store, served, cluster):
        return False
    mine, theirs = spellings(served.uri), other.uri.rstrip("/")
    below = is_folder(served.uri) and any(theirs.startswith(f"{one}/") for one in mine)
    return theirs in mine or below or any(theirs in folders_around(one) for one in mine)


def _may_be_in(store: str, served: Location, cluster: str) -> bool:
    own = object_store(None, cluster)
    if served.store != own or store == own:
        return served.store == store
    return not store.startswith("cluster:") or store.startswith(f"{own}/")


def is_changed_since(served: Artifact, replaced_by: Artifact | None) -> bool | None:
    """Say whether what lies at the place of an artifact is something else now; None where nobody can tell. What was
    written anew with equal content is the same."""
    if replaced_by is not None:
        pairs = (
            (served.content_digest, replaced_by.content_digest),
            (served.digest, replaced_by.digest),
        )
        return not any(one is not None and one == other for one, other in pairs)
    return {
        ArtifactState.PRESENT: False,
        ArtifactState.CHANGED: True,
        ArtifactState.MISSING: True,
        ArtifactState.UNVERIFIED: None,
    }[served.state]
