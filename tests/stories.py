"""What happens in a cluster, for tests of everything between a cluster and a store: generated workflows and real ones.

A story has times of its own. `tell` makes it happen on an API server, within so many seconds from now on, and moves the
times that objects carry to when it did: so what a ledger says in times of the clock can be compared with them.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from lineage.observation import Observation, ResourceFollowed
from tests import simulation
from tests.factories import CLUSTER, deleted, listed, observed
from watchers.demo import recordings
from watchers.source import KubernetesObject, Resource
from watchers.timeline import EPOCH, PODS, WORKFLOWS, Change, ChangeType, recorded, timeline, with_times
from watchers.world import World

REAL: Final = ("argo-plain", "argo-pods", "kfp-v1-runtime", "kfp-v2-synthetic")  # folders of recorded objects
LONGEST_LIFE: Final = timedelta(seconds=20)  # of what really took days

Story = Sequence[Change]


def generated(seed: int, *, workflows: int) -> Story:
    """Let simulated workflows run, fail, be retried, resubmitted and deleted."""
    return [
        Change(
            time=EPOCH + timedelta(seconds=change.at),
            type=ChangeType(change.kind),
            resource=WORKFLOWS if change.resource == WORKFLOWS.name else PODS,
            object=change.item,
        )
        for change in simulation.play(seed, workflows=workflows).api.log
    ]


def real(fixtures: Path, seed: int) -> Story:
    """Let recorded workflows run, those of the demo among them: each beginning at a time of its own within a minute."""
    chance = random.Random(seed)
    documents = [
        orjson.loads(file.read_bytes()) for folder in REAL for file in sorted((fixtures / folder).glob("*.json"))
    ]
    found = [one for one in recorded(documents) if one.object.get("kind") in (WORKFLOWS.kind, PODS.kind)]
    named = [one for one in found if {"name", "namespace"} <= set(one.object.get("metadata") or ())]
    changes: list[Change] = []
    for lives in (*_by_owner(timeline(named)), timeline(recordings())):
        changes += _moved(lives, EPOCH + timedelta(seconds=chance.uniform(0, 60)))
    return sorted(changes, key=lambda change: change.time)


def _by_owner(story: Story) -> Iterable[Story]:
    """Keep workflows and their pods together."""
    groups: defaultdict[str, list[Change]] = defaultdict(list)
    for change in story:
        metadata = change.object["metadata"]
        owner = next((one["uid"] for one in metadata.get("ownerReferences") or ()), None)
        groups[str(owner or metadata.get("uid") or metadata["name"])].append(change)
    return groups.values()


def _moved(story: Story, beginning: datetime) -> Story:
    first, length = story[0].time, story[-1].time - story[0].time
    pace = min(1.0, LONGEST_LIFE / length) if length else 1.0

    def moved(at: datetime) -> datetime:
        return beginning + (at - first) * pace

    return [replace(one, time=moved(one.time), object=with_times(one.object, moved)) for one in story]


# ------------------------------------------------------------------------------------------ telling
@dataclass(slots=True)
class Told:
    """What happened: all that could be seen of it, and when each object came and went (never, if it stayed)."""

    seen: list[Observation] = field(default_factory=list)
    lives: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)

    def has(self, kept: KubernetesObject) -> None:
        """Note an object as it is kept now."""
        self.seen.append(observed(kept))
        self.lives.setdefault(kept["metadata"]["uid"], (datetime.now(UTC), None))

    def has_not(self, uid: str) -> None:
        """Note that an object is no more."""
        self.seen.append(deleted(uid))
        self.lives[uid] = (self.lives[uid][0], datetime.now(UTC))

    def whole(self, *, resources: Sequence[Resource] = (WORKFLOWS, PODS)) -> list[Observation]:
        """All that one would have seen who never looked away, and that nothing was missed."""
        return [*self.seen, *(one for resource in resources for one in _coverage(resource))]


def _coverage(resource: Resource) -> Iterator[Observation]:
    beginning = listed("*", 1, resource=resource.name)
    yield beginning
    yield ResourceFollowed(
        source=beginning.source,
        cluster=CLUSTER,
        seen_at=datetime.now(UTC),
        resource=resource.name,
        namespace="*",
        since=beginning.resource_version,
        since_at=beginning.seen_at,
        until=str(2**63),
        objects=0,
    )


def tell(story: Story, world: World, *, seconds: float, wait: Callable[[float], object] = time.sleep) -> Told:
    """Make a story happen within so many seconds."""
    told = Told()
    begun, first = datetime.now(UTC), story[0].time
    pace = timedelta(seconds=seconds) / (story[-1].time - first)

    def moved(at: datetime) -> datetime:
        return begun + (at - first) * pace

    for change in story:
        wait(max(0.0, (moved(change.time) - datetime.now(UTC)).total_seconds()))
        _happen(change, moved, world, told)
    return told


def _happen(change: Change, moved: Callable[[datetime], datetime], world: World, told: Told) -> None:
    metadata: KubernetesObject = change.object["metadata"]
    if change.type is not ChangeType.DELETED:
        told.has(world.put(change.resource, with_times(change.object, moved)))
    elif world.delete(change.resource, metadata["namespace"], metadata["name"]):
        told.has_not(metadata["uid"])
