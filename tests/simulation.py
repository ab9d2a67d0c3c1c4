"""A small world with Kubernetes, Argo, an object store and clocks that differ by up to a second.

`play(seed)` plays what truly happened, and keeps it as `World.truth`; `watch` and `World.looks` are what was
seen of it, as observations of objects in Argo's shape; `noise` is what else may be seen of the same.
Everything is drawn from the seed: equal seeds, equal worlds.
"""

import random
from collections.abc import Iterator, Sequence

from lineage.observation import ObjectSeen, Observation
from tests.factories import PODS, WORKFLOWS, KubernetesObject, deleted, listed, moment, observed
from tests.simulated_argo import NAMESPACES, Controller
from tests.simulated_world import FIRST_VERSION, OUTSIDE, SHARED_KEYS, Story, Use, World

__all__ = ["NAMESPACES", "OUTSIDE", "Use", "World", "as_file", "noise", "play", "watch"]


# ------------------------------------------------------------------------------------------ what happens
def play(seed: int, *, workflows: int = 3) -> World:
    """Let some workflows run, and an outsider write where they do."""
    world = World(seed)
    controller = Controller(world)
    for number in range(workflows):
        world.begin(controller.life_of_a_workflow(number), world.chance.uniform(0, 60))
    world.begin(_outsider(world), world.chance.uniform(0, 60))
    world.play()
    return world


def _outsider(world: World) -> Story:
    for _ in range(world.chance.randint(0, 3)):
        key = world.chance.choice(SHARED_KEYS)
        world.put(key, OUTSIDE)
        world.look(key)
        yield world.chance.uniform(5, 90)


# ------------------------------------------------------------------------------------------ what is seen of it
def watch(world: World, seed: int, *, gaps: float = 0.0, namespace: str = "*", marks: bool = True) -> list[Observation]:
    """What one watcher sees of a namespace, or of all. Before each event it may fall into a gap, in which it
    sees nothing, and after which it lists. `marks`: it says what its lists held."""
    chance = random.Random(seed)
    return [
        observation
        for resource in (WORKFLOWS, PODS)
        for observation in _watch_one(world, resource, chance, gaps=gaps, namespace=namespace, marks=marks)
    ]


def _watch_one(
    world: World, resource: str, chance: random.Random, *, gaps: float, namespace: str, marks: bool
) -> Iterator[Observation]:
    alive: dict[str, KubernetesObject] = {}
    lost, last, seen_at = False, FIRST_VERSION, moment(0)

    def relist(version: int) -> Iterator[Observation]:
        yield from (observed(item, seen_at=seen_at) for item in alive.values())
        if marks:
            yield listed(namespace, version, sorted(alive), resource=resource)

    yield from relist(last)
    for change in world.api.log:
        last, seen_at = change.version, moment(change.at)
        if change.resource != resource or namespace not in ("*", change.item["metadata"]["namespace"]):
            continue
        uid = change.item["metadata"]["uid"]
        if change.kind == "DELETED":
            alive.pop(uid, None)
        else:
            alive[uid] = change.item
        if gaps and not lost and chance.random() < gaps:
            lost = True
        elif lost and chance.random() < 0.35:
            lost = False
            yield from relist(last)
        elif not lost:
            yield deleted(uid) if change.kind == "DELETED" else observed(change.item, seen_at=seen_at)
    if lost:
        yield from relist(last)


def noise(observations: Sequence[Observation], seed: int) -> list[Observation]:
    """Copies without resourceVersion, as files have them, and twins of equal resourceVersion whose nodes are
    offloaded."""
    chance = random.Random(seed)
    found: list[Observation] = []
    for one in observations:
        if not isinstance(one, ObjectSeen) or chance.random() >= 0.1:
            continue
        if chance.random() < 0.5:
            found.append(as_file(one))
        elif (item := one.object())["kind"] == "Workflow":
            del item["status"]["nodes"]
            item["status"]["offloadNodeStatusVersion"] = "fnv:1"
            found.append(observed(item, seen_at=one.seen_at))
    return found


def as_file(observation: Observation) -> Observation:
    """The same object, seen at the same time, as if it came from a file: without resourceVersion."""
    if not isinstance(observation, ObjectSeen):
        return observation
    item = observation.object()
    item["metadata"].pop("resourceVersion", None)
    return observed(item, seen_at=observation.seen_at)
