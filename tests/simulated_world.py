"""The stage of the simulated world: an API server, an object store, clocks that differ, and the truth.

What happens on it is told by stories (`tests.simulated_argo`), which take turns in the order of true time.
"""

import heapq
import random
from collections.abc import Callable, Generator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias
from zlib import crc32

from msgspec import structs

from lineage.evidence import Look, MetricValue, Said
from lineage.identity import Key, sha256
from lineage.model import ArtifactRole, ArtifactState
from lineage.observation import LocationLooked
from tests.factories import PODS, WORKFLOWS, KubernetesObject, looked

FIRST_VERSION: Final = 100
FIRST_SECOND: Final = 1_800_000_000
SHARED_KEYS: Final = ("shared/markers", "shared/model")


Clock: TypeAlias = Literal["controller", "api", "kubelet", "store"]
Story: TypeAlias = Generator[float, None, None]
"""Something that happens over time: it yields how many seconds pass until it goes on."""

Node: TypeAlias = dict[str, Any]
Use: TypeAlias = tuple[Key, ArtifactRole, str]
"""Execution, role and name."""

OUTSIDE: Final[Key] = ("Outside",)
"""Stands for any write that no recorded execution did."""


# ------------------------------------------------------------------------------------------ what happened
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An event as the API server sends it, and the true time of it."""

    at: float
    version: int
    kind: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: str
    item: KubernetesObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What lay under a key from one moment on, and who wrote it."""

    key: str
    modified: int
    write: Key


@dataclass(slots=True)
class Truth:
    """What truly happened, by the keys that the store should give it.

    `attempts` have the kind of their node, `writes` the object's key, `pods` (by uid) their attempt; `uses`
    the object's key and the write that was read. `rolls` are the attempts that each run named last.
    """

    attempts: dict[Key, str] = field(default_factory=dict)
    writes: dict[Key, str] = field(default_factory=dict)
    uses: dict[Use, tuple[str, Key]] = field(default_factory=dict)
    pods: dict[str, Key] = field(default_factory=dict)
    rolls: dict[str, set[Key]] = field(default_factory=dict)


class ApiServer:
    """Objects by resource and uid, and the log of their changes."""

    def __init__(self, chance: random.Random, now: Callable[[], float]) -> None:
        self.log: list[Change] = []
        self.alive: dict[tuple[str, str], KubernetesObject] = {}
        self._chance = chance
        self._now = now
        self._version = FIRST_VERSION

    def send(self, kind: Literal["ADDED", "MODIFIED", "DELETED"], resource: str, item: KubernetesObject) -> None:
        self._version += self._chance.randint(1, 3)
        item["metadata"]["resourceVersion"] = str(self._version)
        uid = item["metadata"]["uid"]
        if kind == "DELETED":
            self.alive.pop((resource, uid), None)
        else:
            self.alive[resource, uid] = item
        change = Change(at=self._now(), version=self._version, kind=kind, resource=resource, item=deepcopy(item))
        self.log.append(change)

    def delete(self, resource: str, uid: str) -> None:
        if (resource, uid) in self.alive:
            self.send("DELETED", resource, deepcopy(self.alive[resource, uid]))

    def has_workflow(self, namespace: str, name: str) -> bool:
        return any(
            resource == WORKFLOWS and (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, name)
            for (resource, _), item in self.alive.items()
        )

    def pods_of(self, owner_uid: str) -> list[KubernetesObject]:
        return [
            item
            for (resource, _), item in self.alive.items()
            if resource == PODS and item["metadata"]["ownerReferences"][0]["uid"] == owner_uid
        ]


# ------------------------------------------------------------------------------------------ the world
class World:
    """Plays everything, in the order of true time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.api = ApiServer(self.chance, lambda: self._now)
        self.truth = Truth()
        self.looks: list[LocationLooked] = []
        self.states: list[Stored] = []
        self._bytes: dict[str, Stored] = {}
        self._now = float(FIRST_SECOND)
        clocks: tuple[Clock, ...] = ("controller", "api", "kubelet", "store")
        self._skew = {clock: self.chance.choice([-0.45, 0.0, 0.0, 0.45]) for clock in clocks}
        self._agenda: list[tuple[float, int, Story]] = []
        self._serial = 0

    def begin(self, story: Story, delay: float) -> None:
        """Let a story go on in so many seconds."""
        heapq.heappush(self._agenda, (self._now + delay, self.serial(), story))

    def play(self) -> None:
        """Let all stories go on to their end."""
        while self._agenda:
            self._now, _, story = heapq.heappop(self._agenda)
            delay = next(story, None)
            if delay is not None:
                self.begin(story, delay)

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def uid(self) -> str:
        return f"u{self.chance.randrange(16**8):08x}-{self.serial()}"

    def clock(self, whose: Clock) -> int:
        """The whole second that a clock shows now."""
        return int(self._now + self._skew[whose])

    def is_alive(self, resource: str, uid: str | None) -> bool:
        return (resource, uid) in self.api.alive

    # -- the object store
    def put(self, key: str, write: Key) -> None:
        self._bytes[key] = Stored(key=key, modified=self.clock("store"), write=write)
        self.states.append(self._bytes[key])

    def written_last(self, key: str) -> Key:
        """Who wrote what lies under a key now."""
        return self._bytes[key].write if key in self._bytes else OUTSIDE

    def look(self, key: str) -> None:
        """See what lies under a key, perhaps its bytes as well. Others may find nothing, or nobody who answers."""
        state = self._bytes[key]
        name = repr((state.write, state.modified)).encode()
        seen = looked(key, modified=state.modified, at=self.clock("store"), etag=f"{crc32(name):x}")
        match self.chance.random():
            case luck if luck < 0.3:
                digest = sha256(name)
                read = replace(seen.look, digest=digest, content_digest=digest, said=_said(key, crc32(name)))
                seen = structs.replace(seen, look=read)
            case luck if luck < 0.4:
                unanswered = Look(state=ArtifactState.UNVERIFIED, reason="nobody answered")
                self.looks.append(structs.replace(seen, look=unanswered))
            case luck if luck < 0.5:
                self.looks.append(structs.replace(seen, look=Look(state=ArtifactState.MISSING)))
        self.looks.append(seen)


def _said(key: str, number: int) -> Said | None:
    """What lies there says: of some keys nothing that can be read."""
    if crc32(key.encode()) % 3 == 0:
        return None
    series = tuple(MetricValue(name="loss", value=float(number % (9 - step)), step=step) for step in range(number % 4))
    return Said(values=(*series, MetricValue(name="accuracy", value=number % 100 / 100, is_percentage=True)))
